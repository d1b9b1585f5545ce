"""The C ABI as ctypes has it: structures and functions of include/espat_sim.h, named as there.

Nobody but this package needs it. A structure that begins with `size` may grow in the library; what is not here has its
default then. Only the order of the fields counts, and tests/test_abi.py compares it with the header.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char, c_char_p, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p

VERSION = 2  # ESPAT_ABI_VERSION

NO_LINK = 2**32 - 1  # ESPAT_NO_LINK


class Sized(ctypes.Structure):
    """A structure whose first field is its size."""

    def __init__(self, **fields: object) -> None:
        super().__init__(size=ctypes.sizeof(type(self)), **fields)


class WorldOptions(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("scenario", c_char_p),
        ("scenario_path", c_char_p),
        ("seed", c_uint64),
        ("seed_given", c_uint32),
        ("record", c_uint32),
        ("capture_path", c_char_p),
        ("input_log_path", c_char_p),
        ("keylog_path", c_char_p),
    ]


class AttachOptions(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("timebase_hz", c_uint64),
        ("origin_ns", c_uint64),
        ("mcu_tx", c_uint32),
        ("obeys_rts", c_uint32),
    ]


class UartByte(ctypes.Structure):
    _fields_ = [
        ("tick", c_uint64),
        ("ns", c_uint64),
        ("byte", c_uint8),
        ("flags", c_uint8),
        ("reserved", c_uint8 * 6),
    ]


class Statistics(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("mcu_bytes", c_uint64),
        ("module_bytes", c_uint64),
        ("mcu_queue_max", c_uint64),
        ("mcu_overruns", c_uint64),
        ("module_overruns", c_uint64),
        ("frames_sent", c_uint64),
        ("frames_received", c_uint64),
        ("frames_lost", c_uint64),
        ("module_received", c_uint64),
        ("module_framing_errors", c_uint64),
        ("module_parity_errors", c_uint64),
        ("mcu_received", c_uint64),
        ("mcu_framing_errors", c_uint64),
        ("mcu_parity_errors", c_uint64),
        ("wire_lost", c_uint64),
        ("module_unheard", c_uint64),
    ]


class LineSettings(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("baud", c_uint32),
        ("data_bits", c_uint32),
        ("parity", c_uint32),
        ("stop_bits", c_uint32),
    ]


class PinChange(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("tick", c_uint64),
        ("ns", c_uint64),
        ("pin", c_uint32),
        ("level", c_uint32),
    ]


class ModuleStatus(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("power", c_uint32),
        ("wifi", c_uint32),
        ("text", c_char_p),
        ("access_point", c_char_p),
        ("ipv4", c_char_p),
        ("ipv6_link_local", c_char_p),
        ("ipv6_global", c_char_p),
        ("softap_ipv4", c_char_p),
        ("mac", c_char_p),
        ("multiple", c_uint32),
        ("passive", c_uint32),
        ("passthrough", c_uint32),
        ("sleeps_lightly", c_uint32),
        ("server_port", c_uint32),
        ("rts", c_uint32),
        ("baud", c_uint32),
        ("data_bits", c_uint32),
        ("parity", c_uint32),
        ("stop_bits", c_uint32),
        ("mcu_baud", c_uint32),
        ("mcu_data_bits", c_uint32),
        ("mcu_parity", c_uint32),
        ("mcu_stop_bits", c_uint32),
        ("mcu_queued", c_uint64),
        ("module_waiting", c_uint64),
        ("module_queued", c_uint64),
    ]


class Link(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("id", c_uint32),
        ("protocol", c_uint32),
        ("accepted", c_uint32),
        ("passive", c_uint32),
        ("port", c_uint32),
        ("local_port", c_uint32),
        ("waiting", c_uint64),
        ("unsent", c_uint64),
        ("kind", c_char * 8),
        ("address", c_char * 48),
        ("peer", c_char * 64),
    ]


class Observation(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("number", c_uint64),
        ("ns", c_uint64),
        ("subject", c_char_p),
        ("kind", c_char_p),
        ("text", c_char_p),
        ("event", c_uint32),
        ("link", c_uint32),
        ("protocol", c_uint32),
        ("code", c_uint32),
        ("count", c_uint64),
        ("sent", c_uint64),
        ("peer", c_char_p),
        ("address", c_char_p),
        ("name", c_char_p),
        ("detail", c_char_p),
        ("data", c_void_p),
        ("length", c_size_t),
    ]


class Expectation(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("ns", c_uint64),
        ("line", c_uint32),
        ("outcome", c_uint32),
        ("text", c_char_p),
        ("why", c_char_p),
    ]


class Packet(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("ns", c_uint64),
        ("length", c_size_t),
        ("module", c_uint32),
        ("from", c_uint32),
        ("kind", c_uint32),
        ("reserved", c_uint32),
    ]


class ReplayResult(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("digest", c_uint64),
        ("content_digest", c_uint64),
        ("logged_digest", c_uint64),
        ("logged_content_digest", c_uint64),
        ("outcome", c_uint32),
        ("cut_line", c_uint32),
    ]


class LanFrame(Sized):
    _fields_ = [
        ("size", c_size_t),
        ("ns", c_uint64),
        ("length", c_size_t),
    ]


#: The structure of each name in the header.
STRUCTURES: dict[str, type[ctypes.Structure]] = {
    "espat_world_options": WorldOptions,
    "espat_attach_options": AttachOptions,
    "espat_uart_byte": UartByte,
    "espat_statistics": Statistics,
    "espat_line_settings": LineSettings,
    "espat_pin_change": PinChange,
    "espat_module_status": ModuleStatus,
    "espat_link": Link,
    "espat_observation": Observation,
    "espat_expectation": Expectation,
    "espat_packet": Packet,
    "espat_replay_result": ReplayResult,
    "espat_lan_frame": LanFrame,
}

_WORLD, _MODULE, _TICK = c_void_p, c_uint32, c_uint64
_TO_U32, _TO_U64, _TO_SIZE = POINTER(c_uint32), POINTER(c_uint64), POINTER(c_size_t)
_TO_TEXT, _BYTES = POINTER(c_char_p), POINTER(UartByte)

#: Functions that answer an espat_status, with their arguments.
FUNCTIONS: dict[str, list[object]] = {
    "espat_digest_text": [c_uint64, c_char_p, c_size_t],
    "espat_world_new": [POINTER(WorldOptions), POINTER(c_void_p)],
    "espat_world_flush": [_WORLD],
    "espat_world_finish": [_WORLD],
    "espat_world_free": [_WORLD],
    "espat_world_seed": [_WORLD, _TO_U64],
    "espat_module_count": [_WORLD, _TO_SIZE],
    "espat_module_name": [_WORLD, c_size_t, _TO_TEXT],
    "espat_world_console": [_WORLD, c_char_p, _TO_TEXT],
    "espat_attach": [_WORLD, c_char_p, POINTER(AttachOptions), _TO_U32],
    "espat_detach": [_WORLD, _MODULE],
    "espat_uart_write_block": [_WORLD, _MODULE, _TICK, c_char_p, c_size_t],
    "espat_pin_set": [_WORLD, _MODULE, _TICK, c_uint32, c_uint32],
    "espat_mcu_overrun": [_WORLD, _MODULE, _TICK, c_uint8, c_uint32],
    "espat_next_event": [_WORLD, _MODULE, _TO_U64],
    "espat_advance": [_WORLD, _MODULE, _TICK],
    "espat_advance_all": [_WORLD, c_uint64],
    "espat_reached": [_WORLD, _MODULE, _TO_U64],
    "espat_reached_ns": [_WORLD, _MODULE, _TO_U64],
    "espat_uart_take": [_WORLD, _MODULE, _BYTES, c_size_t, _TO_SIZE],
    "espat_log_port_take": [_WORLD, _MODULE, _BYTES, c_size_t, _TO_SIZE],
    "espat_statistics_read": [_WORLD, _MODULE, POINTER(Statistics)],
    "espat_mcu_line_set": [_WORLD, _MODULE, _TICK, POINTER(LineSettings)],
    "espat_mcu_line_read": [_WORLD, _MODULE, POINTER(LineSettings)],
    "espat_module_line_read": [_WORLD, _MODULE, POINTER(LineSettings)],
    "espat_pin_take": [_WORLD, _MODULE, POINTER(PinChange), c_size_t, _TO_SIZE],
    "espat_module_state": [_WORLD, _MODULE, POINTER(ModuleStatus)],
    "espat_links_read": [_WORLD, _MODULE, POINTER(Link), c_size_t, _TO_SIZE],
    "espat_observation_check": [_WORLD, c_char_p, c_char_p],
    "espat_observation_take": [_WORLD, POINTER(Observation)],
    "espat_observation_read": [_WORLD, c_uint64, POINTER(Observation)],
    "espat_observation_count": [_WORLD, _TO_U64],
    "espat_expectation_count": [_WORLD, _TO_SIZE],
    "espat_expectation_read": [_WORLD, c_size_t, POINTER(Expectation)],
    "espat_host_received": [_WORLD, c_char_p, c_uint32, c_uint64, c_char_p, c_size_t, _TO_U64],
    "espat_capture_take": [_WORLD, c_char_p, c_size_t, _TO_SIZE],
    "espat_input_log_take": [_WORLD, c_char_p, c_size_t, _TO_SIZE],
    "espat_keylog_take": [_WORLD, c_char_p, c_size_t, _TO_SIZE],
    "espat_dialogue_take": [_WORLD, POINTER(Packet), c_char_p, c_size_t],
    "espat_warning_take": [_WORLD, _TO_TEXT],
    "espat_world_digest": [_WORLD, _TO_U64],
    "espat_world_content_digest": [_WORLD, _TO_U64],
    "espat_module_digest": [_WORLD, _MODULE, _TO_U64],
    "espat_world_replay": [c_char_p, c_size_t, POINTER(WorldOptions), POINTER(ReplayResult), POINTER(c_void_p)],
    "espat_lan_attach": [_WORLD, c_char_p, _TO_U32],
    "espat_lan_detach": [_WORLD, c_uint32],
    "espat_lan_send": [_WORLD, c_uint32, c_uint64, c_char_p, c_size_t],
    "espat_lan_take": [_WORLD, c_uint32, POINTER(LanFrame), c_char_p, c_size_t],
    "espat_world_snapshot": [_WORLD, c_uint64, c_char_p, c_size_t, _TO_U64],
    "espat_world_restore": [c_char_p, c_size_t, POINTER(WorldOptions), POINTER(c_void_p)],
}


def declare(library: ctypes.CDLL) -> None:
    """Gives the library's functions their types."""
    for name, arguments in FUNCTIONS.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, c_uint32
    library.espat_abi_version.restype = c_uint32
    library.espat_default_seed.restype = c_uint64
    for name in ("espat_version", "espat_default_scenario", "espat_last_error"):
        getattr(library, name).restype = c_char_p
