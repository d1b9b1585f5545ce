//! A board's turn in a world that it shares: how QEMU waits for it.
//!
//! Until a time that the world has named QEMU runs by itself. A timer on its clock is set to that time, and what the timer
//! queues is done by the vCPU's thread before the guest's next instruction: [`wait_for_turn`] asks, and waits. A guest that
//! sleeps asks in [`idle`](super::idle), and is told when it wakes.

use std::ffi::c_void;
use std::sync::atomic::Ordering;

use super::api::{CLOCK_VIRTUAL, CpuState, TIMERS_OF_GUEST};
use super::coupling::{Coupling, on_entry};
use super::idle;
use super::remote::Remote;
use crate::edge::lockstep::message::{Go, Request};

/// How long the big lock is let go of at a time while it is another board's turn, wall time, milliseconds.
const NAP: i32 = 20;

impl Coupling {
    /// The timer is due: the guest's turn is over, or what has come for a sleeping guest is to be handed over.
    pub fn turn_due(&self, remote: &Remote) {
        let now = self.qemu.now();
        self.check_end(now);
        match remote.due(now) {
            Some(go) => self.go_on(now, &go),
            None if remote.is_pending() => self.arm(remote.next()),
            None => queue(self, self.idle.cpu()),
        }
    }

    /// The guest goes on from here.
    fn go_on(&self, now: u64, go: &Go) {
        self.moved(go.moved);
        if !go.bytes.is_empty() || go.is_sending {
            self.moved(now);
        }
        for byte in &go.bytes {
            self.deliver(now, *byte);
        }
        let next = self.air.shared().and_then(Remote::next);
        self.arm(next);
    }

    /// The guest sleeps: finds out until when. False: that is not known yet, and another step is queued.
    ///
    /// # Safety
    /// The big lock is held, and this is the vCPU's thread.
    pub unsafe fn sleep(&self, remote: &Remote, cpu: *mut CpuState) -> bool {
        let now = self.qemu.now();
        if !remote.waits() {
            if remote.is_pending() {
                return true;
            }
            self.disarm();
            // SAFETY: the caller's promise.
            let deadline = unsafe { (self.qemu.qemu_clock_deadline_ns_all)(CLOCK_VIRTUAL, TIMERS_OF_GUEST) };
            let guest = u64::try_from(deadline).ok().map(|deadline| now.saturating_add(deadline));
            let wakes = [guest, self.ends_at()].into_iter().flatten().min();
            if let Some(wakes) = wakes
                && remote.until().is_none_or(|until| wakes < until)
            {
                // It wakes within its turn.
                self.arm(remote.next());
                return true;
            }
            let asked = remote.ask(&Request::Sleep(now, wakes));
            self.check(asked);
        }
        let Some(answer) = self.check(remote.answer()) else { return true };
        match answer {
            Some(go) if go.at <= now => self.go_on(now, &go),
            Some(go) => {
                remote.keep(go);
                self.arm(remote.next());
            }
            None => {
                // While a step is queued QEMU does not take the guest for asleep, so nobody else moves the clock.
                idle::queue(self, cpu);
                // SAFETY: the caller's promise; no lock of ours is held.
                unsafe { self.qemu.wait_without_big_lock(remote.descriptor(), NAP) };
                return false;
            }
        }
        true
    }
}

fn queue(c: &Coupling, cpu: *mut CpuState) {
    if !cpu.is_null() {
        // SAFETY: may be called from any thread; the CPU lives as long as the machine.
        unsafe { (c.qemu.async_run_on_cpu)(cpu, wait_for_turn, std::ptr::null_mut()) };
    }
}

/// Waits for the board's turn. Runs in the vCPU's thread under the big lock, and not within a timer: the monitor waits for
/// those.
unsafe extern "C" fn wait_for_turn(cpu: *mut CpuState, _data: *mut c_void) {
    on_entry(|c| {
        let Some(remote) = c.air.shared() else { return };
        let now = c.qemu.now();
        // SAFETY: the big lock is held, and this is the vCPU's thread.
        if unsafe { (c.qemu.cpu_is_stopped)(cpu) } {
            // By the monitor or the debugger. The timer is due again when the machine goes on.
            c.armed.store(-1, Ordering::Relaxed);
            c.arm(Some(now));
            return;
        }
        if !remote.waits() {
            if remote.next().is_none_or(|next| next > now) {
                // Somebody else has asked in the meantime.
                c.arm(remote.next());
                return;
            }
            c.check(remote.ask(&Request::Reach(now)));
        }
        match c.check(remote.answer()).flatten() {
            Some(go) if go.at <= now => c.go_on(now, &go),
            Some(go) => {
                remote.keep(go);
                c.arm(remote.next());
            }
            None => {
                queue(c, cpu);
                // SAFETY: the big lock is held, and no lock of ours.
                unsafe { c.qemu.wait_without_big_lock(remote.descriptor(), NAP) };
            }
        }
    });
}
