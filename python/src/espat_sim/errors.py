"""What can go wrong: a call that the library refuses, and something awaited that has not come."""

from __future__ import annotations

from typing import Any


class Error(Exception):
    """A call was refused, and nothing was changed. The text is the library's sentence.

    `status` is the number, one of espat_sim.Status unless a newer library has added it; 0 where no call was made.
    """

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status


class Timeout(AssertionError):
    """What was awaited did not come in virtual time. The text says what was awaited, until when, and what came instead."""


class CommandFailed(AssertionError):
    """The module answered a command with something other than OK. `answer` has its lines."""

    def __init__(self, command: str, answer: list[str]) -> None:
        super().__init__(f"{command}: {', '.join(line for line in answer if line) or 'no answer'}")
        self.answer = answer


class RunFailed(AssertionError):
    """A run of `espat-sim qemu` ended otherwise than with 0. The text has what it said about that."""


def refusals_hide_their_way(caught: Any) -> bool:
    """For pytest, which asks each module of a traceback (`__tracebackhide__`) whether it stays out of it: where something was
    refused or did not come, the sentence and the test's own line say all. Other exceptions are shown whole."""
    return isinstance(caught.value, (Error, AssertionError, ValueError, TypeError))
