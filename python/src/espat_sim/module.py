"""One module of a world, at the end of the UART whose MCU the caller plays."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Mapping, Sequence, Union

from . import abi, facts
from .constants import McuLoss, McuTx, ObeysRts, OutputPin, Parity, Pin, StopBits
from .errors import CommandFailed, Error, refusals_hide_their_way
from .stream import DEFAULT_TIMEOUT, Pattern, Stream
from .times import timeout_ns, whole_number

if TYPE_CHECKING:
    from .world import World

__tracebackhide__ = refusals_hide_their_way

#: Names of the pins that the MCU drives; "rts" is the MCU's, the module's CTS.
PINS = {"en": Pin.EN, "gpio0": Pin.GPIO0, "rts": Pin.MCU_RTS, "wake": Pin.WAKE}
MCU_TX = {None: McuTx.NOT_GIVEN, "wire": McuTx.WIRE, "as-stored": McuTx.AS_STORED}
OBEYS_RTS = {None: ObeysRts.NOT_GIVEN, True: ObeysRts.YES, False: ObeysRts.NO}

#: Lines that end the answer to a command.
_ENDS = ("OK", "ERROR", "FAIL", "SEND OK", "SEND FAIL")
_BATCH = 256


def one_of(what: str, value: Any, choices: Mapping[Any, int]) -> int:
    """What is meant by a word; an Error that has all of them for any other."""
    if value not in choices:
        words = ", ".join(repr(word) for word in choices if word is not None)
        raise Error(f"{what}={value!r}: expected one of {words}")
    return choices[value]


class Module:
    """A module with a driver: the caller. World.attach() makes it.

    The caller owns its time. `advance` and `next_event` move and ask this module alone; `expect`, `command` and `wait` let
    all attached modules of the world go on together.
    """

    def __init__(self, world: World, name: str, number: int) -> None:
        self._world, self.name, self.number = world, name, number
        reached = ctypes.c_uint64()
        self._call("espat_reached", ctypes.byref(reached))
        #: The time that this module has reached, in ns.
        self.now: int = reached.value
        self._stream = Stream(f"module '{name}'", lambda: self.now, self._more)

    def _call(self, function: str, *arguments: object) -> None:
        self._world.call(function, self.number, *arguments)

    # --- The UART -------------------------------------------------------------------------------------------------------

    def write(self, data: Union[str, bytes]) -> None:
        """The MCU stores bytes into its UART now; they go out one after the other at line rate.

        Bytes are sent as they are. A str is a line: CR LF is added unless it ends with it.
        """
        if isinstance(data, str):
            data = data.encode() if data.endswith("\r\n") else data.encode() + b"\r\n"
        self._call("espat_uart_write_block", self.now, bytes(data), len(data))

    def read(self) -> bytes:
        """Takes the bytes that have come by now and that no `expect` has matched."""
        self.pull()
        return self._stream.take()

    def uart_take(self) -> list[facts.UartByte]:
        """Takes the bytes that have come by now, each with its time and flags. They are in no `read` or `expect` then."""
        return self._take("espat_uart_take")

    def log_port(self) -> bytes:
        """Takes what has come out of the module's log port (UART0): there firmware prints why a command failed."""
        return bytes(one.byte for one in self._take("espat_log_port_take"))

    def _take(self, function: str) -> list[facts.UartByte]:
        taken: list[facts.UartByte] = []
        buffer, count = (abi.UartByte * _BATCH)(), ctypes.c_size_t(_BATCH)
        while count.value == _BATCH:
            self._call(function, buffer, _BATCH, ctypes.byref(count))
            taken += [facts.UartByte(one.ns, one.byte, one.flags) for one in buffer[: count.value]]
        return taken

    def pull(self) -> None:
        """Moves what has come by now to where `read` and `expect` find it. They do so themselves."""
        buffer, count = (abi.UartByte * _BATCH)(), ctypes.c_size_t(_BATCH)
        while count.value == _BATCH:
            self._call("espat_uart_take", buffer, _BATCH, ctypes.byref(count))
            self._stream.append(bytes(one.byte for one in buffer[: count.value]))

    def expect(self, pattern: Union[Pattern, Sequence[Pattern]], timeout: int = DEFAULT_TIMEOUT, **options: bool) -> Any:
        """Lets time pass until a regular expression matches what the module sends: Stream.expect()."""
        return self._stream.expect(pattern, timeout, **options)

    def expect_exact(
        self, text: Union[str, bytes, Sequence[Union[str, bytes]]], timeout: int = DEFAULT_TIMEOUT, **options: bool
    ) -> bytes:
        """Lets time pass until the module has sent these bytes: Stream.expect_exact()."""
        return self._stream.expect_exact(text, timeout, **options)

    def command(self, line: str, timeout: int = DEFAULT_TIMEOUT) -> list[str]:
        """Sends a command and waits for the end of its answer: `OK`, `ERROR`, `FAIL`, `SEND OK` or `SEND FAIL`, or `busy`.

        Returns the lines before that, without empty ones and without the echo. Raises CommandFailed unless it is OK, and
        Timeout when none of them comes. What came before the command stays with the answer: `read` it first if it matters.
        """
        self.write(line)
        answer: list[str] = []
        while True:
            one = self.expect_exact("\r\n", timeout, return_what_before_match=True).decode("utf-8", "backslashreplace")
            if one in _ENDS or one.startswith("busy "):
                if one in ("OK", "SEND OK"):
                    return answer
                raise CommandFailed(line, [*answer, one])
            if one and one.rstrip("\r") != line.rstrip("\r\n"):
                answer.append(one)

    # --- Time -----------------------------------------------------------------------------------------------------------

    def next_event(self) -> int:
        """When to come back, or NEVER. While a byte waits to be taken that is the time reached, so `read` before."""
        tick = ctypes.c_uint64()
        self._call("espat_next_event", ctypes.byref(tick))
        return tick.value

    def advance(self, to: int) -> None:
        """Lets everything up to and including `to` happen, as far as this module is concerned."""
        self._call("espat_advance", whole_number("to", to))
        self.now = to

    def catch_up(self) -> None:
        """For World.advance_all(): this module has come further."""
        tick = ctypes.c_uint64()
        self._call("espat_reached", ctypes.byref(tick))
        self.now = tick.value

    def wait(self, duration: int) -> None:
        """Lets that many ns pass, for all attached modules."""
        self._world.advance(self.now + timeout_ns(duration))

    def _more(self, limit: int) -> bool:
        """One step of the world towards `limit`; False at `limit`."""
        self.pull()
        if self.now >= limit:
            return False
        self._world.step(limit)
        self.pull()
        return True

    # --- Pins and line settings -----------------------------------------------------------------------------------------

    def set_pin(self, pin: str, level: bool) -> None:
        """The MCU drives "en", "gpio0", "rts" or "wake" now."""
        self._call("espat_pin_set", self.now, one_of("pin", pin, PINS), int(level))

    def pins(self) -> list[facts.PinChange]:
        """Takes the changes of the pins that the module drives. Needs Record.PINS."""
        taken: list[facts.PinChange] = []
        changes, count = (abi.PinChange * _BATCH)(), ctypes.c_size_t(_BATCH)
        changes[0].size = ctypes.sizeof(abi.PinChange)
        while count.value == _BATCH:
            self._call("espat_pin_take", changes, _BATCH, ctypes.byref(count))
            taken += [
                facts.PinChange(one.ns, facts.known(OutputPin, one.pin), bool(one.level)) for one in changes[: count.value]
            ]
        return taken

    def set_line(
        self, baud: int, data_bits: int = 8, parity: int = Parity.NONE, stop_bits: int = StopBits.ONE
    ) -> None:
        """The MCU sets its UART now. From then on it no longer follows the module's."""
        line = abi.LineSettings(baud=baud, data_bits=data_bits, parity=parity, stop_bits=stop_bits)
        self._call("espat_mcu_line_set", self.now, ctypes.byref(line))

    def mcu_overrun(self, byte: int, loss: McuLoss = McuLoss.UNKNOWN) -> None:
        """Tells that the MCU's receiver has lost a byte now."""
        self._call("espat_mcu_overrun", self.now, byte, loss)

    # --- Questions ------------------------------------------------------------------------------------------------------

    def state(self) -> facts.State:
        """What the module is doing: power, Wi-Fi, addresses, modes, what waits where."""
        raw = abi.ModuleStatus()
        self._call("espat_module_state", ctypes.byref(raw))
        return facts.State.of(raw)

    def links(self) -> list[facts.Link]:
        """The links that are open, in the order of their numbers."""
        links, count = (abi.Link * 5)(), ctypes.c_size_t()
        links[0].size = ctypes.sizeof(abi.Link)
        self._call("espat_links_read", links, len(links), ctypes.byref(count))
        return [facts.Link.of(one) for one in links[: count.value]]

    def statistics(self) -> facts.Statistics:
        """Counters since the world's start."""
        raw = abi.Statistics()
        self._call("espat_statistics_read", ctypes.byref(raw))
        return facts.Statistics.of(raw)

    def digest(self) -> str:
        """The digest of this module alone."""
        return self._world.digest_of("espat_module_digest", self.number)

    def detach(self) -> None:
        """Takes the driver away: the module's clock no longer holds the others back."""
        self._call("espat_detach")
        self._world.forget(self)

