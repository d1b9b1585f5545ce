//! The fuzz target: raw bytes of a peer for a TLS session of either role.
#![no_main]

use espat_sim_fuzz::records;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| records::check(input));
