"""espat-sim from Python: the C ABI through ctypes, as much of it as a host driver and its tests need.

You own time. Nothing happens by itself: store bytes, ask when the next event is, let the world go on to it, take the
bytes that have come. Times are nanoseconds since the world's start. include/espat_sim.h has the whole contract; whatever
is missing here is called the same way. hello.py is an example.
"""

import ctypes
import os
from ctypes import POINTER, byref, c_char_p, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p

NEVER = 2**64 - 1  # ESPAT_NEVER
MCU_TX = {None: 0, "wire": 1, "as-stored": 2}  # espat_mcu_tx
OBEYS_RTS = {None: 0, True: 1, False: 2}  # espat_obeys_rts
PINS = {"en": 0, "gpio0": 1, "rts": 2, "wake": 4}  # espat_pin; "rts" is the MCU's, the module's CTS


class Error(Exception):
    """A call was refused; the sentence says why. Nothing was changed."""


class _WorldOptions(ctypes.Structure):  # espat_world_options
    _fields_ = [
        ("size", c_size_t),
        ("scenario", c_char_p),
        ("scenario_path", c_char_p),
        ("seed", c_uint64),
        ("seed_given", c_uint32),
        ("record", c_uint32),
        ("capture_path", c_char_p),
        ("input_log_path", c_char_p),
    ]


class _UartByte(ctypes.Structure):  # espat_uart_byte
    _fields_ = [
        ("tick", c_uint64),
        ("ns", c_uint64),
        ("byte", c_uint8),
        ("flags", c_uint8),
        ("reserved", c_uint8 * 6),
    ]


class _AttachOptions(ctypes.Structure):  # espat_attach_options
    _fields_ = [
        ("size", c_size_t),
        ("timebase_hz", c_uint64),
        ("origin_ns", c_uint64),
        ("mcu_tx", c_uint32),
        ("obeys_rts", c_uint32),
    ]


class _LineSettings(ctypes.Structure):  # espat_line_settings
    _fields_ = [
        ("size", c_size_t),
        ("baud", c_uint32),
        ("data_bits", c_uint32),
        ("parity", c_uint32),
        ("stop_bits", c_uint32),
    ]


_ARGUMENTS = {
    "espat_world_new": [POINTER(_WorldOptions), POINTER(c_void_p)],
    "espat_world_finish": [c_void_p],
    "espat_world_free": [c_void_p],
    "espat_world_digest": [c_void_p, POINTER(c_uint64)],
    "espat_world_console": [c_void_p, c_char_p, POINTER(c_char_p)],
    "espat_attach": [c_void_p, c_char_p, POINTER(_AttachOptions), POINTER(c_uint32)],
    "espat_uart_write_block": [c_void_p, c_uint32, c_uint64, c_char_p, c_size_t],
    "espat_uart_take": [c_void_p, c_uint32, POINTER(_UartByte), c_size_t, POINTER(c_size_t)],
    "espat_pin_set": [c_void_p, c_uint32, c_uint64, c_uint32, c_uint32],
    "espat_mcu_line_set": [c_void_p, c_uint32, c_uint64, POINTER(_LineSettings)],
    "espat_next_event": [c_void_p, c_uint32, POINTER(c_uint64)],
    "espat_advance": [c_void_p, c_uint32, c_uint64],
}


def _load():
    """The library: where ESPAT_LIBRARY says, or where the system looks for libraries."""
    library = ctypes.CDLL(os.environ.get("ESPAT_LIBRARY", "libespat_sim.so"))
    for name, arguments in _ARGUMENTS.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, c_uint32
    library.espat_last_error.restype = c_char_p
    if library.espat_abi_version() != 2:
        raise Error("this binding is for version 2 of the binary interface")
    return library


class World:
    """A simulated world. `scenario` is TOML text; without it, the built-in one. Files are written as the run goes."""

    def __init__(self, scenario=None, *, seed=None, capture=None, input_log=None):
        self._library = _load()
        options = _WorldOptions(size=ctypes.sizeof(_WorldOptions))
        options.scenario = scenario and scenario.encode()
        options.seed, options.seed_given = seed or 0, seed is not None
        options.capture_path = capture and os.fsencode(capture)
        options.input_log_path = input_log and os.fsencode(input_log)
        self._handle = c_void_p()
        self.call("espat_world_new", byref(options), byref(self._handle), world=False)

    def call(self, function, *arguments, world=True):
        """Calls a function of the library; an answer other than 0 is an Error."""
        first = (self._handle,) if world else ()
        if getattr(self._library, function)(*first, *arguments):
            raise Error(self._library.espat_last_error().decode())

    def attach(self, name="wifi", *, mcu_tx=None, obeys_rts=None):
        """The module of that name, from now on driven by the caller. `mcu_tx` ("wire" or "as-stored") and `obeys_rts` go
        before the scenario; None leaves them to it."""
        options = _AttachOptions(size=ctypes.sizeof(_AttachOptions))
        options.mcu_tx = MCU_TX[mcu_tx]
        options.obeys_rts = OBEYS_RTS[obeys_rts]
        number = c_uint32()
        self.call("espat_attach", name.encode(), byref(options), byref(number))
        return Module(self, number.value)

    def console(self, line):
        """Carries out a line of the console, such as "ap home down"; what it answers."""
        answer = c_char_p()
        self.call("espat_world_console", line.encode(), byref(answer))
        return (answer.value or b"").decode()

    def digest(self):
        """The digest of everything that has happened so far, as it is shown everywhere."""
        value = c_uint64()
        self.call("espat_world_digest", byref(value))
        return f"{value.value:016x}"

    def finish(self):
        """Ends the recordings: files are complete."""
        self.call("espat_world_finish")

    def close(self):
        """Finishes the world and frees it."""
        handle, self._handle = self._handle, c_void_p()
        if handle:
            self._library.espat_world_free(handle)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()


class Module:
    """One module of a world, at the end of a UART."""

    def __init__(self, world, number):
        self._world, self._number = world, number
        self.now = 0

    def _call(self, function, *arguments):
        self._world.call(function, self._number, *arguments)

    def write(self, data):
        """The MCU stores bytes into its UART now; they go out one after the other at line rate."""
        self._call("espat_uart_write_block", self.now, bytes(data), len(data))

    def read(self):
        """Takes the bytes that have come by now."""
        received, buffer, count = bytearray(), (_UartByte * 64)(), c_size_t(64)
        while count.value == len(buffer):
            self._call("espat_uart_take", buffer, len(buffer), byref(count))
            received += bytes(entry.byte for entry in buffer[: count.value])
        return bytes(received)

    def next_event(self):
        """When to come back, or NEVER."""
        tick = c_uint64()
        self._call("espat_next_event", byref(tick))
        return tick.value

    def advance(self, to):
        """Lets everything up to and including `to` happen."""
        self._call("espat_advance", to)
        self.now = to

    def set_pin(self, pin, level):
        """The MCU drives "en", "gpio0", "rts" or "wake"."""
        self._call("espat_pin_set", self.now, PINS[pin], int(level))

    def set_line(self, baud, data_bits=8, parity=0, stop_bits=0):
        """The MCU sets its UART; `parity` and `stop_bits` are an espat_parity and an espat_stop_bits."""
        line = _LineSettings(ctypes.sizeof(_LineSettings), baud, data_bits, parity, stop_bits)
        self._call("espat_mcu_line_set", self.now, byref(line))
