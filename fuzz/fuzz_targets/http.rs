//! The fuzz target: raw bytes of a peer for the HTTP client and a server.
#![no_main]

use espat_sim_fuzz::peers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| peers::check(peers::Reader::Http, input));
