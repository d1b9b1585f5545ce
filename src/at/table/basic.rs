//! The basic commands, as data.

use super::*;
use crate::at::commands::basic;

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
        execute: Some(basic::restart),
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
        query: Some(basic::commands),
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
];
