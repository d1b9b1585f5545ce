//! What drivers put into a world: they attach and leave, store bytes, set pins and lines, and say what the MCU lost or
//! printed. Each is an input, with the time at which it happens, and stands in the input log.

use super::{Attachment, Error, Event, McuTx, ModuleId, Pin, World};
use crate::time::Duration;
use crate::uart::{LineSettings, McuLoss, Pace, UartEvent};

impl World {
    /// Attaches a driver to the module called `name`.
    ///
    /// # Errors
    /// [`Error::UnknownModule`], [`Error::AlreadyAttached`].
    pub fn attach(&mut self, name: &str, attachment: Attachment) -> Result<ModuleId, Error> {
        let Some(&index) = self.by_name.get(name) else {
            let known = self.module_names().into_iter().map(str::to_owned).collect();
            return Err(Error::UnknownModule(name.to_owned(), known));
        };
        let wire = self.scenario.modules.get(index).map(|m| &m.wire);
        let mcu_tx = attachment.mcu_tx.or(wire.and_then(|w| w.mcu_tx)).unwrap_or_default();
        let obeys_rts = attachment.obeys_rts.or(wire.and_then(|w| w.obeys_rts)).unwrap_or(false);
        let slot = &mut self.slots[index];
        if slot.attachment.is_some() {
            return Err(Error::AlreadyAttached(name.to_owned()));
        }
        slot.reached = self.order.reached(slot);
        slot.attachment = Some(attachment);
        let pace = match mcu_tx {
            McuTx::Wire => Pace::Wire,
            McuTx::AsStored => Pace::AsStored,
        };
        slot.module.set_mcu(pace, obeys_rts);
        self.order.file(index, slot);
        if let Some(log) = &mut self.log {
            log.attach(index as u32, name, &attachment);
        }
        Ok(ModuleId(index as u32))
    }

    /// Takes the driver away. The module's clock no longer holds anybody back; it follows the others'.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`], [`Error::NotAttached`].
    pub fn detach(&mut self, module: ModuleId) -> Result<(), Error> {
        self.attached(module)?;
        if let Some(log) = &mut self.log {
            log.detach(module.0);
        }
        self.slot_mut(module)?.attachment = None;
        self.file_next(module.index());
        self.run();
        Ok(())
    }

    /// The MCU stores `byte` into its UART at `tick`.
    ///
    /// # Errors
    /// Those of [`World::uart_write_block`].
    pub fn uart_write(&mut self, module: ModuleId, tick: u64, byte: u8) -> Result<(), Error> {
        self.uart_write_block(module, tick, &[byte])
    }

    /// The MCU stores `bytes` at `tick`, one after the other, or none of them.
    ///
    /// # Errors
    /// Those of [`World::advance`]; [`Error::McuQueueFull`], with the time reached and no byte stored.
    pub fn uart_write_block(&mut self, module: ModuleId, tick: u64, bytes: &[u8]) -> Result<(), Error> {
        let now = self.go_to(module, tick)?;
        let limit = self.scenario.modules.get(module.index()).map_or(usize::MAX, |m| m.wire.mcu_queue);
        let Some(slot) = self.slots.get_mut(module.index()) else { return Err(Error::NoSuchModule) };
        let waiting = slot.module.mcu_pending();
        if bytes.len() > limit.saturating_sub(waiting) {
            let module = slot.module.name().to_owned();
            return Err(Error::McuQueueFull { module, waiting, stored: bytes.len(), limit });
        }
        if waiting == 0 {
            slot.warned_of_queue = false;
        }
        for &byte in bytes {
            if let Some(log) = &mut self.log {
                log.uart(module.0, tick, byte);
            }
            let depth = slot.module.store(now, byte);
            slot.statistics.mcu_bytes += 1;
            slot.statistics.mcu_queue_max = slot.statistics.mcu_queue_max.max(depth as u64);
            if depth > limit / 4 && !std::mem::replace(&mut slot.warned_of_queue, true) {
                self.warnings.push(format!(
                    "{now}: module '{}': the MCU has stored {depth} bytes ahead of the line, a quarter of the {limit} \
                     that it may (`mcu-queue`); is there a loop that prints, or an RTS that stays high?",
                    slot.module.name()
                ));
            }
        }
        self.file_next(module.index());
        Ok(())
    }

