"""Firmware in QEMU with the module at its UART: `espat-sim qemu`, with what the firmware prints and the AT dialogue as
streams that are waited for in virtual time.

The run goes ahead as fast as it can and is read from a pipe, so waiting changes nothing in it: a run of the same firmware,
scenario and seed is the same, whatever a test looks for. What a test does to the world therefore stands in the scenario's
timeline.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import shlex
import signal
import subprocess
import tempfile
from typing import IO, Any, Optional, Sequence, Union

from .errors import Error, RunFailed, refusals_hide_their_way
from .library import command_path
from .stream import DEFAULT_TIMEOUT, Pattern, Stream
from .times import SECOND, timeout_ns, whole_number

__tracebackhide__ = refusals_hide_their_way

_Path = Union[str, "os.PathLike[str]"]

#: `     2.605142  ESP <- CONNECT`; with several modules, their names are before the arrow.
_LINE = re.compile(r"^ *(\d+)\.(\d{6})  (?:(\S+)  )?(MCU -> |ESP <- |       \| )(.*)$")
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.))")
_ESCAPED = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}


@dataclasses.dataclass(frozen=True)
class Result:
    """How a run ended. `exit_code` is that of `espat-sim qemu` (docs/qemu.md), `ns` the virtual time at its end, `facts` the
    lines of its report by their first word."""

    exit_code: int
    ns: int
    digest: str
    content_digest: str
    facts: dict[str, list[str]]


class Qemu:
    """A run of firmware. `expect`, `expect_exact` look at what the firmware prints; `dialogue` is the other stream."""

    def __init__(
        self,
        firmware: Optional[_Path] = None,
        machine: Optional[str] = None,
        *,
        command: Optional[Sequence[str]] = None,
        scenario_path: Optional[_Path] = None,
        seed: Optional[int] = None,
        console: int = 0,
        serial: int = 1,
        module: Optional[str] = None,
        limit: int = 600 * SECOND,
        options: Sequence[str] = (),
        arguments: Sequence[str] = (),
        folder: Optional[_Path] = None,
    ) -> None:
        """Starts `firmware` on a `machine` of qemu-system-arm with semihosting, or a QEMU command line of your own
        (`command`). `console` is the board's serial port that it prints on, `serial` that of the module. `limit` ends the
        run at that virtual time, in ns. `options` go to `espat-sim qemu`, `arguments` to QEMU. The capture, the input log,
        the report and what was printed land in `folder`; without one, in one that goes with the run.
        """
        if (firmware is None) == (command is None):
            raise Error("give either the firmware and its machine, or the whole command of QEMU")
        if firmware is not None and machine is None:
            raise Error("the machine is missing: it is what QEMU's -M takes, such as mps2-an385")
        timeout_ns(limit, "limit")
        if seed is not None:
            whole_number("seed", seed)
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="espat-")
        self.folder = pathlib.Path(folder or self._temporary.name)  # type: ignore[union-attr]
        self.folder.mkdir(parents=True, exist_ok=True)
        self.capture_path, self.input_log_path = self.folder / "capture.pcapng", self.folder / "input.espat-log"
        if command is None:
            command = ["qemu-system-arm", "-M", str(machine), "-display", "none", "-nodefaults", "-nic", "none"]
            command += ["-semihosting-config", "enable=on,target=native", "-kernel", os.fspath(firmware)]  # type: ignore[arg-type]
        run = ["--console", str(console), "--serial", str(serial), "--limit", f"{limit}ns"]
        run += ["--scenario", os.fspath(scenario_path)] if scenario_path else []
        run += ["--seed", str(seed)] if seed is not None else []
        run += ["--module", module] if module else []
        #: The seed that was given; None: the scenario has it.
        self.seed = seed
        #: What repeats this run, without this package.
        self.repeat = shlex.join(["espat-sim", "qemu", *run, *options, "--", *command, *arguments])
        files = ["--capture", str(self.capture_path), "--input-log", str(self.input_log_path)]
        files += ["--report", str(self.folder / "report.txt"), "--dialogue", "--color", "never", "--ends-with-input"]
        #: The virtual time of the last line that was read, in ns.
        self.now = 0
        self.console = Stream("the firmware's console", lambda: self.now, self._more, self._why_ended)
        self.dialogue = Stream("the dialogue", lambda: self.now, self._more, self._why_ended)
        self._ahead: Optional[tuple[int, Stream, bytes]] = None
        self._result: Optional[Result] = None
        self._printed = open(self.folder / "dialogue.txt", "w", encoding="utf-8")  # noqa: SIM115
        with open(self.folder / "messages.txt", "wb") as messages:
            self._process = subprocess.Popen(
                [command_path(), "qemu", *run, *files, *options, "--", *command, *arguments],
                # Nothing is written to it. It ends with this process, however that ends, and the run with it.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=messages,
                text=True,
                encoding="utf-8",
            )

    def expect(self, pattern: Union[Pattern, Sequence[Pattern]], timeout: int = DEFAULT_TIMEOUT, **options: bool) -> Any:
        """Waits until a regular expression matches what the firmware prints: Stream.expect(). A line ends with LF."""
        return self.console.expect(pattern, timeout, **options)

    def expect_exact(
        self, text: Union[str, bytes, Sequence[Union[str, bytes]]], timeout: int = DEFAULT_TIMEOUT, **options: bool
    ) -> bytes:
        """Waits until the firmware has printed these bytes: Stream.expect_exact()."""
        return self.console.expect_exact(text, timeout, **options)

    def write(self, _data: Union[str, bytes]) -> None:
        """Refused: what is typed at a wall-clock moment would make the run another one each time."""
        raise Error("nothing can be typed into a run in QEMU; what happens in it stands in the scenario's timeline")

    def wait(self, check: bool = True) -> Result:
        """Lets the run go on to its end. With `check` RunFailed is raised unless it ends with 0."""
        while self._line() is not None:
            self._deliver()
        result = self._end()
        if check and result.exit_code:
            raise RunFailed(f"the run ended with {result.exit_code}:\n{self.messages()}\nto run it again: {self.repeat}")
        return result

    @property
    def ended(self) -> Optional[Result]:
        """How the run ended, if it has."""
        return self._result

    def messages(self) -> str:
        """What `espat-sim qemu` has said beside the two streams: warnings, expectations, how it ended."""
        return (self.folder / "messages.txt").read_text("utf-8", "backslashreplace")

    def close(self) -> None:
        """Ends the run where it is, if it has not ended; its records are whole."""
        if self._result is None:
            self._process.send_signal(signal.SIGTERM)
            self.wait(check=False)
        if self._temporary:
            self._temporary.cleanup()

    def __enter__(self) -> Qemu:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _more(self, limit: int) -> bool:
        """Delivers the next line if it came by `limit`."""
        line = self._line()
        if line is None:
            return False
        if line[0] > limit:
            self.now = limit
            return False
        self._deliver()
        return True

    def _line(self) -> Optional[tuple[int, Stream, bytes]]:
        """The next line of the two streams, which stays until it is delivered; None when the run has ended."""
        output: IO[str] = self._process.stdout  # type: ignore[assignment]
        while self._ahead is None:
            if self._result is not None:
                return None
            text = output.readline()
            if not text:
                self._end()
                return None
            self._printed.write(text)
            self._ahead = self._read(text.rstrip("\n"))
        return self._ahead

    def _read(self, text: str) -> Optional[tuple[int, Stream, bytes]]:
        line = _LINE.match(text)
        if line is None:
            return None
        ns = int(line[1]) * SECOND + int(line[2]) * 1000
        if line[4].endswith("| "):
            return ns, self.console, _unescaped(line[5]) + b"\n"
        return ns, self.dialogue, f"{line[4]}{line[5]}\n".encode()

    def _deliver(self) -> None:
        if self._ahead is not None:
            ns, stream, data = self._ahead
            self._ahead = None
            self.now = max(self.now, ns)
            stream.append(data)

    def _why_ended(self) -> str:
        result = self._result
        return f"\nthe run has ended with exit code {result.exit_code}:\n{self.messages()}" if result else ""

    def _end(self) -> Result:
        if self._result is None:
            code = self._process.wait()
            self._process.stdin.close()  # type: ignore[union-attr]
            self._process.stdout.close()  # type: ignore[union-attr]
            self._printed.close()
            self._result = self._report(code)
            self.now = max(self.now, self._result.ns)
        return self._result

    def _report(self, code: int) -> Result:
        path = self.folder / "report.txt"
        facts: dict[str, list[str]] = {}
        for line in path.read_text("utf-8").splitlines() if path.exists() else []:
            word, _, rest = line.partition(" ")
            facts.setdefault(word, []).append(rest)

        def first(word: str) -> str:
            return facts.get(word, [""])[0]

        return Result(code, int(first("time") or 0), first("digest"), first("content-digest"), facts)


def _unescaped(text: str) -> bytes:
    return _ESCAPE.sub(lambda m: bytes([int(m[1], 16)]) if m[1] else _ESCAPED.get(m[2], m[0]), text.encode())
