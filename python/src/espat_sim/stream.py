"""Waiting for something in a stream of bytes, in virtual time: `expect` and `expect_exact` as pytest-embedded's `dut` and
pexpect have them. The UART of a module is such a stream, and so are what firmware prints and the dialogue of a run in QEMU.

What a match has passed over is gone: the next one looks behind it.
"""

from __future__ import annotations

import re
from typing import Any, Callable, Optional, Sequence, Union

from .errors import Timeout, refusals_hide_their_way
from .times import SECOND, shown, timeout_ns

__tracebackhide__ = refusals_hide_their_way

Pattern = Union[str, bytes, "re.Pattern[str]", "re.Pattern[bytes]"]

#: How long is waited unless a call says otherwise: 30 s of virtual time.
DEFAULT_TIMEOUT = 30 * SECOND
#: How much of what came instead is shown.
_EXCERPT = 2000

_Find = Callable[[bytes], Optional[Any]]


class Stream:
    """Bytes that come in virtual time."""

    def __init__(
        self, name: str, now: Callable[[], int], more: Callable[[int], bool], end: Callable[[], str] = lambda: ""
    ) -> None:
        """`more(limit)` lets time go on, to `limit` at most, and appends what comes; False when nothing can come by then.
        `end()` says of a stream that has ended how it came to that."""
        self._name, self._now, self._more, self._end = name, now, more, end
        self._waiting = bytearray()

    def append(self, data: bytes) -> None:
        """Adds what has come."""
        self._waiting += data

    def take(self) -> bytes:
        """What has come and was not taken or matched yet."""
        data = bytes(self._waiting)
        self._waiting.clear()
        return data

    def peek(self) -> bytes:
        """As take(), but it stays."""
        return bytes(self._waiting)

    def expect(
        self,
        pattern: Union[Pattern, Sequence[Pattern]],
        timeout: int = DEFAULT_TIMEOUT,
        *,
        return_what_before_match: bool = False,
    ) -> Any:
        """Waits until a regular expression matches, the first of several that does, and returns its re.Match, whose groups
        are bytes; or with `return_what_before_match` the bytes before it. `.` matches line ends, too.

        It is tried whenever something has come, so end a pattern with what follows: `\\+IPD,(\\d+):` and not
        `\\+IPD,(\\d+)`, which is content with the first digit.

        `timeout` is in ns. Raises Timeout when nothing has matched by then.
        """
        compiled = [_compiled(one) for one in _several(pattern)]
        found = self._wait(pattern, timeout, lambda data: next(filter(None, (c.search(data) for c in compiled)), None))
        match, before = found, self._past(found.end())[: found.start()]
        return before if return_what_before_match else match

    def expect_exact(
        self,
        text: Union[str, bytes, Sequence[Union[str, bytes]]],
        timeout: int = DEFAULT_TIMEOUT,
        *,
        return_what_before_match: bool = False,
    ) -> bytes:
        """Waits for these very bytes, the first of several that comes, and returns them; or with
        `return_what_before_match` those before them. `timeout` is in ns. Raises Timeout."""
        wanted = [_bytes(one) for one in _several(text)]

        def find(data: bytes) -> Optional[tuple[int, bytes]]:
            return next(((data.find(one), one) for one in wanted if one in data), None)

        start, which = self._wait(text, timeout, find)
        before = self._past(start + len(which))[:start]
        return before if return_what_before_match else which

    def _past(self, end: int) -> bytes:
        passed = bytes(self._waiting[:end])
        del self._waiting[:end]
        return passed

    def _wait(self, wanted: object, timeout: int, find: _Find) -> Any:
        start = self._now()
        deadline = start + timeout_ns(timeout)
        while True:
            found = find(bytes(self._waiting))
            if found is not None:
                return found
            if not self._more(deadline):
                # What came with the last step counts.
                found = find(bytes(self._waiting))
                if found is not None:
                    return found
                raise Timeout(self._sentence(wanted, start, deadline))

    def _sentence(self, wanted: object, start: int, deadline: int) -> str:
        came = bytes(self._waiting)
        cut = "... " if len(came) > _EXCERPT else ""
        what = f"{cut}{came[-_EXCERPT:].decode('utf-8', 'backslashreplace')}" if came else "nothing"
        end = self._now()
        ended = end < deadline
        until = f"before it ended at {shown(end)}" if ended else f"by {shown(deadline)}"
        why = self._end() if ended else ""
        shown_wanted = wanted.pattern if isinstance(wanted, re.Pattern) else wanted
        return f"{self._name}: {shown_wanted!r} did not come {until} (waited from {shown(start)}); what came:\n{what}{why}"


def _several(one_or_more: Any) -> Sequence[Any]:
    return one_or_more if isinstance(one_or_more, (list, tuple)) else [one_or_more]


def _bytes(text: Union[str, bytes]) -> bytes:
    return text.encode() if isinstance(text, str) else bytes(text)


def _compiled(pattern: Pattern) -> re.Pattern[bytes]:
    if isinstance(pattern, re.Pattern):
        if isinstance(pattern.pattern, bytes):
            return pattern
        return re.compile(pattern.pattern.encode(), pattern.flags & ~re.UNICODE)
    return re.compile(_bytes(pattern), re.DOTALL)
