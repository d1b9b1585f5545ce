"""The pytest plugin: worlds, modules and firmware in QEMU as fixtures, and what is left of a test that fails.

Fixtures: `espat` (a world), `module` (attached, at time 0), `qemu` (starts firmware), `capture` (the capture of either),
`espat_qemu`, `espat_seed`, `espat_scenario` and `espat_folder`. Options: --espat-seed, --espat-seeds, --espat-output.
Marker: espat.

A test has a folder for its records, which stays when it fails and goes when it passes. The expectations of a scenario
(`expect`) are held against the world at the end of a test, and of a run in QEMU by `espat-sim qemu` itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import re
import shlex
import shutil
from typing import Any, Callable, Iterator, Optional

import pytest

from .capture import Capture, TsharkMissing
from .constants import Record
from .errors import Error, refusals_hide_their_way
from .module import Module
from .qemu import Qemu
from .times import shown
from .world import DEFAULT_RECORD, World

MARKER = "espat(scenario=None, file=None, module=None, seed=None, mcu_tx=None, obeys_rts=None): the world of a test"


def __tracebackhide__(caught: Any) -> bool:
    return isinstance(caught.value, pytest.UsageError) or refusals_hide_their_way(caught)


_KEYS = ("scenario", "file", "module", "seed", "mcu_tx", "obeys_rts")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("espat-sim", "simulated ESP-AT modules")
    group.addoption("--espat-seed", type=int, metavar="N", help="the seed; goes before marker and scenario")
    group.addoption(
        "--espat-seeds", type=int, metavar="N", help="run each test of a world N times, with seeds from --espat-seed or 1 on"
    )
    group.addoption(
        "--espat-output",
        default="espat-failures",
        metavar="DIR",
        help="where captures, logs and reports of failed tests go (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    seeds, seed = config.getoption("--espat-seeds"), config.getoption("--espat-seed")
    if seeds is not None and seeds < 1:
        raise pytest.UsageError(f"--espat-seeds {seeds}: at least 1")
    if seed is not None and not 0 <= seed <= 2**64 - (seeds or 1):
        raise pytest.UsageError(f"--espat-seed {seed}: seeds are 0 to {2**64 - 1}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    count = metafunc.config.getoption("--espat-seeds")
    if count is not None and "espat_seed" in metafunc.fixturenames:
        first = metafunc.config.getoption("--espat-seed")
        start = 1 if first is None else first
        metafunc.parametrize("espat_seed", range(start, start + count), ids=lambda seed: f"seed{seed}")


def folder_name(nodeid: str) -> str:
    """What a test's folder is called: like the test, as far as that can name a file. No two tests have one."""
    name = re.sub(r"[^\w.\[\]-]+", "-", nodeid.replace("::", "-"))
    path, bracket, parameters = nodeid.partition("[")
    # Then the name says which test it is, without more.
    is_plain = re.fullmatch(r"(?:[\w./]|::)+", path) and re.fullmatch(r"[\w.\[\]-]*", parameters)
    if is_plain and len(name) <= 200:
        return name
    return f"{name[-200:]}-{hashlib.sha256(nodeid.encode()).hexdigest()[:8]}"


