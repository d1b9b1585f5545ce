"""A simulated world: modules, their network, and time that moves when the caller says so."""

from __future__ import annotations

import ctypes
import json
import os
import re
import weakref
from typing import Any, Optional, Union

from . import abi, facts
from .constants import Outcome, PacketKind, Record, ReplayOutcome, Side, Status
from .errors import Error, Timeout, refusals_hide_their_way
from .host import Host
from .lan import Lan
from .library import load
from .module import MCU_TX, OBEYS_RTS, Module, one_of
from .stream import DEFAULT_TIMEOUT
from .times import shown, timeout_ns, whole_number

__tracebackhide__ = refusals_hide_their_way

#: How far one module of a world may be ahead of the slowest one.
LOOKAHEAD = 100_000
#: What is kept unless the caller says otherwise.
DEFAULT_RECORD = Record.OBSERVATIONS | Record.HOST_RECEIVED | Record.LOG_PORT

_Path = Union[str, "os.PathLike[str]"]


class World:
    """A world at time 0. Close it, or use it as a context manager.

    `scenario` is TOML text and `scenario_path` a file; without either, the built-in scenario. `seed` goes before the
    scenario's. `capture`, `input_log` and `keylog` (of TLS) are files, written as the run goes. `record` is what is kept
    for being asked; in a long run, take it now and then or keep less.
    """

    def __init__(
        self,
        scenario: Optional[str] = None,
        *,
        scenario_path: Optional[_Path] = None,
        seed: Optional[int] = None,
        capture: Optional[_Path] = None,
        input_log: Optional[_Path] = None,
        keylog: Optional[_Path] = None,
        record: Record = DEFAULT_RECORD,
    ) -> None:
        library, handle = load(), ctypes.c_void_p()
        options = _recording(record, capture, input_log, keylog)
        options.scenario = scenario.encode() if scenario is not None else None
        options.scenario_path = os.fsencode(scenario_path) if scenario_path else None
        if seed is not None:
            options.seed, options.seed_given = whole_number("seed", seed), 1
        _check(library, library.espat_world_new(ctypes.byref(options), ctypes.byref(handle)))
        self._own(library, handle)

    @classmethod
    def restore(
        cls,
        snapshot: bytes,
        *,
        capture: Optional[_Path] = None,
        input_log: Optional[_Path] = None,
        keylog: Optional[_Path] = None,
        record: Record = DEFAULT_RECORD,
    ) -> World:
        """The world of a `snapshot()`, as it was then, or that of the input log of a run that was finished, at its end.

        `attach` gives the caller the modules that had a driver, as they were. What could be taken before is gone; `capture`,
        `input_log` and `keylog` are those of the whole run, so give them files of their own. An Error when the snapshot was
        cut off or damaged, or is of another version of the library; no file is touched then.
        """
        library, handle = load(), ctypes.c_void_p()
        options = _recording(record, capture, input_log, keylog)
        _check(
            library,
            library.espat_world_restore(snapshot, len(snapshot), ctypes.byref(options), ctypes.byref(handle)),
        )
        world = cls.__new__(cls)
        world._own(library, handle)
        tick = ctypes.c_uint64()
        for number, name in enumerate(world.modules()):
            if library.espat_reached(handle, number, ctypes.byref(tick)) != Status.NOT_ATTACHED:
                world._restored[name] = number
        return world

    def _own(self, library: ctypes.CDLL, handle: ctypes.c_void_p) -> None:
        self._library, self._handle = library, handle
        # Modules that had a driver when this world was saved, and have none in this process yet.
        self._restored: dict[str, int] = {}
        # A world that nobody closes is freed with its object.
        self._finalizer = weakref.finalize(self, self._library.espat_world_free, handle)
        self._attached: list[Module] = []
        self._seen = 0

    def call(self, function: str, *arguments: object) -> None:
        """Calls a function of the library with this world before `arguments`; an answer other than 0 is an Error."""
        if self.closed:
            raise Error("the world is closed")
        _check(self._library, getattr(self._library, function)(self._handle, *arguments))

    # --- Modules and time -----------------------------------------------------------------------------------------------

    def modules(self) -> list[str]:
        """The names of the modules, in the order of their numbers."""
        count, name = ctypes.c_size_t(), ctypes.c_char_p()
        self.call("espat_module_count", ctypes.byref(count))
        names = []
        for index in range(count.value):
            self.call("espat_module_name", index, ctypes.byref(name))
            names.append((name.value or b"").decode())
        return names

    def attach(
        self, name: Optional[str] = None, *, mcu_tx: Optional[str] = None, obeys_rts: Optional[bool] = None
    ) -> Module:
        """The module of that name, driven by the caller from now on. The name may be left out when there is one module.

        `mcu_tx` ("wire" or "as-stored") and `obeys_rts` go before the scenario; None leaves them to it. In a world that was
        restored, a module that had a driver keeps what that one gave.
        """
        names = self.modules()
        if name is None and len(names) > 1:
            raise Error(f"this world has several modules, say which: {', '.join(names)}")
        chosen = name if name is not None else names[0]
        if chosen in self._restored:
            module = Module(self, chosen, self._restored.pop(chosen))
            self._attached.append(module)
            return module
        options = abi.AttachOptions(
            mcu_tx=one_of("mcu_tx", mcu_tx, MCU_TX), obeys_rts=one_of("obeys_rts", obeys_rts, OBEYS_RTS)
        )
        number = ctypes.c_uint32()
        self.call("espat_attach", chosen.encode(), ctypes.byref(options), ctypes.byref(number))
        module = Module(self, chosen, number.value)
        self._attached.append(module)
        return module

    def forget(self, module: Module) -> None:
        """For Module.detach(): the module no longer moves with the others."""
        self._attached.remove(module)

    def step(self, limit: int) -> None:
        """Lets the attached modules go on to the next event, at most to `limit`: together, none more than 100 us ahead."""
        if not self._attached:
            raise Error("no module is attached, so nobody moves time: attach() one")
        for module in self._attached:
            module.pull()
        slowest = min(module.now for module in self._attached)
        target = min(limit, max(slowest, min(module.next_event() for module in self._attached)))
        if len(self._attached) > 1:
            target = min(target, slowest + LOOKAHEAD)
        for module in self._attached:
            if module.now <= target:
                module.advance(target)

    def advance(self, to: int) -> None:
        """Lets everything up to and including `to` happen for all attached modules."""
        if len(self._attached) > 1 and all(module.now <= to for module in self._attached):
            self.advance_all(to)
        while self._attached and min(module.now for module in self._attached) < to:
            if len(self._attached) == 1:
                self._attached[0].advance(to)
            else:
                self.step(to)

    def advance_all(self, to: int) -> None:
        """Lets everything up to and including `to` happen for all modules, also for those that nobody has attached, in one
        call: what waits costs nothing. An Error when a module has come further; nothing was changed then."""
        self.call("espat_advance_all", whole_number("to", to))
        for module in self._attached:
            module.catch_up()

    # --- Changing the world ---------------------------------------------------------------------------------------------

    def console(self, line: str) -> str:
        """Carries out a line of the console, such as "ap home down" (docs/console.md); what it answers. A change takes
        effect at the earliest instant that no module has passed, or at its own time: "at 1.5s ap home down"."""
        answer = ctypes.c_char_p()
        self.call("espat_world_console", line.encode(), ctypes.byref(answer))
        return (answer.value or b"").decode()

    def console_json(self, line: str) -> dict[str, Any]:
        """The same line, with its answer as facts: `world.console_json("links")["links"][0]["peer"]`. The fields of each
        question are in docs/console.md, "Answers for programs"; `at_ns`, the virtual time that the answer is about, is
        beside them. Of a change it is when it takes effect, and `change` is the line as the input log has it.

        A line that is refused is an Error with the sentence itself.
        """
        try:
            answer = self.console(f"json {line}")
        except Error as error:
            raise Error(_sentence(str(error)), error.status) from None
        facts_of_it: dict[str, Any] = json.loads(answer)
        return facts_of_it

    def host(self, name: str) -> Host:
        """The host of that name."""
        return Host(self, name)

    def lan(self, access_point: str) -> Lan:
        """A cable into the LAN of an access point, for a device whose frames the caller makes."""
        return Lan(self, access_point)

    # --- What happened --------------------------------------------------------------------------------------------------

    def events(self, start: int = 0) -> list[facts.Event]:
        """The events from number `start` on. Nothing is taken."""
        found = []
        while (event := self._event(start)) is not None:
            found.append(event)
            start = event.number + 1
        return found

    def take_events(self) -> list[facts.Event]:
        """Takes the events that were not taken yet out of the world's memory."""
        found: list[facts.Event] = []
        while True:
            raw = abi.Observation()
            self.call("espat_observation_take", ctypes.byref(raw))
            event = facts.Event.of(raw)
            if event is None:
                return found
            found.append(event)

    def _event(self, start: int) -> Optional[facts.Event]:
        raw = abi.Observation()
        self.call("espat_observation_read", start, ctypes.byref(raw))
        return facts.Event.of(raw)

    def wait_for_event(
        self,
        subject: str = "",
        kind: str = "",
        text: Union[str, re.Pattern[str], None] = None,
        timeout: int = DEFAULT_TIMEOUT,
        **fields: object,
    ) -> facts.Event:
        """Lets time pass until such an event is there: of `subject` (a module or a host), of this `kind` (docs/expect.md),
        whose sentence contains `text` or matches it, and whose fields are equal to `fields`, such as link=0.

        As with `expect`, the search begins behind the event that the last wait has found. `timeout` is in ns. Raises
        Timeout with what came instead, and Error when the world has no such subject or kind.
        """
        self.call("espat_observation_check", subject.encode(), kind.encode())
        now = min((module.now for module in self._attached), default=0)
        start, deadline, others = self._seen, now + timeout_ns(timeout), []
        while True:
            while (event := self._event(start)) is not None:
                start = event.number + 1
                if (not subject or event.subject == subject) and (not kind or event.kind == kind):
                    if _says(event, text) and all(getattr(event, name) == value for name, value in fields.items()):
                        self._seen = start
                        return event
                    others.append(event)
            if min((module.now for module in self._attached), default=0) >= deadline:
                wanted = " ".join(str(part) for part in (subject, kind, text or "", fields or "") if part) or "an event"
                seen = "\n".join(f"{shown(e.ns)} {e.subject} {e.kind} {e.text}" for e in others[-20:]) or "nothing"
                raise Timeout(f"{wanted}: did not happen by {shown(deadline)}; what came:\n{seen}")
            self.step(deadline)

    def expectations(self) -> list[facts.Expectation]:
        """The lines of the scenario's `expect`, with what has come of each by now."""
        count = ctypes.c_size_t()
        self.call("espat_expectation_count", ctypes.byref(count))
        found = []
        for index in range(count.value):
            raw = abi.Expectation()
            self.call("espat_expectation_read", index, ctypes.byref(raw))
            found.append(facts.Expectation.of(raw))
        return found

    def check_expectations(self) -> None:
        """Finishes the world and raises AssertionError with a sentence for each line of `expect` that has failed."""
        self.finish()
        failed = [f"line {one.line}: {one.why}" for one in self.expectations() if one.outcome == Outcome.FAILED]
        if failed:
            raise AssertionError("the scenario expects what has not happened:\n" + "\n".join(failed))

    # --- Records --------------------------------------------------------------------------------------------------------

    def dialogue(self) -> list[facts.Packet]:
        """Takes what was said on the UARTs, one line, prompt or data block each. Needs Record.DIALOGUE."""
        found: list[facts.Packet] = []
        names, size = self.modules(), 4096
        while True:
            raw, buffer = abi.Packet(), ctypes.create_string_buffer(size)
            status = self._library.espat_dialogue_take(self._handle, ctypes.byref(raw), buffer, size)
            if status == Status.BUFFER_TOO_SMALL:
                size = raw.length
                continue
            _check(self._library, status)
            if not raw.kind:
                return found
            found.append(
                facts.Packet(
                    raw.ns,
                    names[raw.module],
                    facts.known(Side, getattr(raw, "from")),
                    facts.known(PacketKind, raw.kind),
                    buffer.raw[: raw.length],
                )
            )

    def warnings(self) -> list[str]:
        """Takes the warnings, each a sentence with its virtual time."""
        found: list[str] = []
        warning = ctypes.c_char_p()
        while True:
            self.call("espat_warning_take", ctypes.byref(warning))
            if warning.value is None:
                return found
            found.append(warning.value.decode())

    def capture(self) -> bytes:
        """Takes what there is of the capture (pcapng). Needs Record.CAPTURE; all pieces until after finish() are the file."""
        return self._pull("espat_capture_take")

    def input_log(self) -> bytes:
        """Takes what there is of the input log, as capture() does. Needs Record.INPUT_LOG."""
        return self._pull("espat_input_log_take")

    def keylog(self) -> bytes:
        """Takes what there is of the TLS key log, as capture() does. Needs Record.KEYLOG."""
        return self._pull("espat_keylog_take")

    def _pull(self, function: str) -> bytes:
        length = ctypes.c_size_t()
        self.call(function, None, 0, ctypes.byref(length))
        size = length.value
        if size == 0:
            return b""
        buffer = ctypes.create_string_buffer(size)
        self.call(function, buffer, size, ctypes.byref(length))
        return buffer.raw[: length.value]

    def snapshot(self) -> bytes:
        """The world as it is, for `World.restore`: a text, the input log so far. Needs Record.SNAPSHOT.

        What modules have sent by now counts as taken: `read` it before.
        """
        length = ctypes.c_uint64()
        self.call("espat_world_snapshot", 0, None, 0, ctypes.byref(length))
        buffer = ctypes.create_string_buffer(length.value)
        self.call("espat_world_snapshot", 0, buffer, length.value, ctypes.byref(length))
        return buffer.raw

    def seed(self) -> int:
        """The seed in force."""
        seed = ctypes.c_uint64()
        self.call("espat_world_seed", ctypes.byref(seed))
        return seed.value

    def digest(self) -> str:
        """The digest of everything that has happened on UARTs, pins and in frames, with the times: 16 hex digits."""
        return self.digest_of("espat_world_digest")

    def content_digest(self) -> str:
        """The digest without times, which serves to compare runs under different emulators."""
        return self.digest_of("espat_world_content_digest")

    def digest_of(self, function: str, *arguments: object) -> str:
        """The digest that `function` of the library gives, as it is shown everywhere."""
        value = ctypes.c_uint64()
        self.call(function, *arguments, ctypes.byref(value))
        return f"{value.value:016x}"

    def flush(self) -> None:
        """Writes what has been recorded so far into the files, and returns when it is there."""
        self.call("espat_world_flush")

    def finish(self) -> None:
        """Ends the recordings: files are complete, and the world takes no more inputs."""
        self.call("espat_world_finish")

    def close(self) -> None:
        """Finishes the world and frees it. An Error when a file could not be written."""
        if self._finalizer.detach():
            handle, self._handle = self._handle, ctypes.c_void_p()
            _check(self._library, self._library.espat_world_free(handle))

    @property
    def closed(self) -> bool:
        """Whether the world is freed, and every call to it an Error."""
        return not self._finalizer.alive

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _recording(
    record: Record, capture: Optional[_Path], input_log: Optional[_Path], keylog: Optional[_Path]
) -> abi.WorldOptions:
    """Options of a world that records this."""
    return abi.WorldOptions(
        record=int(record),
        capture_path=os.fsencode(capture) if capture else None,
        input_log_path=os.fsencode(input_log) if input_log else None,
        keylog_path=os.fsencode(keylog) if keylog else None,
    )


