//! Sleep: how time goes on while the guest waits for an interrupt.
//!
//! Left to itself, QEMU moves its clock from the main loop when it sees every vCPU halted. That is not
//! reproducible: the main loop can see the halt before the instructions that led to it are accounted, and then
//! jumps too far. So the vCPU's own thread does it here. When the guest executes WFI, [`idle_step`] is queued as
//! work for the vCPU. Each step moves the clock to the next timer, queues itself again and runs the timers.
//! While work is queued QEMU does not take the vCPU for idle, so its main loop leaves the clock alone.
//!
//! The main loop moves the clock in two more cases: when a machine that was stopped asleep goes on, and at every
//! breakpoint, because for a moment the vCPU stands still and the machine has not been stopped yet. So
//! [`on_main_loop`], which QEMU calls just before it looks at the clock, queues a step whenever it would move it.

use std::ffi::{c_uint, c_void};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use super::api::{
    ALL_TIMERS, CB_NO_REGS, CLOCK_VIRTUAL, CpuState, INTERRUPT_EXITTB, Notifier, PluginTb, TIMERS_OF_GUEST,
};
use super::coupling::{Coupling, on_entry};
use super::exit_code;
use crate::time::Instant;

/// Steps between two moments in which the main loop may take its turn.
const STEPS_PER_TURN: u32 = 64;
/// How often a step that finds the vCPU busy goes to the end of the queue. Once is enough as long as whoever
/// queues work holds the big lock.
const TRIES: usize = 2;
/// Steps that may pass without the clock moving before that is taken for a fault.
const STUCK_MAX: u32 = 1_000_000;

/// What sleeping needs to remember.
pub(super) struct State {
    /// The one vCPU, once it exists.
    cpu: AtomicPtr<CpuState>,
    /// Steps since the main loop had its turn.
    steps: AtomicU32,
    /// Steps since the clock moved.
    stuck: AtomicU32,
    /// The clock has been seen to move when asked to.
    clock_obeys: AtomicBool,
}

impl State {
    pub fn new() -> State {
        State {
            cpu: AtomicPtr::new(std::ptr::null_mut()),
            steps: AtomicU32::new(0),
            stuck: AtomicU32::new(0),
            clock_obeys: AtomicBool::new(false),
        }
    }

    /// The one vCPU, or null.
    pub fn cpu(&self) -> *mut CpuState {
        self.cpu.load(Ordering::Relaxed)
    }
}

/// True when an instruction of `size` bytes waits for an interrupt: Thumb `WFI` and `WFI.W`, A32 `WFI` under any condition,
/// that of A64, or `wfi` of RISC-V. A wrong yes does no harm, because [`idle_step`] looks whether the vCPU really sleeps.
fn waits_for_interrupt(size: usize, bytes: [u8; 4]) -> bool {
    match size {
        2 => [bytes[0], bytes[1]] == [0x30, 0xbf],
        4 => {
            let word = u32::from_le_bytes(bytes);
            bytes == [0xaf, 0xf3, 0x03, 0x80]
                || word & 0x0fff_ffff == 0x0320_f003
                || word == 0xd503_207f
                || word == 0x1050_0073
        }
        _ => false,
    }
}

/// A block was translated: where it has WFI, ask to be called. On Arm that ends a block, on RISC-V it need not.
pub(super) unsafe extern "C" fn on_translation(_id: u64, block: *mut PluginTb) {
    on_entry(|c| {
        // SAFETY: the block and its instructions live as long as this callback.
        unsafe {
            let count = (c.qemu.qemu_plugin_tb_n_insns)(block);
            for index in 0..count {
                let instruction = (c.qemu.qemu_plugin_tb_get_insn)(block, index);
                let (size, bytes) = c.qemu.instruction(instruction);
                if waits_for_interrupt(size, bytes) {
                    let nothing = std::ptr::null_mut();
                    (c.qemu.qemu_plugin_register_vcpu_insn_exec_cb)(instruction, on_wfi, CB_NO_REGS, nothing);
                }
            }
        }
    });
}

