//! What a world costs that does nothing yet, and one in which nothing happens.

mod driver;

use divan::Bencher;
use divan::counter::ItemsCount;
use driver::fleet::Fleet;
use driver::{Driver, Record, SECOND, default_scenario};
use espat_sim::world::{Recording, Scenario, World};

const HOUR: u64 = 3_600 * SECOND;

fn main() {
    divan::main();
}

/// Reading the built-in scenario.
#[divan::bench]
fn parse_default_scenario() -> Scenario {
    default_scenario()
}

/// A world of the built-in scenario.
#[divan::bench]
fn new_world(bencher: Bencher<'_, '_>) {
    let scenario = default_scenario();
    bencher.bench_local(|| World::new(&scenario, Some(1), Recording::default()));
}

/// From power-on to an address: boot, ATE0, AT+CWMODE, AT+CWJAP.
#[divan::bench]
fn boot_and_join() -> u64 {
    Driver::joined(Record::Capture).now
}

/// A virtual hour of a joined module that is left alone. The driver follows `next_event`.
#[divan::bench]
fn idle_hour_following_events(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(|| Driver::joined(Record::Capture)).bench_local_values(|mut driver| {
        let end = driver.now + HOUR;
        while driver.step(end) {
            driver.drain();
        }
        driver.world.advance(driver.module, end).expect("advance");
        driver
    });
}

/// The same hour with a driver that comes by every 100 us, which is what an emulator's quantum is.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn idle_hour_in_quanta_of_100_us(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(|| Driver::joined(Record::Capture)).bench_local_values(|mut driver| {
        let end = driver.now + HOUR;
        while driver.now < end {
            driver.now += 100_000;
            driver.world.advance(driver.module, driver.now).expect("advance");
        }
        driver.drain();
        driver
    });
}

/// So many joined modules that are left alone, each advanced by 100 us: an item is one call. What an emulator costs
/// for each machine of a world with many.
#[divan::bench(args = [1, 10, 100, 1000], sample_count = 20, sample_size = 20)]
fn quantum_of_idle_modules(bencher: Bencher<'_, '_>, modules: usize) {
    let mut fleet = Fleet::joined(modules);
    bencher.counter(ItemsCount::new(modules)).bench_local(|| fleet.quantum());
}

/// A world of so many modules.
#[divan::bench(args = [1, 10, 100, 1000], sample_count = 10, sample_size = 1)]
fn new_world_of_modules(bencher: Bencher<'_, '_>, modules: usize) {
    let scenario = driver::fleet::scenario(modules);
    bencher
        .counter(ItemsCount::new(modules))
        .bench_local(|| World::new(&scenario, Some(1), Recording::default()));
}
