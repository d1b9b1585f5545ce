//! QEMU's functions, looked up by name in the running process.
//!
//! A QEMU built with `--enable-modules` exports its whole dynamic symbol table, because its own modules need
//! it. One built without exports `qemu_plugin_*` only; [`Qemu::find`] then says so in a sentence.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

/// An object of QEMU that is only ever pointed at.
macro_rules! opaque {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        #[repr(C)]
        pub(super) struct $name { _private: [u8; 0] }
    )* };
}

opaque! {
    /// A character device.
    Chardev;
    /// A class of QEMU's object model.
    ObjectClass;
    /// A virtual CPU.
    CpuState;
    /// Any object of QEMU's object model; a device is one.
    Object;
    /// A region of the machine's memory. Its owner allocates it, see [`REGION_BYTES`].
    MemoryRegion;
    /// A line of an interrupt or a pin.
    Irq;
    /// A timer. QEMU lets its owner allocate it, see [`TIMER_BYTES`].
    Timer;
    /// A translation block, valid during its translation callback.
    PluginTb;
    /// An instruction of a translation block.
    PluginInsn;
}

/// Room for a `QEMUTimer` (48 bytes in 7.2 and 10.0, with a margin).
pub(super) const TIMER_BYTES: usize = 256;
/// Room for a `MemoryRegion` (272 bytes in 7.2, with a margin).
pub(super) const REGION_BYTES: usize = 2048;
/// `QEMU_CLOCK_VIRTUAL`: the guest's clock.
pub(super) const CLOCK_VIRTUAL: c_int = 1;
/// Every timer but those that QEMU marks as not the guest's, such as those of a network
/// to the host (`~QEMU_TIMER_ATTR_EXTERNAL`).
pub(super) const TIMERS_OF_GUEST: c_int = !1;
/// Every timer (`QEMU_TIMER_ATTR_ALL`).
pub(super) const ALL_TIMERS: c_int = !0;
/// `CPU_INTERRUPT_EXITTB`: wakes the vCPU without an interrupt that the guest would see.
pub(super) const INTERRUPT_EXITTB: c_int = 4;
/// `ICOUNT_PRECISE`: instruction counting with a fixed shift.
pub(super) const ICOUNT_PRECISE: c_int = 1;
/// `QEMU_PLUGIN_CB_NO_REGS`: the callback does not look at registers.
pub(super) const CB_NO_REGS: c_int = 0;

/// What QEMU tells a plugin at its start (`qemu_info_t`).
#[repr(C)]
pub struct QemuInfo {
    /// The guest's architecture.
    pub target_name: *const c_char,
    /// Lowest version of the plugin interface that this QEMU accepts.
    pub version_min: c_int,
    /// The version that it has.
    pub version_cur: c_int,
    /// A whole system, not a single program.
    pub system_emulation: bool,
    /// Number of vCPUs at the start.
    pub smp_vcpus: c_int,
    /// Most vCPUs there can be.
    pub max_vcpus: c_int,
}

pub(super) type ChrWrite = unsafe extern "C" fn(*mut Chardev, *const u8, c_int) -> c_int;
pub(super) type ChrIoctl = unsafe extern "C" fn(*mut Chardev, c_int, *mut c_void) -> c_int;
pub(super) type TimerCb = unsafe extern "C" fn(*mut c_void);
pub(super) type CpuCb = unsafe extern "C" fn(*mut CpuState, *mut c_void);
pub(super) type UdataCb = unsafe extern "C" fn(u64, *mut c_void);
pub(super) type VcpuCb = unsafe extern "C" fn(u64, c_uint);
pub(super) type VcpuUdataCb = unsafe extern "C" fn(c_uint, *mut c_void);
pub(super) type TbTransCb = unsafe extern "C" fn(u64, *mut PluginTb);
pub(super) type ChildCb = unsafe extern "C" fn(*mut Object, *mut c_void) -> c_int;
pub(super) type IrqHandler = unsafe extern "C" fn(*mut c_void, c_int, c_int);
pub(super) type NotifyCb = unsafe extern "C" fn(*mut Notifier, *mut c_void);

/// `SHUTDOWN_CAUSE_HOST_SIGNAL` of QEMU's protocol: a signal, such as SIGINT.
pub(super) const SHUTDOWN_BY_SIGNAL: c_int = 4;

