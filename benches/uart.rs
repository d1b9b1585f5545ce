//! What a byte on the UART costs, and a command with its answer.

mod driver;

use divan::Bencher;
use divan::counter::ItemsCount;
use driver::{Driver, Record};

const RECORDS: [Record; 3] = [Record::Digest, Record::Capture, Record::CaptureAndLog];

/// A line as long as the parser takes (256 bytes with its end), refused with ERROR at its parameters: the
/// bytes count, not what a command does.
const LINE: usize = 256;

fn line() -> Vec<u8> {
    let mut line = vec![b'x'; LINE];
    line[..16].copy_from_slice(b"AT+CIPSTART=\"TCP");
    line[LINE - 3..].copy_from_slice(b"\"\r\n");
    line
}

fn main() {
    divan::main();
}

/// One byte from the MCU: stored when the one before it has ended, as an emulated UART with a paced
/// transmitter does. Time for one byte; every 256th ends a line and pays for `ERROR`, too.
#[divan::bench(args = RECORDS)]
fn byte_stored_one_by_one(bencher: Bencher<'_, '_>, record: Record) {
    let mut driver = Driver::ready(record);
    let line = line();
    let mut place = 0;
    bencher.counter(ItemsCount::new(1u32)).bench_local(|| {
        driver.store(&line[place..=place]);
        place += 1;
        if place < line.len() {
            driver.step(u64::MAX);
        } else {
            driver.until(b"\r\nERROR\r\n");
            place = 0;
        }
    });
}

/// A whole line from the MCU, stored in one instant, as QEMU's UARTs do; with its answer. The items are the
/// bytes that passed the wire in both directions.
#[divan::bench(args = RECORDS)]
fn line_stored_at_once(bencher: Bencher<'_, '_>, record: Record) {
    let mut driver = Driver::ready(record);
    let line = line();
    let answer = b"\r\nERROR\r\n";
    bencher.counter(ItemsCount::new(line.len() + answer.len())).bench_local(|| {
        driver.store(&line);
        driver.until(answer);
    });
}

/// `AT`, and its `OK`: 10 bytes on the wire.
#[divan::bench(args = RECORDS)]
fn at_to_ok(bencher: Bencher<'_, '_>, record: Record) {
    let mut driver = Driver::ready(record);
    bencher.bench_local(|| driver.ask(b"AT\r\n"));
}
