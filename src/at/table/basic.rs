//! The basic commands, as data.

use super::listing;
use super::row::*;
use crate::at::commands::{basic, filter, flash, power, system, uart};

/// The five numbers of AT+UART, all required.
macro_rules! uart {
    ($handler:expr) => {
        set!(
            $handler,
            within("baudrate", limits::BAUD),
            within("databits", limits::DATA_BITS),
            within("stopbits", limits::STOP_BITS),
            within("parity", limits::PARITY),
            within("flow control", limits::FLOW)
        )
    };
}

/// The chapter.
pub(super) static COMMANDS: &[Command] = &[
    Command {
        name: "",
        summary: "test that the module answers",
        section: "Basic: AT",
        execute: Some(basic::nothing),
        ..NONE
    },
    Command {
        name: "E0",
        summary: "echo off",
        section: "Basic: ATE",
        execute: Some(basic::echo_off),
        ..NONE
    },
    Command { name: "E1", summary: "echo on", section: "Basic: ATE", execute: Some(basic::echo_on), ..NONE },
    Command {
        name: "+RST",
        summary: "restart",
        section: "Basic: AT+RST",
        execute: Some(power::restart),
        ..NONE
    },
    Command {
        name: "+GMR",
        summary: "version texts",
        section: "Basic: AT+GMR",
        execute: Some(basic::version),
        ..NONE
    },
    Command {
        name: "+CMD",
        summary: "list the commands and their forms",
        section: "Basic: AT+CMD",
        query: Some(listing::commands),
        ..NONE
    },
    Command {
        name: "+GSLP",
        summary: "sleep for so many milliseconds, then start again; 0: start again at once",
        section: "Basic: AT+GSLP",
        set: set!(power::deep_sleep, int("time", 0, 0x7fff_ffff)),
        ..NONE
    },
    Command {
        name: "+SYSTIMESTAMP",
        summary: "the clock, seconds since 1970",
        section: "Basic: AT+SYSTIMESTAMP",
        query: Some(system::time_query),
        set: set!(system::time_set, int("Unix_timestamp", 0, 0x7fff_ffff)),
        ..NONE
    },
    Command {
        name: "+SLEEP",
        summary: "sleep mode: 0 off, 1 modem sleep by DTIM, 2 light sleep, 3 modem sleep by listen interval",
        section: "Basic: AT+SLEEP",
        query: Some(power::sleep_query),
        set: set!(power::sleep_set, int("sleep mode", 0, 3)),
        ..NONE
    },
    Command {
        name: "+RESTORE",
        summary: "erase the saved settings and restart",
        section: "Basic: AT+RESTORE",
        execute: Some(power::restore),
        ..NONE
    },
    Command {
        name: "+SYSRAM",
        summary: "free heap now, and the least there was",
        section: "Basic: AT+SYSRAM",
        query: Some(system::heap_query),
        on: Availability::ALL.before(4, 1),
        ..NONE
    },
    Command {
        name: "+SYSRAM",
        summary: "free heap now, and the least there was; memory of a capability",
        section: "Basic: AT+SYSRAM",
        query: Some(system::heap_query),
        set: set!(system::heap_set, int("caps", 0, 0xffff_ffff)),
        on: Availability::ALL.since(4, 1),
        ..NONE
    },
    Command {
        name: "+SYSFLASH",
        summary: "partitions: 0 erase, 1 write, 2 read",
        section: "Basic: AT+SYSFLASH",
        query: Some(flash::partitions_query),
        set: set!(
            flash::partition_set,
            int("operation", 0, 2),
            name("partition", 1, 16),
            int("offset", 0, 0x7fff_ffff).optional(),
            int("length", 0, 0x7fff_ffff).optional()
        ),
        saved: true,
        ..NONE
    },
    Command {
        name: "+RFPOWER",
        summary: "transmit power, in 0.25 dBm",
        section: "Basic: AT+RFPOWER",
        query: Some(system::power_query),
        set: set!(
            system::power_set,
            int("wifi_power", 40, 84).on(BLE),
            int("wifi_power", 40, 82).on(&[Chip::Esp8266]),
            int("ble_adv_power", 0, 15).optional().on(BLE),
            int("ble_scan_power", 0, 15).optional().on(BLE),
            int("ble_conn_power", 0, 15).optional().on(BLE)
        ),
        ..NONE
    },
    Command {
        name: "+SYSMSG",
        summary: "messages: bit 0 leaving passthrough, bit 1 details of connections, bit 2 also in passthrough",
        section: "Basic: AT+SYSMSG",
        query: Some(basic::messages_query),
        set: set!(basic::messages_set, within("state", limits::MESSAGES)),
        saved: true,
        ..NONE
    },
    Command {
        name: "+SYSROLLBACK",
        summary: "restart with the firmware in the other slot",
        section: "Basic: AT+SYSROLLBACK",
        execute: Some(power::roll_back),
        ..NONE
    },
    Command {
        name: "+SYSLOG",
        summary: "print error codes",
        section: "Basic: AT+SYSLOG",
        query: Some(basic::syslog_query),
        set: set!(basic::syslog_set, int("status", 0, 1)),
        ..NONE
    },
    Command {
        name: "+SYSSTORE",
        summary: "whether settings are saved",
        section: "Basic: AT+SYSSTORE",
        query: Some(basic::store_query),
        set: set!(basic::store_set, int("store_mode", 0, 1)),
        ..NONE
    },
    Command {
        name: "+SLEEPWKCFG",
        summary: "what wakes from light sleep: 2 a pin (its number and level), before v3.1 also 0, a timer (milliseconds)",
        section: "Basic: AT+SLEEPWKCFG",
        set: set!(
            power::wake_up_set,
            int("wakeup source", 0, 2).before(3, 1),
            int("wakeup source", 2, 2).since(3, 1),
            int("param1", 0, 0x7fff_ffff),
            int("param2", 0, 1).optional()
        ),
        ..NONE
    },
    Command {
        name: "+SYSREG",
        summary: "registers: 0 read, 1 write",
        section: "Basic: AT+SYSREG",
        set: set!(
            system::register_set,
            int("direct", 0, 1),
            int("address", 0, 0xffff_ffff),
            int("write value", 0, 0xffff_ffff).optional()
        ),
        ..NONE
    },
    Command {
        name: "+SYSTEMP",
        summary: "temperature of the chip",
        section: "Basic: AT+SYSTEMP",
        query: Some(system::temperature_query),
        on: Availability::ALL.since(2, 3).on(&[Chip::Esp32c3]),
        ..NONE
    },
    Command {
        name: "+UART",
        summary: "settings of the UART",
        section: "Basic: AT+UART",
        query: Some(uart::plain_query),
        set: uart!(uart::default_set),
        saved: true,
        ..NONE
    },
    Command {
        name: "+UART_CUR",
        summary: "settings of the UART until the next start",
        section: "Basic: AT+UART_CUR",
        query: Some(uart::current_query),
        set: uart!(uart::current_set),
        ..NONE
    },
    Command {
        name: "+UART_DEF",
        summary: "settings of the UART for now and after each start",
        section: "Basic: AT+UART_DEF",
        query: Some(uart::default_query),
        set: uart!(uart::default_set),
        saved: true,
        ..NONE
    },
    Command {
        name: "+SYSMFG",
        summary: "certificates and keys: 0 erase, 1 read, 2 write",
        section: "Basic: AT+SYSMFG",
        query: Some(flash::namespaces_query),
        set: set!(
            flash::key_set,
            int("operation", 0, 2),
            name("namespace", 1, 15).optional(),
            name("key", 1, 15).optional(),
            int("offset or type", 0, 0x7fff_ffff).optional(),
            int("length or value", -0x8000_0000, 0xffff_ffff).optional()
        ),
        saved: true,
        on: Availability::ALL.since(3, 1),
        ..NONE
    },
    Command {
        name: "+SYSMSGFILTER",
        summary: "leave out messages that match the filters",
        section: "Basic: AT+SYSMSGFILTER",
        query: Some(filter::enable_query),
        set: set!(filter::enable_set, int("enable", 0, 1)),
        on: Availability::ALL.since(3, 1),
        ..NONE
    },
    Command {
        name: "+SYSMSGFILTERCFG",
        summary: "filters for messages: 0 clear, 1 add, 2 remove",
        section: "Basic: AT+SYSMSGFILTERCFG",
        query: Some(filter::filters_query),
        set: set!(
            filter::filters_set,
            int("operator", 0, 2),
            int("head_regexp_len", 0, 64).optional(),
            int("tail_regexp_len", 0, 64).optional()
        ),
        on: Availability::ALL.since(3, 1),
        ..NONE
    },
    Command {
        name: "+TRANSINTVL",
        summary: "longest wait of data in passthrough, milliseconds",
        section: "Basic: AT+TRANSINTVL",
        query: Some(uart::interval_query),
        set: set!(uart::interval_set, int("interval", 0, 1000)),
        on: Availability::ALL.since(3, 1),
        ..NONE
    },
    Command {
        name: "+USERRAM",
        summary: "RAM for the user: 0 free, 1 allocate, 2 write, 3 read, 4 clear",
        section: "User: AT+USERRAM",
        query: Some(flash::ram_query),
        set: set!(
            flash::ram_set,
            int("operation", 0, 4),
            int("size", 0, 0x7fff_ffff).optional(),
            int("offset", 0, 0x7fff_ffff).or(0)
        ),
        ..NONE
    },
];
