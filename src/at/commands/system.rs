//! The chip: AT+SYSRAM, AT+SYSTIMESTAMP, AT+RFPOWER, AT+SYSREG, AT+SYSTEMP.

use super::super::error::ErrorCode;
use super::super::schema::Args;
use super::{Context, Outcome, Result};
use crate::time::NANOS_PER_SEC;

/// Registers that can have been written to: enough for a host that plays with pins, and memory stays bounded.
const MOST_REGISTERS: usize = 1024;

/// No blank line before OK here, nor in the next one.
pub fn heap_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let (free, least) = c.core.heap(c.env);
    c.core.out.text(&format!("+SYSRAM:{free},{least}"));
    Ok(Outcome::Ok)
}

/// The memory that has these capabilities: the largest free block, what is free, the least there was, all. The numbers are
/// the model's own: one heap in internal RAM, half of the free memory in one piece, none outside the chip. No blank line
/// before OK.
pub fn heap_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    const EXTERNAL: i64 = 1 << 10;
    let (free, least) = c.core.heap(c.env);
    let total = c.env.profile.heap / 3 * 4;
    let [largest, free, least, total] = match args.int("caps").unwrap_or(0) & EXTERNAL {
        0 => [free / 2, free, least, total],
        _ => [0; 4],
    };
    c.core.out.text(&format!("+SYSRAM:{largest},{free},{least},{total}"));
    Ok(Outcome::Ok)
}

pub fn time_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+SYSTIMESTAMP:{}", c.core.system.clock.unix(c.now));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn time_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    c.core.system.clock.set_seconds(c.now, args.number("Unix_timestamp"));
    Ok(Outcome::Ok)
}

/// With Bluetooth LE initialised there would be three more numbers.
pub fn power_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+RFPOWER:{}\r\n", c.core.system.tx_power);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// The powers of Bluetooth LE can't be set while it is not initialised, and it never is here.
pub fn power_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    if let Some(name) =
        ["ble_adv_power", "ble_scan_power", "ble_conn_power"].into_iter().find(|n| args.is_given(n))
    {
        return Err(args.invalid(name));
    }
    let wanted = args.number("wifi_power");
    let levels = c.env.profile.tx_power_levels;
    c.core.system.tx_power = levels.iter().copied().filter(|l| *l <= wanted).max().unwrap_or(wanted);
    Ok(Outcome::Ok)
}

/// Registers hold what was written to them, and 0 before. The module checks no address, says the documentation; only
/// whole words can be reached.
pub fn register_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let address: u32 = args.number("address");
    if !address.is_multiple_of(4) {
        return Err(args.invalid("address"));
    }
    let registers = &mut c.core.system.registers;
    match (args.int("direct"), args.given("write value")) {
        (Some(1), Some(value)) => {
            if registers.len() >= MOST_REGISTERS && !registers.contains_key(&address) {
                return Err(ErrorCode::FAILED);
            }
            registers.insert(address, value);
            Ok(Outcome::Ok)
        }
        (Some(0), None) => {
            let value = registers.get(&address).copied().unwrap_or(0);
            c.core.out.text(&format!("+SYSREG:0x{value:x}\r\n"));
            Ok(Outcome::Ok)
        }
        _ => Err(args.invalid("write value")),
    }
}

/// The chip warms up by two degrees in its first minutes. No blank line before OK.
pub fn temperature_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let seconds = (c.now.as_nanos() / NANOS_PER_SEC).min(200);
    let hundredths = 4_150 + seconds;
    c.core.out.text(&format!("+SYSTEMP:{}.{:02}", hundredths / 100, hundredths % 100));
    Ok(Outcome::Ok)
}