def replay(log: bytes) -> facts.Replay:
    """Runs an input log again: the same bytes, capture and digests, without MCU or emulator."""
    library, result = load(), abi.ReplayResult()
    _check(library, library.espat_world_replay(log, len(log), None, ctypes.byref(result), None))
    return facts.Replay(
        outcome=facts.known(ReplayOutcome, result.outcome),
        digest=f"{result.digest:016x}",
        content_digest=f"{result.content_digest:016x}",
        logged_digest=f"{result.logged_digest:016x}",
        logged_content_digest=f"{result.logged_content_digest:016x}",
        cut_line=result.cut_line,
    )


def default_scenario() -> str:
    """The built-in scenario as TOML text, to begin one's own with."""
    return str(load().espat_default_scenario().decode())


def library_version() -> str:
    """The version of the library, such as "0.1.0"."""
    return str(load().espat_version().decode())


def _check(library: ctypes.CDLL, status: int) -> None:
    if status:
        raise Error(library.espat_last_error().decode(), status)


def _sentence(refusal: str) -> str:
    """What is wrong with a line that asks for JSON is told as JSON; other refusals are sentences already."""
    return str(json.loads(refusal)["error"]) if refusal.startswith("{") else refusal


def _says(event: facts.Event, text: Union[str, re.Pattern[str], None]) -> bool:
    if text is None:
        return True
    return bool(text.search(event.text)) if isinstance(text, re.Pattern) else text in event.text
