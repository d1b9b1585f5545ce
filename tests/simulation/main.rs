//! What holds inside one process: worlds, modules and their networks, driven by tests that have time in their hands.
//!
//! Each module is about one promise. `host` is the host that most of them drive a module with. What starts programs
//! (the command, C, QEMU, tshark, Renode) is in `tests/programs`.

mod access_points;
mod bad_luck;
mod causes;
#[cfg(feature = "tls")]
mod certificates;
mod clients;
mod contract;
mod doc_links;
mod documented;
mod driver;
mod drivers_esp_at_nal;
mod expect;
mod explore;
mod fuzz_seeds;
mod golden;
mod header;
#[path = "../host/mod.rs"]
mod host;
mod hostile_reports;
mod hosts;
mod kinds;
mod lan;
mod line_protocol;
mod links;
mod load;
mod many_modules;
mod mcu_queue;
mod module_faults;
mod pages;
mod passthrough_model;
mod properties;
mod replay_steps;
mod saved_commands;
mod saved_settings;
mod several_modules;
mod shrink;
mod snapshots;
mod softap;
mod softap_stations;
#[cfg(feature = "tls")]
mod tls;
mod tls_streams;
mod toxics;
mod transcripts;
mod turns;
mod wifi_frames;
mod wire;
mod without_tls;
