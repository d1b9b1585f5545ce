"""espat-sim from Python: an ESP-AT Wi-Fi module as a deterministic simulation model.

You own time. Nothing happens by itself: store bytes, and let the world go on until what you expect is there.

    from espat_sim import SECOND, World

    with World(seed=7) as world:
        wifi = world.attach()
        wifi.expect_exact("ready")
        wifi.command("AT+CWMODE=1")
        wifi.command('AT+CWJAP="espat-sim","correct horse"')
        world.console("ap home down")
        wifi.expect_exact("WIFI DISCONNECT", timeout=10 * SECOND)
        print(world.digest())

Times are whole nanoseconds of virtual time. The pytest plugin of this package is espat_sim.pytest_plugin; docs/python.md and
docs/pytest.md are the tours.
"""

from .capture import Capture, TsharkMissing
from .constants import (
    EventKind,
    McuLoss,
    Outcome,
    OutputPin,
    PacketKind,
    Parity,
    Pin,
    Power,
    Protocol,
    Record,
    ReplayOutcome,
    Side,
    Status,
    StopBits,
    Wifi,
)
from .errors import CommandFailed, Error, RunFailed, Timeout
from .facts import Event, Expectation, Line, Link, Packet, PinChange, Replay, State, Statistics, UartByte
from .host import Host
from .lan import Lan
from .library import command_path, library_path
from .module import Module
from .qemu import Qemu, Result
from .stream import Stream
from .times import MICROSECOND, MILLISECOND, NEVER, SECOND
from .world import World, default_scenario, library_version, replay

__all__ = [
    "MICROSECOND",
    "MILLISECOND",
    "NEVER",
    "SECOND",
    "Capture",
    "CommandFailed",
    "Error",
    "Event",
    "EventKind",
    "Expectation",
    "Host",
    "Lan",
    "Line",
    "Link",
    "McuLoss",
    "Module",
    "Outcome",
    "OutputPin",
    "Packet",
    "PacketKind",
    "Parity",
    "Pin",
    "PinChange",
    "Power",
    "Protocol",
    "Qemu",
    "Record",
    "Replay",
    "ReplayOutcome",
    "Result",
    "RunFailed",
    "Side",
    "State",
    "Statistics",
    "Status",
    "StopBits",
    "Stream",
    "Timeout",
    "TsharkMissing",
    "UartByte",
    "Wifi",
    "World",
    "command_path",
    "default_scenario",
    "library_path",
    "library_version",
    "replay",
]