/// `CHR_IOCTL_SERIAL_SET_PARAMS`: a UART tells its character device what it is set to.
pub(super) const SET_PARAMS: c_int = 1;
/// `ENOTSUP`: what QEMU answers for a character device that does not know a request.
pub(super) const UNSUPPORTED: c_int = -95;

/// `QEMUSerialSetParams`.
#[repr(C)]
pub(super) struct SerialParams {
    pub speed: c_int,
    pub parity: c_int,
    pub data_bits: c_int,
    pub stop_bits: c_int,
}

/// The front end of a character device, as far as QEMU reads it for a request: the device comes first.
#[repr(C)]
pub(super) struct FrontEnd {
    device: *mut Chardev,
    rest: [usize; 31],
}

impl FrontEnd {
    pub fn of(device: *mut Chardev) -> FrontEnd {
        FrontEnd { device, rest: [0; 31] }
    }
}

type ReadMemory = unsafe extern "C" fn(*mut c_void, u64, c_uint) -> u64;
type WriteMemory = unsafe extern "C" fn(*mut c_void, u64, u64, c_uint);

/// `MemoryRegionOps`: who answers for a piece of memory.
#[repr(C)]
pub(super) struct MemoryOps {
    read: ReadMemory,
    write: WriteMemory,
    with_attributes: [usize; 2],
    endianness: c_int,
    valid: ValidAccess,
    implemented: AccessSizes,
    rest: [usize; 8],
}

/// Sizes of an access in bytes, and whether its address may be any.
#[repr(C)]
struct AccessSizes {
    least: c_uint,
    most: c_uint,
    unaligned: bool,
}

/// [`AccessSizes`], and a function that nobody needs here.
#[repr(C)]
struct ValidAccess {
    least: c_uint,
    most: c_uint,
    unaligned: bool,
    accepts: usize,
}

impl MemoryOps {
    /// Memory of little-endian bytes, in accesses of one to four.
    pub const fn of_bytes(read: ReadMemory, write: WriteMemory) -> MemoryOps {
        /// `DEVICE_LITTLE_ENDIAN`.
        const LITTLE: c_int = 2;
        MemoryOps {
            read,
            write,
            with_attributes: [0; 2],
            endianness: LITTLE,
            valid: ValidAccess { least: 1, most: 4, unaligned: false, accepts: 0 },
            implemented: AccessSizes { least: 1, most: 4, unaligned: false },
            rest: [0; 8],
        }
    }
}

/// `ChardevInfoList` of QEMU's protocol.
#[repr(C)]
pub(super) struct ChardevInfoList {
    next: *mut ChardevInfoList,
    value: *mut ChardevInfo,
}

/// `ChardevInfo` of QEMU's protocol.
#[repr(C)]
struct ChardevInfo {
    label: *mut c_char,
    filename: *mut c_char,
    frontend_open: bool,
}

/// Somebody to be notified (`Notifier`): the callback, and two links that QEMU fills in.
#[repr(C)]
pub(super) struct Notifier {
    pub notify: NotifyCb,
    pub links: [*mut c_void; 2],
}

/// `qemu_plugin_insn_data` up to version 2 of the plugin interface, and from version 3 on.
#[derive(Clone, Copy)]
enum InsnData {
    Pointer(unsafe extern "C" fn(*const PluginInsn) -> *const u8),
    Copy(unsafe extern "C" fn(*const PluginInsn, *mut c_void, usize) -> usize),
}

/// Why a snapshot is refused; QEMU puts its own words before it.
const NO_SNAPSHOTS: &CStr =
    c"the ESP-AT module is no part of the machine's state: its snapshot is the input log (--input-log, and espat-sim replay)";

/// Lets QEMU refuse `savevm` and migration, with a sentence of ours.
///
/// # Safety
/// The big lock is held.
pub(super) unsafe fn refuse_snapshots() {
    type SetError =
        unsafe extern "C" fn(*mut *mut c_void, *const c_char, c_int, *const c_char, *const c_char, ...);
    let (Some(set_error), Some(add_blocker)) =
        (address(c"error_setg_internal"), address(c"migrate_add_blocker"))
    else {
        return;
    };
    // QEMU keeps the place of the reason from 8.2 on, and the reason itself before.
    let by_place = exists(c"migrate_add_blocker_modes");
    let reason: &'static mut *mut c_void = Box::leak(Box::new(std::ptr::null_mut()));
    let file = c"espat-sim".as_ptr();
    // SAFETY: functions of these names, whose signatures are those of QEMU's headers; the texts are constants, and the place
    // lives for ever. An answer of QEMU's own that migration was refused already is as good.
    unsafe {
        let set_error = std::mem::transmute::<*mut c_void, SetError>(set_error);
        set_error(reason, file, 0, file, c"%s".as_ptr(), NO_SNAPSHOTS.as_ptr());
        let nobody: *mut *mut c_void = std::ptr::null_mut();
        if by_place {
            type AddBlocker = unsafe extern "C" fn(*mut *mut c_void, *mut *mut c_void) -> c_int;
            std::mem::transmute::<*mut c_void, AddBlocker>(add_blocker)(reason, nobody);
        } else {
            type AddBlocker = unsafe extern "C" fn(*mut c_void, *mut *mut c_void) -> c_int;
            std::mem::transmute::<*mut c_void, AddBlocker>(add_blocker)(*reason, nobody);
        }
    }
}

