"""Times are whole nanoseconds of virtual time, everywhere: since the world's start, or from now on for a timeout."""

from __future__ import annotations

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000

#: What next_event() answers when nothing will happen by itself (ESPAT_NEVER).
NEVER = 2**64 - 1


def timeout_ns(timeout: int) -> int:
    """Checks a timeout. Other tools count in seconds: a slip between the two must not pass for a test that ran."""
    if not isinstance(timeout, int) or isinstance(timeout, bool):
        raise TypeError(f"timeout={timeout!r}: times are whole nanoseconds, such as 5 * SECOND")
    if timeout < 0 or 0 < timeout < MICROSECOND:
        raise ValueError(f"timeout={timeout}: less than a microsecond; times are nanoseconds, such as 5 * SECOND")
    return timeout


def shown(ns: int) -> str:
    """A time for people, to the microsecond, as the dialogue shows it."""
    return f"{ns // SECOND}.{ns % SECOND // 1000:06} s"
