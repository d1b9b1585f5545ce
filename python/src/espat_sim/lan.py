"""A device with Ethernet in the modules' network: a cable into an access point's LAN, and frames by hand."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from . import abi
from .errors import refusals_hide_their_way
from .times import whole_number

if TYPE_CHECKING:
    from .world import World

__tracebackhide__ = refusals_hide_their_way

_LONGEST = 1518


class Lan:
    """A cable into the LAN of an access point; what is at its other end is the caller's. World.lan() makes it.

    Frames are Ethernet's, from the destination's address on, without the checksum. One takes 100 us through the cable,
    either way.
    """

    def __init__(self, world: World, access_point: str) -> None:
        self._world = world
        number = ctypes.c_uint32()
        world.call("espat_lan_attach", access_point.encode(), ctypes.byref(number))
        #: Its number; in the capture it is the interface `lan` with this number.
        self.number: int = number.value

    def send(self, frame: bytes, at: int) -> None:
        """The device sends a frame at this time, in ns: at most 100 us before the slowest module's."""
        self._world.call("espat_lan_send", self.number, whole_number("at", at), frame, len(frame))

    def take(self) -> list[tuple[int, bytes]]:
        """Takes the frames for the device that are known by now, each with the time, in ns, at which it is there."""
        taken: list[tuple[int, bytes]] = []
        buffer, frame = ctypes.create_string_buffer(_LONGEST), abi.LanFrame()
        while True:
            self._world.call("espat_lan_take", self.number, ctypes.byref(frame), buffer, _LONGEST)
            if not frame.length:
                return taken
            taken.append((frame.ns, buffer.raw[: frame.length]))

    def close(self) -> None:
        """Pulls the cable out."""
        self._world.call("espat_lan_detach", self.number)
