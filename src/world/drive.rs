//! Driving a module from event to event: the loop that is the contract's only subtle part.
//!
//! A driver that has nothing to do may go as far as it likes with [`World::advance`]; one that waits for an answer goes
//! to the module's next event, reads what has come, and asks again. Both see the same bytes at the same times.
//!
//! ```
//! use espat_sim::world::{Attachment, Recording, Scenario, World, drive};
//!
//! let scenario = Scenario::parse("built-in", Scenario::default_text()).map_err(|e| e.to_string())?;
//! let mut world = World::new(&scenario, None, Recording::default())?;
//! let wifi = world.attach("wifi", Attachment::default())?;
//! let (mut came, limit) = (Vec::new(), 5_000_000_000);
//! while !came.ends_with(b"\r\nready\r\n") && drive::step(&mut world, wifi, limit)? {
//!     while let Some(byte) = world.uart_read(wifi)? {
//!         came.push(byte.byte);
//!     }
//! }
//! assert!(came.ends_with(b"\r\nready\r\n"), "it was not ready after 5 s");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::{Error, ModuleId, World};

/// Goes to the module's next event, or to `end`, a tick of its driver, when none comes by then. True when it was an
/// event: what the module has to say is there to be read, and there may be more by `end`.
///
/// [`World::reached`] says where that is. Inputs that are stored then take effect at that tick.
///
/// # Errors
/// Those of [`World::next_event`] and [`World::advance`]; `end` before the tick reached is [`Error::TimeBackwards`].
pub fn step(world: &mut World, module: ModuleId, end: u64) -> Result<bool, Error> {
    let next = world.next_event(module)?.filter(|next| *next <= end);
    world.advance(module, next.unwrap_or(end))?;
    Ok(next.is_some())
}

#[cfg(test)]
mod tests {
    use super::super::{Attachment, Recording, Scenario};
    use super::*;

    fn world() -> (World, ModuleId) {
        let scenario =
            Scenario::parse("built-in", Scenario::default_text()).unwrap_or_else(|e| panic!("{e}"));
        let mut world = World::new(&scenario, Some(1), Recording::default()).expect("a world");
        let module = world.attach("wifi", Attachment::default()).expect("attach");
        (world, module)
    }

    fn read(world: &mut World, module: ModuleId) -> Vec<(u64, u8)> {
        std::iter::from_fn(|| world.uart_read(module).expect("uart_read")).map(|b| (b.tick, b.byte)).collect()
    }

    #[test]
    fn a_driver_that_steps_and_one_that_jumps_see_the_same_bytes() {
        const END: u64 = 2_000_000_000;
        let (mut one, module) = world();
        let (mut steps, mut stepped) = (0, Vec::new());
        while step(&mut one, module, END).expect("step") {
            steps += 1;
            stepped.extend(read(&mut one, module));
        }
        let (mut other, module) = world();
        other.advance(module, END).expect("advance");
        // `\r\nready\r\n` is nine bytes; what the log port prints brings nobody back.
        assert!(steps >= 9, "only {steps} events in a boot");
        assert_eq!(stepped, read(&mut other, module));
        assert_eq!((one.reached(module), one.digest()), (Ok(END), other.digest()));
    }

    #[test]
    fn without_an_event_it_goes_to_the_end_and_never_back() {
        let (mut world, module) = world();
        let first = world.next_event(module).expect("next_event").expect("a boot");
        assert_eq!(step(&mut world, module, first - 1), Ok(false));
        assert_eq!(world.reached(module), Ok(first - 1));
        assert_eq!(step(&mut world, module, first), Ok(true));
        assert!(matches!(step(&mut world, module, first - 1), Err(Error::TimeBackwards { .. })));
        assert_eq!(world.reached(module), Ok(first), "a refused step changes nothing");
    }
}