/// The vCPU exists now. A second one is refused.
pub(super) unsafe extern "C" fn on_vcpu(_id: u64, index: c_uint) {
    on_entry(|c| {
        if index > 0 {
            c.end(exit_code::BROKEN, super::plugin::ONE_CPU);
        }
        // SAFETY: called with the big lock or from the vCPU's own thread; the list of CPUs has this one.
        c.idle.cpu.store(unsafe { (c.qemu.qemu_get_cpu)(0) }, Ordering::Relaxed);
    });
}

/// The guest is about to execute WFI.
unsafe extern "C" fn on_wfi(_vcpu: c_uint, _data: *mut c_void) {
    on_entry(|c| queue(c, c.idle.cpu.load(Ordering::Relaxed)));
}

/// QEMU's main loop has waited for events and will look at the clock next.
pub(super) unsafe extern "C" fn on_main_loop(_notifier: *mut Notifier, _poll: *mut c_void) {
    on_entry(|c| {
        c.check_ports();
        c.take_lines();
        let cpu = c.idle.cpu.load(Ordering::Relaxed);
        // SAFETY: the main loop holds the big lock; the CPU lives as long as the machine.
        if !cpu.is_null() && unsafe { (c.qemu.runstate_is_running)() && (c.qemu.cpu_thread_is_idle)(cpu) } {
            queue(c, cpu);
        }
    });
}

/// Queues a step.
pub(super) fn queue(c: &Coupling, cpu: *mut CpuState) {
    if !cpu.is_null() {
        // SAFETY: may be called from any thread; the CPU lives as long as the machine.
        unsafe { (c.qemu.async_run_on_cpu)(cpu, idle_step, std::ptr::null_mut()) };
    }
}

/// Queues a step that has found the vCPU busy before.
fn queue_again(c: &Coupling, cpu: *mut CpuState, tries: usize) {
    // SAFETY: as in `queue`; the last argument is a number, not an address.
    unsafe { (c.qemu.async_run_on_cpu)(cpu, idle_step, std::ptr::without_provenance_mut(tries)) };
}

/// One step of sleep. Runs in the vCPU's thread under the big lock.
unsafe extern "C" fn idle_step(cpu: *mut CpuState, tries: *mut c_void) {
    on_entry(|c| step(c, cpu, tries.addr()));
}

