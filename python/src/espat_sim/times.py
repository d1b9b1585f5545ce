"""Times are whole nanoseconds of virtual time, everywhere: since the world's start, or from now on for a timeout."""

from __future__ import annotations

from .errors import refusals_hide_their_way

__tracebackhide__ = refusals_hide_their_way

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000

#: What next_event() answers when nothing will happen by itself (ESPAT_NEVER).
NEVER = 2**64 - 1


def timeout_ns(timeout: int, what: str = "timeout") -> int:
    """Checks a timeout. Other tools count in seconds: a slip between the two must not pass for a test that ran."""
    if not isinstance(timeout, int) or isinstance(timeout, bool):
        raise TypeError(f"{what}={timeout!r}: times are whole nanoseconds, such as 5 * SECOND")
    if timeout < 0 or 0 < timeout < MICROSECOND:
        raise ValueError(f"{what}={timeout}: less than a microsecond; times are nanoseconds, such as 5 * SECOND")
    return timeout


def whole_number(what: str, value: int) -> int:
    """Checks a time since the world's start or a seed, which the library takes in 64 bits: ctypes would cut it to them."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{what}={value!r}: expected a whole number")
    if not 0 <= value < 2**64:
        raise ValueError(f"{what}={value}: expected 0 to {2**64 - 1}")
    return value


def shown(ns: int) -> str:
    """A time for people, to the microsecond, as the dialogue shows it."""
    return f"{ns // SECOND}.{ns % SECOND // 1000:06} s"
