//! What C can't provoke: panics inside, and what stands behind them. The rest is in `tests/programs/c_abi.rs`.

use std::ffi::{CStr, c_char};
use std::ptr;

use super::*;

fn new_world() -> *mut espat_world {
    let mut world = ptr::null_mut();
    // SAFETY: `world` is room for a handle.
    assert_eq!(unsafe { espat_world_new(ptr::null(), &mut world) }, espat_status::Ok);
    world
}

fn seed_of(world: *mut espat_world) -> espat_status {
    let mut seed = 0;
    // SAFETY: `seed` is room for a number.
    unsafe { espat_world_seed(world, &mut seed) }
}

fn last_error() -> String {
    // SAFETY: the text of this thread; nothing fails until it is copied.
    unsafe { CStr::from_ptr(espat_last_error()) }.to_string_lossy().into_owned()
}

/// An exported function with a mistake in it.
fn panics(world: *mut espat_world) -> espat_status {
    boundary!(world world; => {
        assert!(world.names.is_empty(), "expected by this test");
        Ok(())
    })
}

/// The same, with the world's lock held.
fn panics_inside(world: *mut espat_world) -> espat_status {
    boundary!(world world; => world.input(|_| panic!("expected by this test")))
}

#[test]
fn a_panic_poisons_its_world_and_no_other() {
    for panicking in [panics, panics_inside] {
        let (world, other) = (new_world(), new_world());
        assert_eq!(panicking(world), espat_status::Poisoned);
        assert!(last_error().contains("expected by this test"), "{}", last_error());
        assert_eq!(seed_of(world), espat_status::Poisoned);
        // SAFETY: no pointers but the handle.
        unsafe {
            assert_eq!(espat_advance(world, 0, 0), espat_status::Poisoned);
            assert_eq!(espat_world_finish(world), espat_status::Poisoned);
            assert_eq!(espat_world_free(world), espat_status::Poisoned);
            assert_eq!(espat_world_free(world), espat_status::InvalidHandle);
        }
        assert_eq!(seed_of(other), espat_status::Ok);
        // SAFETY: no pointers but the handle.
        assert_eq!(unsafe { espat_world_free(other) }, espat_status::Ok);
    }
}

#[test]
fn a_panic_without_a_world_is_a_status() {
    let status = boundary::without_world(|| panic!("expected by this test, {}", 7));
    assert_eq!(status, espat_status::Internal);
    assert_eq!(last_error(), "internal error: expected by this test, 7");
    assert_eq!(boundary!(value panic!("expected by this test"), or 5), 5);
}

#[test]
fn what_a_poisoned_world_wrote_until_then_is_in_its_file() {
    let path = std::env::temp_dir().join(format!("espat-ffi-{}.log", std::process::id()));
    let c_path = std::ffi::CString::new(path.to_str().expect("UTF-8")).expect("no NUL");
    let mut world = ptr::null_mut();
    let options = espat_world_options {
        size: size_of::<espat_world_options>(),
        scenario: ptr::null(),
        scenario_path: ptr::null(),
        seed: 5,
        seed_given: 1,
        record: 0,
        capture_path: ptr::null(),
        input_log_path: c_path.as_ptr(),
        keylog_path: ptr::null(),
    };
    // SAFETY: whole structures, texts with a NUL.
    assert_eq!(unsafe { espat_world_new(&options, &mut world) }, espat_status::Ok);
    assert_eq!(panics_inside(world), espat_status::Poisoned);
    // SAFETY: no pointers but the handle.
    assert_eq!(unsafe { espat_world_free(world) }, espat_status::Poisoned);
    #[expect(clippy::disallowed_methods, reason = "the file is read back")]
    let log = std::fs::read_to_string(&path);
    let _ = std::fs::remove_file(&path);
    let log = log.expect("the log was written");
    assert!(log.contains("\nseed 5\n") && !log.contains("\nend "), "{log}");
}

#[test]
fn a_handle_is_never_given_out_twice() {
    let first = new_world();
    // SAFETY: no pointers but the handle.
    assert_eq!(unsafe { espat_world_free(first) }, espat_status::Ok);
    let second = new_world();
    assert_ne!(first, second);
    assert_eq!(seed_of(first), espat_status::InvalidHandle);
    assert_eq!(last_error(), "'world' is not a world, or it was freed");
    // SAFETY: no pointers but the handle.
    assert_eq!(unsafe { espat_world_free(second) }, espat_status::Ok);
}

#[test]
fn a_misaligned_pointer_is_told() {
    let world = new_world();
    let mut room = [0u64; 2];
    let crooked: *mut u64 = room.as_mut_ptr().wrapping_byte_add(1);
    // SAFETY: there are 8 bytes at `crooked`, and the function refuses to use them.
    assert_eq!(unsafe { espat_world_seed(world, crooked) }, espat_status::InvalidArgument);
    assert_eq!(last_error(), "'seed' is not aligned to 8 bytes");
    // SAFETY: no pointers but the handle.
    assert_eq!(unsafe { espat_world_free(world) }, espat_status::Ok);
}

