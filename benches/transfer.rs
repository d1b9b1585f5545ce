//! What payload costs: a megabyte from the MCU to a host, and the same segments between two bare smoltcp stacks.

mod driver;
mod smoltcp_pair;

use divan::Bencher;
use divan::counter::BytesCount;
use driver::{Driver, Record};
use smoltcp_pair::Pair;

/// The payload: 128 times AT+CIPSEND=8192.
const BLOCK: usize = 8192;
const BLOCKS: usize = 128;
const TOTAL: usize = BLOCKS * BLOCK;

fn main() {
    divan::main();
}

fn payload() -> Vec<u8> {
    (0..BLOCK).map(|i| (i * 31) as u8).collect()
}

/// A joined module with a connection to the HTTP server, which has read the head of a POST of `TOTAL` bytes
/// and throws the body away. The answer comes when all of it is there.
fn open_sink(record: Record) -> Driver {
    let mut driver = Driver::joined(record);
    driver.ask(b"AT+CIPSTART=\"TCP\",\"www.example.com\",80\r\n");
    driver.send(format!("POST / HTTP/1.1\r\nHost: sink\r\nContent-Length: {TOTAL}\r\n\r\n").as_bytes());
    driver
}

/// 1 MiB through AT+CIPSEND: over the UART, through the module's stack, the radio link, the gateway and a
/// link to the host, until the host has answered.
#[divan::bench(args = [Record::Digest, Record::Capture, Record::CaptureAndLog], sample_count = 10, sample_size = 1)]
fn cipsend(bencher: Bencher<'_, '_>, record: Record) {
    let payload = payload();
    bencher.counter(BytesCount::new(TOTAL)).with_inputs(|| open_sink(record)).bench_local_values(
        |mut driver| {
            for _ in 0..BLOCKS {
                driver.send(&payload);
            }
            driver.until(b"espat-sim says hello\n\r\n");
            driver
        },
    );
}

/// 1 MiB between two smoltcp stacks joined back to back, in the segments of [`cipsend`]: the same buffers
/// and MTU, checksums made and verified.
#[divan::bench(sample_count = 100, sample_size = 1)]
fn smoltcp_alone(bencher: Bencher<'_, '_>) {
    let payload = payload();
    bencher.counter(BytesCount::new(TOTAL)).with_inputs(Pair::connected).bench_local_values(|mut pair| {
        for _ in 0..BLOCKS {
            pair.send(&payload);
        }
        assert_eq!(pair.received, TOTAL);
        pair
    });
}