class Evidence:
    """The worlds and runs of one test, and their folder."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item
        self.folder = item.config.rootpath / str(item.config.getoption("--espat-output")) / folder_name(item.nodeid)
        self.world: Optional[World] = None
        self.runs: list[Qemu] = []
        self._kept = False
        try:
            if self.folder.exists():
                shutil.rmtree(self.folder)  # of an earlier run
            _make(self.folder)
        except OSError as error:
            sentence = f"cannot make {self.folder} for the test's records: {error.strerror}; --espat-output names another"
            raise Error(sentence) from None

    def capture(self) -> Capture:
        """The capture of the last run in QEMU, or of the world."""
        if self.runs:
            return Capture(self.runs[-1].capture_path)
        world = self.world
        if world is None:
            raise Error("there is nothing to capture: the test has neither a world nor a run in QEMU")
        return Capture(self.folder / "capture.pcapng", world.flush)

    def keep(self) -> str:
        """Writes everything out, for a test that has failed. Returns what there is to say about it."""
        said = []
        for run in self.runs:
            run.close()
            result = run.wait(check=False)
            # One that could not be started has neither a time nor a digest.
            when = f" at {shown(result.ns)}, digest {result.digest}" if result.digest else ""
            said.append(f"QEMU: exit code {result.exit_code}{when}")
            said.append(f"  alone: {run.repeat}")
        seed = self.runs[-1].seed if self.runs else None
        if self.world is not None and not self.world.closed:
            seed = self.world.seed()
            said.append(self._report(self.world))
        if any(self.folder.iterdir()):
            self._kept = True
            said.append(f"records: {_shown_path(self._item, self.folder)}")
        said.append(f"to run it again: {self._command(seed)}")
        return "\n".join(said)

    def properties(self) -> list[tuple[str, object]]:
        """Seed and digest of the world, and of runs in QEMU that have ended, for JUnit."""
        found: list[tuple[str, object]] = []
        if self.world is not None and not self.world.closed:
            found += [("espat_seed", self.world.seed()), ("espat_digest", self.world.digest())]
        for run in self.runs:
            if run.ended is not None:
                found += [("espat_seed", run.seed)] if run.seed is not None else []
                found += [("espat_digest", run.ended.digest)]
        return found

    def _report(self, world: World) -> str:
        world.finish()
        (self.folder / "dialogue.txt").write_text("".join(f"{packet}\n" for packet in world.dialogue()), "utf-8")
        lines = [f"seed {world.seed()}", f"digest {world.digest()}", f"content-digest {world.content_digest()}"]
        lines += [f"warning {warning}" for warning in world.warnings()]
        lines += [f"expect {one.line} {one.why or 'not failed'}" for one in world.expectations()]
        lines += [f"event {shown(one.ns)} {one.subject} {one.kind} {one.text}" for one in world.events()]
        (self.folder / "report.txt").write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return f"world: seed {world.seed()}, digest {world.digest()}; espat-sim replay repeats input.espat-log"

    def _command(self, seed: Optional[int]) -> str:
        """One command line, from where this one was given."""
        test = self._item.nodeid.partition("::")
        path = _shown_path(self._item, self._item.path)
        words = ["pytest", f"{path}::{test[2]}"]
        if seed is not None:
            words += ["--espat-seed", str(seed)]
        if self._item.config.getoption("--espat-seeds") is not None:
            words += ["--espat-seeds", "1"]
        return shlex.join(words)

    def close(self) -> None:
        """Ends what is still running. The folder goes unless the test has failed."""
        for run in self.runs:
            run.close()
        if self.world is not None:
            self.world.close()
        if not self._kept:
            shutil.rmtree(self.folder, ignore_errors=True)
            # And the folder of folders with the last one.
            with contextlib.suppress(OSError):
                self.folder.parent.rmdir()


def _make(folder: pathlib.Path) -> None:
    """Makes a folder, and the folder of folders, which another process of pytest-xdist may remove in between."""
    for _ in range(100):
        with contextlib.suppress(FileNotFoundError):
            folder.mkdir(parents=True)
            return
    folder.mkdir(parents=True)


_EVIDENCE = pytest.StashKey[Evidence]()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Any:
    """A test that has passed so far fails when the scenario expects what has not happened. JUnit has seed and digest."""
    evidence = pyfuncitem.stash.get(_EVIDENCE, None)
    if evidence is None:
        return (yield)
    try:
        outcome = yield
        if evidence.world is not None and not evidence.world.closed:
            evidence.world.check_expectations()
    finally:
        pyfuncitem.user_properties += evidence.properties()
    return outcome


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    evidence = item.stash.get(_EVIDENCE, None)
    # A fixture that fails to set up the test has a world as well; at the test's end it is gone.
    if report.failed and report.when != "teardown" and evidence is not None:
        try:
            kept = evidence.keep()
        except (Error, OSError) as error:
            kept = f"the records are not whole: {error}"
        report.sections.append(("espat-sim", kept))
    return report


@pytest.fixture
def espat_seed(request: pytest.FixtureRequest) -> Optional[int]:
    """The seed that the command line or the marker gives; None leaves it to the scenario."""
    given = request.config.getoption("--espat-seed")
    return given if given is not None else _marker(request).get("seed")


@pytest.fixture
def espat_scenario(request: pytest.FixtureRequest) -> Optional[pathlib.Path]:
    """The file of the test's scenario: the marker's `file` (beside the test), or that of the test module's name with
    .toml beside it, or none: the built-in scenario. The marker's `scenario` is text, written to the test's folder."""
    marker = _marker(request)
    if marker.get("scenario") is not None:
        if marker.get("file") is not None:
            raise pytest.UsageError(f"{request.node.nodeid}: the marker espat has both a scenario and a file")
        path: pathlib.Path = request.getfixturevalue("espat_folder") / "scenario.toml"
        path.write_text(marker["scenario"], "utf-8")
        return path
    if marker.get("file") is not None:
        return pathlib.Path(request.path.parent / marker["file"])
    beside = request.path.with_suffix(".toml")
    return beside if beside.exists() else None


@pytest.fixture
def espat_evidence(request: pytest.FixtureRequest) -> Iterator[Evidence]:
    """The test's worlds and runs; for the other fixtures."""
    evidence = Evidence(request.node)
    request.node.stash[_EVIDENCE] = evidence
    yield evidence
    evidence.close()