#[test]
fn a_nul_inside_a_text_does_not_cut_it_off() {
    assert_eq!(boundary::c_text("a\0b".to_owned()).to_str(), Ok(r"a\0b"));
    assert_eq!(boundary::c_text("gr\0ün".to_owned()).to_str(), Ok(r"gr\0ün"));
}

#[test]
fn the_last_error_belongs_to_its_thread() {
    assert_eq!(seed_of(ptr::null_mut()), espat_status::NullPointer);
    let sentence = last_error();
    assert_eq!(sentence, "'world' is NULL");
    #[expect(clippy::disallowed_methods, reason = "another thread is what this is about")]
    let others = std::thread::spawn(last_error).join().expect("the thread ends");
    assert_eq!(others, "");
    assert_eq!(seed_of(ptr::without_provenance_mut(usize::MAX)), espat_status::InvalidHandle);
    assert_ne!(last_error(), sentence);
}

#[test]
fn texts_that_live_for_ever_are_there() {
    let text = |pointer: *const c_char| {
        assert!(!pointer.is_null());
        // SAFETY: a text of the library, which ends with a NUL.
        unsafe { CStr::from_ptr(pointer) }.to_str().expect("UTF-8").to_owned()
    };
    // SAFETY: no pointers.
    unsafe {
        assert_eq!(text(espat_version()), env!("CARGO_PKG_VERSION"));
        assert_eq!(text(espat_default_scenario()), crate::world::Scenario::default_text());
        assert_eq!(text(espat_status_text(espat_status::Finished as u32)), "the world was finished");
        assert_eq!(text(espat_status_text(4_000_000_000)), "unknown status");
        assert_eq!(espat_abi_version(), ESPAT_ABI_VERSION);
    }
}

#[test]
fn all_modules_go_at_once_and_never_back() {
    // SAFETY: the default options are none, and the rest is room for what is asked.
    unsafe {
        let (mut world, mut module, mut ns) = (ptr::null_mut(), 0, 0);
        assert_eq!(espat_world_new(ptr::null(), &mut world), espat_status::Ok);
        assert_eq!(espat_attach(world, c"wifi".as_ptr(), ptr::null(), &mut module), espat_status::Ok);
        assert_eq!(espat_advance_all(world, 5_000_000), espat_status::Ok);
        assert_eq!(espat_reached_ns(world, module, &mut ns), espat_status::Ok);
        assert_eq!(ns, 5_000_000);
        assert_eq!(espat_advance_all(world, 4_999_999), espat_status::TimeBackwards);
        assert_eq!(espat_reached_ns(world, module, &mut ns), espat_status::Ok);
        assert_eq!(ns, 5_000_000, "a refused call changes nothing");
        assert_eq!(espat_advance_all(ptr::null_mut(), 1), espat_status::NullPointer);
        assert_eq!(espat_world_free(world), espat_status::Ok);
    }
}

#[test]
fn the_log_port_is_handed_out_to_who_asked_for_it() {
    for (record, expected) in [(ESPAT_RECORD_LOG_PORT, espat_status::Ok), (0, espat_status::NotRecorded)] {
        // SAFETY: zeros are values of the options, and the rest is room for what is asked.
        unsafe {
            let mut options: espat_world_options = std::mem::zeroed();
            options.size = size_of::<espat_world_options>();
            options.record = record;
            let (mut world, mut module, mut count) = (ptr::null_mut(), 0, 0);
            assert_eq!(espat_world_new(&options, &mut world), espat_status::Ok);
            assert_eq!(espat_attach(world, c"wifi".as_ptr(), ptr::null(), &mut module), espat_status::Ok);
            assert_eq!(espat_advance(world, module, 1_000_000), espat_status::Ok);
            let mut bytes = [std::mem::zeroed::<espat_uart_byte>(); 64];
            assert_eq!(espat_log_port_take(world, module, bytes.as_mut_ptr(), 64, &mut count), expected);
            if record != 0 {
                let text: Vec<u8> = bytes[..count].iter().map(|b| b.byte).collect();
                assert_eq!(text, b"ESP-ROM:esp", "a millisecond of 115200 baud");
            }
            assert_eq!(espat_world_free(world), espat_status::Ok);
        }
    }
}

#[test]
fn an_origin_that_is_still_to_come_is_too_far_ahead_and_poisons_nothing() {
    // SAFETY: zeros are values of the options, and the rest is room for what is asked.
    unsafe {
        let mut options: espat_world_options = std::mem::zeroed();
        options.size = size_of::<espat_world_options>();
        options.scenario = c"[module.a]\n[module.b]\n".as_ptr();
        let mut later: espat_attach_options = std::mem::zeroed();
        (later.size, later.origin_ns) = (size_of::<espat_attach_options>(), 1_000_000_000);
        let (mut world, mut a, mut b) = (ptr::null_mut(), 0, 0);
        assert_eq!(espat_world_new(&options, &mut world), espat_status::Ok);
        assert_eq!(espat_attach(world, c"a".as_ptr(), ptr::null(), &mut a), espat_status::Ok);
        assert_eq!(espat_attach(world, c"b".as_ptr(), &later, &mut b), espat_status::Ok);
        assert_eq!(espat_advance(world, b, 0), espat_status::TooFarAhead, "{}", last_error());
        assert_eq!(espat_advance(world, a, 999_900_000), espat_status::Ok, "{}", last_error());
        assert_eq!(espat_advance(world, b, 0), espat_status::Ok, "{}", last_error());
        assert_eq!(espat_world_free(world), espat_status::Ok);
    }
}

