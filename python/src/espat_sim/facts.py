"""What a world tells: events, links, states, counters. Named as in include/espat_sim.h, which says what each field is.

Numbers of an enumeration are its members (EventKind.LINK_OPENED); one that a newer library has added stays an int.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Optional, Union

from . import abi
from .constants import EventKind, Outcome, OutputPin, PacketKind, Parity, Power, Protocol, ReplayOutcome, Side, StopBits, Wifi


def known(enumeration: type[IntEnum], number: int) -> Any:
    """The member with this number, or the number itself."""
    try:
        return enumeration(number)
    except ValueError:
        return number


@dataclass(frozen=True)
class UartByte:
    """A byte on the wire to the MCU: `ns` is the end of its stop bit, `flags` 0 when it was received clean."""

    ns: int
    byte: int
    flags: int


@dataclass(frozen=True)
class Event:
    """Something that happened (an observation): who, what, the facts one by one, and the sentence beside.

    EventKind says which fields an event has; the others are 0, empty or, for `link`, None.
    """

    number: int
    ns: int
    subject: str
    kind: str
    text: str
    event: Union[EventKind, int]
    link: Optional[int]
    protocol: Union[Protocol, int]
    code: int
    count: int
    sent: int
    peer: str
    address: str
    name: str
    detail: str
    data: bytes

    @classmethod
    def of(cls, raw: abi.Observation) -> Optional[Event]:
        """None when there is no event now."""
        if not raw.event:
            return None
        return cls(
            number=raw.number,
            ns=raw.ns,
            subject=_text(raw.subject),
            kind=_text(raw.kind),
            text=_text(raw.text),
            event=known(EventKind, raw.event),
            link=None if raw.link == abi.NO_LINK else raw.link,
            protocol=known(Protocol, raw.protocol),
            code=raw.code,
            count=raw.count,
            sent=raw.sent,
            peer=_text(raw.peer),
            address=_text(raw.address),
            name=_text(raw.name),
            detail=_text(raw.detail),
            data=ctypes.string_at(raw.data, raw.length) if raw.data else b"",
        )


@dataclass(frozen=True)
class Expectation:
    """A line of the scenario's `expect`; `ns` is when it was met, `why` the sentence when it has failed."""

    line: int
    text: str
    outcome: Union[Outcome, int]
    ns: int
    why: str

    @classmethod
    def of(cls, raw: abi.Expectation) -> Expectation:
        return cls(raw.line, _text(raw.text), known(Outcome, raw.outcome), raw.ns, _text(raw.why))


@dataclass(frozen=True)
class Packet:
    """One line, one prompt or one data block on a UART; `ns` is the end of its last byte, `module` the module's name."""

    ns: int
    module: str
    side: Union[Side, int]
    kind: Union[PacketKind, int]
    data: bytes

    def __str__(self) -> str:
        speaker = "MCU ->" if self.side == Side.MCU else "ESP <-"
        said = self.data if self.kind == PacketKind.DATA else self.data.strip(b"\r\n") or self.data
        return f"{self.ns // 10**9:>6}.{self.ns % 10**9 // 1000:06}  {speaker} {repr(said)[2:-1]}"


@dataclass(frozen=True)
class Link:
    """An open AT link of a module."""

    id: int
    protocol: Union[Protocol, int]
    kind: str
    accepted: bool
    passive: bool
    address: str
    port: int
    peer: str
    local_port: int
    waiting: int
    unsent: int

    @classmethod
    def of(cls, raw: abi.Link) -> Link:
        return cls(
            id=raw.id,
            protocol=known(Protocol, raw.protocol),
            kind=_text(raw.kind),
            accepted=bool(raw.accepted),
            passive=bool(raw.passive),
            address=_text(raw.address),
            port=raw.port,
            peer=_text(raw.peer),
            local_port=raw.local_port,
            waiting=raw.waiting,
            unsent=raw.unsent,
        )


@dataclass(frozen=True)
class Line:
    """What a UART is set to."""

    baud: int
    data_bits: int = 8
    parity: Union[Parity, int] = Parity.NONE
    stop_bits: Union[StopBits, int] = StopBits.ONE


@dataclass(frozen=True)
class State:
    """What a module is doing at the time reached. Texts are empty when there is no such thing."""

    power: Union[Power, int]
    wifi: Union[Wifi, int]
    text: str
    access_point: str
    ipv4: str
    ipv6_link_local: str
    ipv6_global: str
    softap_ipv4: str
    mac: str
    multiple: bool
    passive: bool
    passthrough: bool
    sleeps_lightly: bool
    server_port: int
    rts: bool
    line: Line
    mcu_line: Line
    mcu_queued: int
    module_waiting: int
    module_queued: int

    @classmethod
    def of(cls, raw: abi.ModuleStatus) -> State:
        return cls(
            power=known(Power, raw.power),
            wifi=known(Wifi, raw.wifi),
            text=_text(raw.text),
            access_point=_text(raw.access_point),
            ipv4=_text(raw.ipv4),
            ipv6_link_local=_text(raw.ipv6_link_local),
            ipv6_global=_text(raw.ipv6_global),
            softap_ipv4=_text(raw.softap_ipv4),
            mac=_text(raw.mac),
            multiple=bool(raw.multiple),
            passive=bool(raw.passive),
            passthrough=bool(raw.passthrough),
            sleeps_lightly=bool(raw.sleeps_lightly),
            server_port=raw.server_port,
            rts=bool(raw.rts),
            line=line(raw.baud, raw.data_bits, raw.parity, raw.stop_bits),
            mcu_line=line(raw.mcu_baud, raw.mcu_data_bits, raw.mcu_parity, raw.mcu_stop_bits),
            mcu_queued=raw.mcu_queued,
            module_waiting=raw.module_waiting,
            module_queued=raw.module_queued,
        )


@dataclass(frozen=True)
class Statistics:
    """Counters of one module since the world's start. They only grow."""

    mcu_bytes: int
    module_bytes: int
    mcu_queue_max: int
    mcu_overruns: int
    module_overruns: int
    frames_sent: int
    frames_received: int
    frames_lost: int
    module_received: int
    module_framing_errors: int
    module_parity_errors: int
    mcu_received: int
    mcu_framing_errors: int
    mcu_parity_errors: int
    wire_lost: int
    module_unheard: int

    @classmethod
    def of(cls, raw: abi.Statistics) -> Statistics:
        return cls(**{name: getattr(raw, name) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class PinChange:
    """A pin that the module drives has changed."""

    ns: int
    pin: Union[OutputPin, int]
    level: bool


@dataclass(frozen=True)
class Replay:
    """What came of a replay. `cut_line` is the number of the log's last line when that is cut off and was left out."""

    outcome: Union[ReplayOutcome, int]
    digest: str
    content_digest: str
    logged_digest: str
    logged_content_digest: str
    cut_line: int


def line(baud: int, data_bits: int, parity: int, stop_bits: int) -> Line:
    """Settings of a UART from their numbers."""
    return Line(baud, data_bits, known(Parity, parity), known(StopBits, stop_bits))


def _text(raw: Optional[bytes]) -> str:
    return (raw or b"").decode()
