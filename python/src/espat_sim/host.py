"""A host of a world: what a test makes it do, and what its terminals have received."""

from __future__ import annotations

import ctypes
import re
from typing import TYPE_CHECKING, Union

from .constants import Protocol
from .errors import refusals_hide_their_way

if TYPE_CHECKING:
    from .world import World

__tracebackhide__ = refusals_hide_their_way


class Host:
    """A host of the scenario, by its name. Each verb is a line of the console (docs/console.md), and is refused as that is."""

    def __init__(self, world: World, name: str) -> None:
        self._world, self.name = world, name

    def console(self, action: str) -> str:
        """`host NAME ACTION` for any action that the console knows; what it answers."""
        name = self.name if re.fullmatch(r"[\w.-]+", self.name) else quoted(self.name)
        return self._world.console(f"host {name} {action}")

    def send(self, data: Union[str, bytes]) -> None:
        """Sends on each of its connections; 16376 bytes at most."""
        self.console(f"send {quoted(data)}")

    def close(self) -> None:
        """Closes each of its connections (FIN), when everything has been sent."""
        self.console("close")

    def reset(self) -> None:
        """Resets each of its connections (RST)."""
        self.console("reset")

    def pause(self) -> None:
        """Reads nothing from its connections any more: their TCP windows close."""
        self.console("pause")

    def resume(self) -> None:
        """Reads again."""
        self.console("resume")

    def connect(self, address: str, port: int, *, tls: bool = False, certificate: bool = False) -> None:
        """Dials an address, or a module by its name; with TLS, and with a client's certificate."""
        self.console(f"connect {address} {port}{' tls' * tls}{' certificate' * (tls and certificate)}")

    def datagram(self, address: str, port: int, data: Union[str, bytes]) -> None:
        """Sends a UDP datagram, from its udp-terminal's port if it has one."""
        self.console(f"datagram {address} {port} {quoted(data)}")

    def publish(self, topic: str, data: Union[str, bytes], *, qos: int = 0, retain: bool = False) -> None:
        """Its MQTT broker publishes a message."""
        self.console(f"publish {topic} {quoted(data)} qos {qos}{' retain' * retain}")

    def received(self, protocol: Protocol = Protocol.TCP, offset: int = 0) -> bytes:
        """What its terminal has received since the world's start, from `offset` on; nothing is taken. TCP: the bytes of
        all its connections in the order of their arrival; UDP: datagram after datagram."""
        length = ctypes.c_uint64()
        name = self.name.encode()
        self._world.call("espat_host_received", name, protocol, 0, None, 0, ctypes.byref(length))
        size = max(0, length.value - offset)
        buffer = ctypes.create_string_buffer(size + 1)
        self._world.call("espat_host_received", name, protocol, offset, buffer, size, ctypes.byref(length))
        return buffer.raw[:size]


def quoted(data: Union[str, bytes]) -> str:
    """A text of the console, in quotes and with its escapes."""
    escapes = {0x22: '\\"', 0x5C: "\\\\", 0x0D: "\\r", 0x0A: "\\n", 0x09: "\\t"}
    raw = data.encode() if isinstance(data, str) else bytes(data)
    return '"' + "".join(escapes.get(b) or (chr(b) if 0x20 <= b < 0x7F else f"\\x{b:02x}") for b in raw) + '"'