/// How the big lock is taken, before and from QEMU 9.0 on. The arguments are a file and a line for profiling.
type LockFn = unsafe extern "C" fn(*const c_char, c_int);

fn address(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: the name is NUL-terminated; RTLD_DEFAULT searches what the process has loaded.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

/// True when the process has a symbol of this name.
pub(super) fn exists(name: &CStr) -> bool {
    address(name).is_some()
}

/// Declares the table of functions: each is looked up under its own name.
macro_rules! table {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// The functions in use. Signatures as in QEMU 7.2 to 10.0.
        pub(super) struct Qemu {
            $(pub $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
            insn_data: InsnData,
            lock: LockFn,
            unlock: unsafe extern "C" fn(),
            use_icount: *const c_int,
        }

        impl Qemu {
            /// Looks all functions up. The error is a sentence that names what is missing.
            pub fn find(version: c_int) -> Result<Qemu, String> {
                let mut missing: Vec<&str> = Vec::new();
                $(
                    let $name = address(
                        CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()).unwrap_or(c""),
                    );
                    if $name.is_none() {
                        missing.push(stringify!($name));
                    }
                )*
                let insn_data = address(c"qemu_plugin_insn_data");
                let use_icount = address(c"use_icount");
                let lock = address(c"bql_lock_impl").or_else(|| address(c"qemu_mutex_lock_iothread_impl"));
                let unlock = address(c"bql_unlock").or_else(|| address(c"qemu_mutex_unlock_iothread"));
                for (found, name) in [
                    (insn_data, "qemu_plugin_insn_data"),
                    (use_icount, "use_icount"),
                    (lock, "bql_lock_impl"),
                    (unlock, "bql_unlock"),
                ] {
                    if found.is_none() {
                        missing.push(name);
                    }
                }
                let (Some(insn_data), Some(use_icount), Some(lock), Some(unlock)) =
                    (insn_data, use_icount, lock, unlock)
                else {
                    return Err(sentence(&missing));
                };
                $(
                    let Some($name) = $name else { return Err(sentence(&missing)) };
                )*
                // SAFETY: each address is that of the function or variable of this name in QEMU, whose
                // signature is the same from 7.2 to 10.0; the two forms of qemu_plugin_insn_data are told
                // apart by the version of the plugin interface, as QEMU's header defines it.
                unsafe {
                    Ok(Qemu {
                        $($name: std::mem::transmute::<
                            *mut c_void,
                            unsafe extern "C" fn($($argument),*) $(-> $result)?
                        >($name),)*
                        insn_data: if version >= 3 {
                            InsnData::Copy(std::mem::transmute::<
                                *mut c_void,
                                unsafe extern "C" fn(*const PluginInsn, *mut c_void, usize) -> usize,
                            >(insn_data))
                        } else {
                            InsnData::Pointer(std::mem::transmute::<
                                *mut c_void,
                                unsafe extern "C" fn(*const PluginInsn) -> *const u8,
                            >(insn_data))
                        },
                        lock: std::mem::transmute::<*mut c_void, LockFn>(lock),
                        unlock: std::mem::transmute::<*mut c_void, unsafe extern "C" fn()>(unlock),
                        use_icount: use_icount.cast(),
                    })
                }
            }
        }
    };
}