/// Sizes of the structures in tests/c/abi2, and of those that came later with their first header; with pointers of 64 bits.
#[cfg(target_pointer_width = "64")]
#[test]
fn each_structure_may_have_the_size_that_it_had_first_and_no_smaller_one() {
    /// A structure of this size, and as many bytes as any has.
    #[repr(C, align(8))]
    struct Sized {
        size: usize,
        rest: [u8; 1016],
    }
    type Call = Box<dyn FnMut(*mut Sized) -> espat_status>;
    let of = |size: usize| Sized { size, rest: [0; 1016] };
    let c = |text: &'static CStr| text.as_ptr();
    // SAFETY: zeros are values of the options, and the rest is room for what is asked.
    unsafe {
        let mut options: espat_world_options = std::mem::zeroed();
        options.size = size_of::<espat_world_options>();
        options.scenario = c(c"expect = ['wifi station joined home']\n[ap.home]\nssid = 'x'\n");
        options.record = ESPAT_RECORD_DIALOGUE | ESPAT_RECORD_OBSERVATIONS | ESPAT_RECORD_PINS;
        let (mut world, mut other, mut module, mut port) = (ptr::null_mut(), ptr::null_mut(), 0, 0);
        assert_eq!(espat_world_new(&options, &mut world), espat_status::Ok, "{}", last_error());
        assert_eq!(espat_attach(world, c(c"wifi"), ptr::null(), &mut module), espat_status::Ok);
        assert_eq!(espat_lan_attach(world, c(c"home"), &mut port), espat_status::Ok);
        let (mut count, log) = (0, b"nothing");
        let mut calls: Vec<(&str, usize, Call)> = vec![
            (
                "espat_world_new",
                56,
                Box::new(move |it| {
                    let status = espat_world_new(it.cast(), &mut other);
                    if status == espat_status::Ok { espat_world_free(other) } else { status }
                }),
            ),
            (
                "espat_attach",
                32,
                Box::new(move |it| {
                    espat_detach(world, module);
                    espat_attach(world, c"wifi".as_ptr(), it.cast(), &mut module)
                }),
            ),
            (
                "espat_statistics_read",
                136,
                Box::new(move |it| espat_statistics_read(world, module, it.cast())),
            ),
            ("espat_module_state", 152, Box::new(move |it| espat_module_state(world, module, it.cast()))),
            (
                "espat_links_read",
                168,
                Box::new(move |it| espat_links_read(world, module, it.cast(), 1, &mut count)),
            ),
            ("espat_observation_take", 128, Box::new(move |it| espat_observation_take(world, it.cast()))),
            ("espat_observation_read", 128, Box::new(move |it| espat_observation_read(world, 0, it.cast()))),
            ("espat_expectation_read", 40, Box::new(move |it| espat_expectation_read(world, 0, it.cast()))),
            (
                "espat_dialogue_take",
                40,
                Box::new(move |it| espat_dialogue_take(world, it.cast(), ptr::null_mut(), 0)),
            ),
            (
                "espat_pin_take",
                32,
                Box::new(move |it| espat_pin_take(world, module, it.cast(), 1, &mut count)),
            ),
            ("espat_mcu_line_read", 24, Box::new(move |it| espat_mcu_line_read(world, module, it.cast()))),
            (
                "espat_module_line_read",
                24,
                Box::new(move |it| espat_module_line_read(world, module, it.cast())),
            ),
            ("espat_mcu_line_set", 24, Box::new(move |it| espat_mcu_line_set(world, module, 0, it.cast()))),
            (
                "espat_lan_take",
                24,
                Box::new(move |it| espat_lan_take(world, port, it.cast(), ptr::null_mut(), 0)),
            ),
            (
                "espat_world_replay",
                48,
                Box::new(move |it| {
                    espat_world_replay(log.as_ptr(), log.len(), ptr::null(), it.cast(), ptr::null_mut())
                }),
            ),
        ];
        for (name, size, call) in &mut calls {
            assert_ne!(
                call(&mut of(*size)),
                espat_status::InvalidSize,
                "{name} with {size} bytes: {}",
                last_error()
            );
            let smaller = call(&mut of(*size - 1));
            assert_eq!(smaller, espat_status::InvalidSize, "{name} takes a structure that no header has had");
            let larger = call(&mut of(1024));
            assert_ne!(
                larger,
                espat_status::InvalidSize,
                "{name} with a structure of later times: {}",
                last_error()
            );
        }
        drop(calls);
        assert_eq!(espat_world_free(world), espat_status::Ok);
    }
}