@pytest.fixture
def espat_folder(espat_evidence: Evidence) -> pathlib.Path:
    """Where the test's records are while it runs, and stay when it fails."""
    return espat_evidence.folder


@pytest.fixture
def espat(espat_evidence: Evidence, espat_seed: Optional[int], espat_scenario: Optional[pathlib.Path]) -> World:
    """A world of the test's scenario and seed, at time 0."""
    world = World(
        scenario_path=espat_scenario,
        seed=espat_seed,
        capture=espat_evidence.folder / "capture.pcapng",
        input_log=espat_evidence.folder / "input.espat-log",
        record=DEFAULT_RECORD | Record.DIALOGUE,
    )
    espat_evidence.world = world
    return world


@pytest.fixture
def module(espat: World, request: pytest.FixtureRequest) -> Module:
    """The world's module, or that of the marker's name, with the test as its MCU; at time 0, not yet `ready`."""
    marker = _marker(request)
    return espat.attach(marker.get("module"), mcu_tx=marker.get("mcu_tx"), obeys_rts=marker.get("obeys_rts"))


@pytest.fixture
def espat_qemu(
    espat_evidence: Evidence,
    espat_seed: Optional[int],
    espat_scenario: Optional[pathlib.Path],
    request: pytest.FixtureRequest,
) -> Callable[..., Qemu]:
    """Starts firmware: qemu("build/firmware.elf", "mps2-an385"), with the arguments of espat_sim.Qemu. The firmware's path
    counts from the test's folder, or from where pytest was started. The run ends with the test."""

    def start(firmware: Any = None, machine: Optional[str] = None, **arguments: Any) -> Qemu:
        if firmware is not None:
            beside = request.path.parent / firmware
            firmware = (beside if beside.exists() else pathlib.Path(firmware)).resolve()
            if not firmware.exists():
                raise Error(f"there is no firmware {firmware}")
        arguments.setdefault("seed", espat_seed)
        arguments.setdefault("scenario_path", espat_scenario)
        arguments.setdefault("module", _marker(request).get("module"))
        arguments.setdefault("folder", espat_evidence.folder / f"qemu-{len(espat_evidence.runs) + 1}")
        run = Qemu(firmware, machine, **arguments)
        espat_evidence.runs.append(run)
        return run

    return start


@pytest.fixture
def qemu(espat_qemu: Callable[..., Qemu]) -> Callable[..., Qemu]:
    """espat_qemu by its short name, which pytest-embedded has for a fixture of its own."""
    return espat_qemu


class _SkippingCapture(Capture):
    """As the capture, but a test that needs tshark where there is none is skipped."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    def packets(self, display_filter: str = "", fields: Optional[list[str]] = None) -> list[list[str]]:
        found = self._evidence.capture()
        self.path = found.path
        try:
            return found.packets(display_filter, fields)
        except TsharkMissing as missing:
            pytest.skip(str(missing))


@pytest.fixture
def capture(espat_evidence: Evidence) -> Capture:
    """The capture of the test's world, or of its last run in QEMU, as far as that has come."""
    return _SkippingCapture(espat_evidence)


def _marker(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the markers `espat` say: that of the test before its class's before its module's."""
    said: dict[str, Any] = {}
    for mark in reversed(list(request.node.iter_markers("espat"))):
        unknown = sorted(set(mark.kwargs) - set(_KEYS))
        if mark.args or unknown:
            raise pytest.UsageError(f"{request.node.nodeid}: the marker is {MARKER.partition(':')[0]}")
        said.update(mark.kwargs)
    return said


def _shown_path(item: pytest.Item, path: pathlib.Path) -> str:
    """As one would type it where pytest was started."""
    try:
        return os.path.relpath(path, item.config.invocation_params.dir)
    except ValueError:  # another drive
        return str(path)