table! {
    // Character devices.
    qemu_chr_find: fn(*const c_char) -> *mut Chardev;
    qemu_chr_write: fn(*mut Chardev, *const u8, c_int, bool) -> c_int;
    qemu_chr_be_can_write: fn(*mut Chardev) -> c_int;
    qemu_chr_be_write: fn(*mut Chardev, *const u8, c_int);
    qemu_chr_fe_ioctl: fn(*mut FrontEnd, c_int, *mut c_void) -> c_int;
    object_get_class: fn(*mut Chardev) -> *mut ObjectClass;
    object_get_typename: fn(*mut Chardev) -> *const c_char;
    // Clocks and timers.
    qemu_clock_get_ns: fn(c_int) -> i64;
    qemu_clock_deadline_ns_all: fn(c_int, c_int) -> i64;
    qemu_clock_has_timers: fn(c_int) -> bool;
    qemu_clock_run_timers: fn(c_int) -> bool;
    timer_init_full: fn(*mut Timer, *mut c_void, c_int, c_int, c_int, TimerCb, *mut c_void);
    timer_mod_ns: fn(*mut Timer, i64);
    timer_del: fn(*mut Timer);
    icount_start_warp_timer: fn();
    // Pins and memory.
    object_resolve_path: fn(*const c_char, *mut bool) -> *mut Object;
    object_resolve_path_type: fn(*const c_char, *const c_char, *mut bool) -> *mut Object;
    object_dynamic_cast: fn(*mut Object, *const c_char) -> *mut Object;
    object_property_find: fn(*mut Object, *const c_char) -> *mut c_void;
    object_property_get_uint: fn(*mut Object, *const c_char, *mut *mut c_void) -> u64;
    object_get_root: fn() -> *mut Object;
    object_child_foreach_recursive: fn(*mut Object, ChildCb, *mut c_void) -> c_int;
    sysbus_has_mmio: fn(*mut Object, c_uint) -> bool;
    sysbus_mmio_get_region: fn(*mut Object, c_int) -> *mut MemoryRegion;
    qdev_get_gpio_out_connector: fn(*mut Object, *const c_char, c_int) -> *mut Irq;
    qdev_connect_gpio_out: fn(*mut Object, c_int, *mut Irq);
    qemu_allocate_irq: fn(IrqHandler, *mut c_void, c_int) -> *mut Irq;
    get_system_memory: fn() -> *mut MemoryRegion;
    memory_region_init_io: fn(*mut MemoryRegion, *mut Object, *const MemoryOps, *mut c_void, *const c_char, u64);
    memory_region_add_subregion_overlap: fn(*mut MemoryRegion, u64, *mut MemoryRegion, c_int);
    qemu_add_machine_init_done_notifier: fn(*mut Notifier);
    // CPUs and the run state.
    qemu_get_cpu: fn(c_int) -> *mut CpuState;
    cpu_thread_is_idle: fn(*mut CpuState) -> bool;
    async_run_on_cpu: fn(*mut CpuState, CpuCb, *mut c_void);
    runstate_is_running: fn() -> bool;
    cpu_interrupt: fn(*mut CpuState, c_int);
    cpu_is_stopped: fn(*mut CpuState) -> bool;
    // The main loop.
    main_loop_poll_add_notifier: fn(*mut Notifier);
    qemu_notify_event: fn();
    qemu_register_shutdown_notifier: fn(*mut Notifier);
    // The monitor's commands, with the types of QEMU's documented protocol.
    qmp_query_chardev: fn(*mut *mut c_void) -> *mut ChardevInfoList;
    // The plugin interface.
    qemu_plugin_register_vcpu_init_cb: fn(u64, VcpuCb);
    qemu_plugin_register_vcpu_tb_trans_cb: fn(u64, TbTransCb);
    qemu_plugin_register_vcpu_insn_exec_cb: fn(*mut PluginInsn, VcpuUdataCb, c_int, *mut c_void);
    qemu_plugin_register_atexit_cb: fn(u64, UdataCb, *mut c_void);
    qemu_plugin_tb_n_insns: fn(*const PluginTb) -> usize;
    qemu_plugin_tb_get_insn: fn(*const PluginTb, usize) -> *mut PluginInsn;
    qemu_plugin_insn_size: fn(*const PluginInsn) -> usize;
}

// SAFETY: the table holds addresses of functions and of one variable that QEMU writes before plugins load;
// what may be called from which thread is said where it is called.
unsafe impl Send for Qemu {}
// SAFETY: as above.
unsafe impl Sync for Qemu {}

fn sentence(missing: &[&str]) -> String {
    let named = missing.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    let more = missing.len().saturating_sub(3);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "this QEMU was built without modules, so its functions cannot be found ({named}{more}): use your \
         distribution's QEMU (Debian, Ubuntu: apt install qemu-system-arm)"
    )
}

