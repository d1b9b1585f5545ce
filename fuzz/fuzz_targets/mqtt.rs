//! The fuzz target: raw bytes of a peer for the MQTT client and a broker.
#![no_main]

use espat_sim_fuzz::peers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| peers::check(peers::Reader::Mqtt, input));