    /// The level of a pin changes at `tick`.
    ///
    /// # Errors
    /// Those of [`World::advance`].
    pub fn set_pin(&mut self, module: ModuleId, tick: u64, pin: Pin, high: bool) -> Result<(), Error> {
        let now = self.go_to(module, tick)?;
        if let Some(log) = &mut self.log {
            log.pin(module.0, tick, pin, high);
        }
        self.recorder.pin(module.0 as usize, now, pin as u8, high);
        let slot = self.slot_mut(module)?;
        pin.drive(now, high, &mut slot.module);
        self.collect(module.index(), now);
        self.file_next(module.index());
        self.run();
        Ok(())
    }

    /// The MCU sets its UART at `tick`. From then on it no longer follows the module's; where the two differ, bytes
    /// are garbled both ways as on a real wire. The byte on the wire ends as it began.
    ///
    /// # Errors
    /// [`Error::LineSettings`] and those of [`World::advance`].
    pub fn set_mcu_line(&mut self, module: ModuleId, tick: u64, line: LineSettings) -> Result<(), Error> {
        if !line.is_valid() {
            return Err(Error::LineSettings(line));
        }
        self.go_to(module, tick)?;
        if let Some(log) = &mut self.log {
            log.line_settings(module.0, tick, line);
        }
        self.slot_mut(module)?.module.set_mcu_line(line);
        self.file_next(module.index());
        Ok(())
    }

    /// The MCU's firmware printed `line` on its own console, whose end was at `tick`: an observation of this module's MCU
    /// (`wifi console PASS`), and nothing else. It is no part of the digest.
    ///
    /// # Errors
    /// Those of [`World::advance`].
    pub fn mcu_printed(&mut self, module: ModuleId, tick: u64, line: &str) -> Result<(), Error> {
        let now = self.go_to(module, tick)?;
        if let Some(log) = &mut self.log {
            log.printed(module.0, tick, line);
        }
        let Some(slot) = self.slots.get(module.index()) else { return Err(Error::NoSuchModule) };
        self.recorder.observe(now, slot.module.name(), Event::Console(line.as_bytes().to_vec()));
        self.hear(now, Some(module.index()));
        self.run();
        Ok(())
    }

    /// The driver lost a byte at `tick` because the MCU's receiver was full, or off: counted, and one warning for a run
    /// of such bytes. A run ends when two byte times, or a millisecond if that is longer, pass without one.
    ///
    /// # Errors
    /// Those of [`World::advance`].
    pub fn mcu_overrun(&mut self, module: ModuleId, tick: u64, byte: u8, loss: McuLoss) -> Result<(), Error> {
        let now = self.go_to(module, tick)?;
        if let Some(log) = &mut self.log {
            log.overrun(module.0, tick, byte, loss);
        }
        let Some(slot) = self.slots.get_mut(module.0 as usize) else { return Err(Error::NoSuchModule) };
        slot.statistics.mcu_overruns += 1;
        let loss = match loss {
            McuLoss::Unknown if slot.statistics.mcu_bytes == 0 => McuLoss::Unused,
            loss => loss,
        };
        let line = slot.module.line_settings();
        let gap = line.span(4 * line.half_bits()).max(Duration::from_millis(1));
        let before = slot.lost_last.replace((now, loss));
        if before.is_none_or(|(at, why)| why != loss || at + gap < now) {
            let name = slot.module.name();
            let what = match loss {
                McuLoss::Full => "was full and loses bytes",
                McuLoss::Off => "is off and does not hear what comes",
                McuLoss::Unknown => "is full or off and loses bytes",
                McuLoss::Unused => {
                    "is full or off, before the MCU's first byte, and does not hear what comes"
                }
            };
            self.warnings
                .push(format!("{now}: the MCU's receiver {what} from module '{name}', 0x{byte:02x} first"));
        }
        let event = UartEvent::McuOverrun { byte, loss };
        slot.remarks.push(event.to_string());
        self.recorder.observe(now, slot.module.name(), Event::Uart(event));
        self.hear(now, Some(module.index()));
        self.run();
        Ok(())
    }
}