impl Qemu {
    /// The guest's time in nanoseconds.
    pub fn now(&self) -> u64 {
        // SAFETY: may be called from any thread; within the vCPU's thread QEMU allows it where input and
        // output are allowed, which is where it calls us.
        let now = unsafe { (self.qemu_clock_get_ns)(CLOCK_VIRTUAL) };
        u64::try_from(now).unwrap_or(0)
    }

    /// Whether a device of the board is connected to the character device `id`; `None`: there is none of this id.
    pub fn is_connected(&self, id: &str) -> Option<bool> {
        let mut found = None;
        // SAFETY: called with the big lock. No error is wanted: this question has none. The list is ours from here on, its
        // texts end with NUL. It is not freed: a few hundred bytes, once.
        unsafe {
            let mut next = (self.qmp_query_chardev)(std::ptr::null_mut());
            while let Some(item) = next.as_ref() {
                if let Some(info) = item.value.as_ref()
                    && CStr::from_ptr(info.label).to_bytes() == id.as_bytes()
                {
                    found = Some(info.frontend_open);
                }
                next = item.next;
            }
        }
        found
    }

    /// Whether the machine has devices of this type.
    pub fn has_device(&self, kind: &CStr) -> bool {
        let mut several = false;
        // SAFETY: called with the big lock; both texts end with NUL, and what is found is not looked at.
        let found = unsafe { (self.object_resolve_path_type)(c"".as_ptr(), kind.as_ptr(), &mut several) };
        several || !found.is_null()
    }

    /// True when instructions are counted with a fixed shift (`-icount shift=N`).
    pub fn counts_instructions(&self) -> bool {
        // SAFETY: an aligned int that lives as long as the process; QEMU sets it before it loads plugins.
        unsafe { self.use_icount.read_volatile() == ICOUNT_PRECISE }
    }

    /// The first bytes of an instruction, at most four; the rest is zero.
    ///
    /// # Safety
    /// `insn` is an instruction of the block that is being translated now.
    pub unsafe fn instruction(&self, insn: *const PluginInsn) -> (usize, [u8; 4]) {
        let mut bytes = [0; 4];
        // SAFETY: the caller's promise; QEMU's instructions have `size` readable bytes.
        unsafe {
            let size = (self.qemu_plugin_insn_size)(insn);
            let length = size.min(bytes.len());
            match self.insn_data {
                InsnData::Pointer(data) => {
                    let data = data(insn);
                    if !data.is_null() {
                        std::ptr::copy_nonoverlapping(data, bytes.as_mut_ptr(), length);
                    }
                }
                InsnData::Copy(data) => {
                    data(insn, bytes.as_mut_ptr().cast(), length);
                }
            }
            (size, bytes)
        }
    }

    /// Sleeps, in wall time, and lets go of the big lock meanwhile.
    ///
    /// # Safety
    /// That of [`Qemu::yield_big_lock`].
    #[expect(clippy::disallowed_methods, reason = "a run at the pace of wall time")]
    pub unsafe fn sleep_without_big_lock(&self, time: std::time::Duration) {
        // SAFETY: the caller's promise. The file name is a constant.
        unsafe {
            (self.unlock)();
            std::thread::sleep(time);
            (self.lock)(c"espat-sim".as_ptr(), 0);
        }
    }

    /// Waits until something can be read from this descriptor, so many milliseconds of wall time at most, and lets go of the
    /// big lock meanwhile.
    ///
    /// # Safety
    /// That of [`Qemu::yield_big_lock`].
    pub unsafe fn wait_without_big_lock(&self, descriptor: c_int, milliseconds: c_int) {
        let mut waited_for = libc::pollfd { fd: descriptor, events: libc::POLLIN, revents: 0 };
        // SAFETY: the caller's promise. The file name is a constant; the structure is one, and it lives here.
        unsafe {
            (self.unlock)();
            libc::poll(&mut waited_for, 1, milliseconds);
            (self.lock)(c"espat-sim".as_ptr(), 0);
        }
    }

    /// Lets go of the big lock for a moment, so that QEMU's main loop can take its turn.
    ///
    /// # Safety
    /// The calling thread holds the big lock and nothing that another holder of it waits for.
    pub unsafe fn yield_big_lock(&self) {
        // SAFETY: the caller's promise. The file name is a constant.
        unsafe {
            (self.unlock)();
            libc::sched_yield();
            (self.lock)(c"espat-sim".as_ptr(), 0);
        }
    }
}
