//! `--pace`: virtual time not faster than wall time, for people who type.
//!
//! A timer on the virtual clock fires every [`STEP`] and queues work for the vCPU, which sleeps until the wall clock has come
//! as far. The sleep is outside of QEMU's big lock, so that its main loop takes what is typed. Nothing else changes: the same
//! inputs at the same virtual times give the same run, only slower.

use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
#[expect(
    clippy::disallowed_types,
    reason = "the edge may look at the clock, and here nothing else will do"
)]
use std::time::Instant as WallInstant;

use super::api::{CpuState, Timer};
use super::coupling::{Coupling, Pointer, on_entry};

/// How far virtual time goes in one piece, nanoseconds.
const STEP: u64 = 20_000_000;
/// The longest sleep before another look, so that a machine that is to stop need not wait.
const NAP: Duration = Duration::from_millis(5);
/// How far virtual time may fall behind before it is let off: after a halt in the debugger nothing is to be caught up.
const SLACK: u64 = 200_000_000;

/// The timer, and a moment that both clocks have in common.
pub(super) struct Pace {
    pub timer: Pointer<Timer>,
    #[expect(clippy::disallowed_types, reason = "as above")]
    meeting: Mutex<Option<(WallInstant, u64)>>,
}

impl Pace {
    pub fn new(timer: Pointer<Timer>) -> Pace {
        Pace { timer, meeting: Mutex::new(None) }
    }

    /// How long virtual time must wait for the wall clock.
    #[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "as above")]
    fn ahead(&self, now: u64) -> Duration {
        let mut meeting = self.meeting.lock().unwrap_or_else(PoisonError::into_inner);
        let (wall, virtual_time) = meeting.get_or_insert_with(|| (WallInstant::now(), now));
        let elapsed = u64::try_from(wall.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let gone = now.saturating_sub(*virtual_time);
        if elapsed > gone.saturating_add(SLACK) {
            *meeting = Some((WallInstant::now(), now));
            return Duration::ZERO;
        }
        Duration::from_nanos(gone.saturating_sub(elapsed))
    }
}

/// The timer's callback.
pub(super) unsafe extern "C" fn on_timer(_opaque: *mut c_void) {
    on_entry(|c| {
        arm(c);
        queue(c, c.idle.cpu());
    });
}

/// Sets the timer to the next step.
pub(super) fn arm(c: &Coupling) {
    let Some(pace) = &c.pace else { return };
    let next = i64::try_from((c.qemu.now() / STEP + 1).saturating_mul(STEP)).unwrap_or(i64::MAX);
    // SAFETY: the big lock is held; the timer was initialised.
    unsafe { (c.qemu.timer_mod_ns)(pace.timer.0, next) };
}

fn queue(c: &Coupling, cpu: *mut CpuState) {
    if !cpu.is_null() {
        // SAFETY: may be called from any thread; the CPU lives as long as the machine.
        unsafe { (c.qemu.async_run_on_cpu)(cpu, wait, std::ptr::null_mut()) };
    }
}

/// Waits for the wall clock. Runs in the vCPU's thread under the big lock, and not within a timer: the monitor waits for those.
unsafe extern "C" fn wait(cpu: *mut CpuState, _data: *mut c_void) {
    on_entry(|c| {
        let Some(pace) = &c.pace else { return };
        let ahead = pace.ahead(c.qemu.now());
        // SAFETY: the big lock is held, and this is the vCPU's thread.
        if ahead.is_zero() || unsafe { (c.qemu.cpu_is_stopped)(cpu) } {
            return;
        }
        // SAFETY: the big lock is held, and no lock of ours.
        unsafe { c.qemu.sleep_without_big_lock(ahead.min(NAP)) };
        queue(c, cpu);
    });
}
