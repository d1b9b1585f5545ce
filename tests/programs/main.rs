//! What starts programs: the command in all its uses, C programs against the library, firmware in QEMU, captures that
//! tshark reads, the examples of the documentation, Mono in place of Renode.
//!
//! What needs no program is in `tests/simulation`.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // tests have files and processes; the simulation has not

mod bridge;
#[cfg(target_os = "linux")]
mod c_abi;
mod capture_of_the_demo;
mod capture_tshark;
mod clients_capture;
mod console_json;
mod external;
mod files;
#[path = "../host/mod.rs"]
mod host;
#[cfg(target_os = "linux")]
mod host_build;
mod http_capture;
mod http_peers;
mod ipv6_capture;
mod link_data;
#[cfg(unix)]
mod live_capture;
mod mosquitto;
mod mqtt_clients;
mod names_and_leases;
#[cfg(target_os = "linux")]
mod native_sim;
mod openssl;
mod passthrough;
mod qemu_boards;
mod qemu_console;
mod qemu_control;
mod qemu_ends;
mod qemu_expect;
mod qemu_firmware;
mod qemu_guest;
#[cfg(feature = "tls")]
mod qemu_mqtt;
mod qemu_passthrough;
mod qemu_run;
#[cfg(unix)]
mod qemu_script;
mod qemu_services;
#[cfg(unix)]
mod qemu_world;
mod readme;
mod release;
mod renode_docs;
#[cfg(target_os = "linux")]
mod renode_glue;
mod replay_command;
mod report;
mod run_command;
#[cfg(unix)]
mod serve;
mod shell;
mod shrink;
mod sweep;
mod time_and_updates;
mod tls_capture;
mod tools;
#[cfg(target_os = "linux")]
mod tutorials;
mod wireshark;
mod wireshark_profile;