fn step(c: &Coupling, cpu: *mut CpuState, tries: usize) {
    let q = &c.qemu;
    // SAFETY: for this and the blocks below: the big lock is held, this is the vCPU's thread, and it is not
    // executing guest code.
    if unsafe { (q.cpu_is_stopped)(cpu) } {
        // By the monitor or the debugger. `on_main_loop` queues a step when the machine goes on.
        return;
    }
    // SAFETY: see above.
    if unsafe { !(q.cpu_thread_is_idle)(cpu) } {
        // Awake, or other work is queued behind this step; then the vCPU may sleep once that is done.
        if tries < TRIES {
            queue_again(c, cpu, tries + 1);
        }
        return;
    }
    // SAFETY: see above.
    let deadline = unsafe { (q.qemu_clock_deadline_ns_all)(CLOCK_VIRTUAL, TIMERS_OF_GUEST) };
    let before = q.now();
    // In a world that is shared another board may still wake this one.
    let may_wake = c.air.shared().is_some();
    if deadline < 0 {
        // SAFETY: see above. There are timers, but not even the soonest of all has a time: the clock is held, as
        // the debugger does while it steps through instructions.
        let held = unsafe {
            (q.qemu_clock_has_timers)(CLOCK_VIRTUAL)
                && (q.qemu_clock_deadline_ns_all)(CLOCK_VIRTUAL, ALL_TIMERS) < 0
        };
        if held {
            // WFI may end for any reason, and here it must, or the debugger's step would never end.
            // SAFETY: see above.
            unsafe { (q.cpu_interrupt)(cpu, INTERRUPT_EXITTB) };
            return;
        }
        if !may_wake {
            let at = Instant::from_nanos(before);
            let sentence = format!("the guest is asleep at {at} and no event is left that could wake it");
            c.end(exit_code::ASLEEP, &sentence);
        }
    }
    let deadline = match c.air.shared() {
        None => deadline,
        // SAFETY: see above.
        Some(remote) if unsafe { c.sleep(remote, cpu) } => {
            // SAFETY: see above.
            unsafe { (q.qemu_clock_deadline_ns_all)(CLOCK_VIRTUAL, TIMERS_OF_GUEST) }
        }
        Some(_) => return,
    };
    if deadline > 0 {
        // SAFETY: see above. Without `sleep=off` this sets a timer on the host's clock instead.
        unsafe { (q.icount_start_warp_timer)() };
        // SAFETY: see above.
        let still_idle = unsafe { (q.cpu_thread_is_idle)(cpu) };
        if q.now() != before {
            c.idle.clock_obeys.store(true, Ordering::Relaxed);
        } else if !c.idle.clock_obeys.load(Ordering::Relaxed) && still_idle {
            c.end(exit_code::BROKEN, "QEMU's clock follows the host: give it -icount shift=5,sleep=off");
        }
    }
    if q.now() != before {
        c.idle.stuck.store(0, Ordering::Relaxed);
    } else if c.idle.stuck.fetch_add(1, Ordering::Relaxed) >= STUCK_MAX {
        let at = Instant::from_nanos(before);
        c.end(exit_code::BROKEN, &format!("a timer of the machine is due at {at} again and again"));
    }
    queue(c, cpu);
    // SAFETY: see above. Our own step is queued, so a timer that is set now does not move the clock.
    unsafe { (q.qemu_clock_run_timers)(CLOCK_VIRTUAL) };
    if c.idle.steps.fetch_add(1, Ordering::Relaxed) + 1 >= STEPS_PER_TURN {
        c.idle.steps.store(0, Ordering::Relaxed);
        // SAFETY: see above; no lock of ours is held. All timers that are due have run, and our step is queued,
        // so whatever the main loop does, it finds no reason to touch the clock.
        unsafe { q.yield_big_lock() };
    }
}

#[cfg(test)]
mod tests {
    use super::waits_for_interrupt;

    #[test]
    fn every_encoding_of_wfi_is_recognised() {
        assert!(waits_for_interrupt(2, [0x30, 0xbf, 0, 0]), "Thumb WFI");
        assert!(waits_for_interrupt(4, [0xaf, 0xf3, 0x03, 0x80]), "Thumb WFI.W");
        assert!(waits_for_interrupt(4, 0xe320_f003_u32.to_le_bytes()), "A32 WFI");
        assert!(waits_for_interrupt(4, 0x1320_f003_u32.to_le_bytes()), "A32 WFINE");
        assert!(waits_for_interrupt(4, 0xd503_207f_u32.to_le_bytes()), "A64 WFI");
        assert!(waits_for_interrupt(4, 0x1050_0073_u32.to_le_bytes()), "RISC-V wfi");
    }

    #[test]
    fn other_hints_are_not_taken_for_wfi() {
        for hint in [0xbf00_u16, 0xbf10, 0xbf20, 0xbf40] {
            let [a, b] = hint.to_le_bytes();
            assert!(!waits_for_interrupt(2, [a, b, 0, 0]), "{hint:#x}");
        }
        assert!(
            !waits_for_interrupt(4, [0x30, 0xbf, 0, 0]),
            "a wide instruction whose first half looks like WFI"
        );
        assert!(!waits_for_interrupt(4, [0xaf, 0xf3, 0x02, 0x80]), "WFE.W");
        assert!(!waits_for_interrupt(4, 0xd503_205f_u32.to_le_bytes()), "A64 WFE");
        assert!(!waits_for_interrupt(4, 0x3020_0073_u32.to_le_bytes()), "RISC-V mret");
    }
}
