"""A CircuitPython board with a module at its UART, in virtual time.

Drivers for CircuitPython wait by reading time.monotonic() again and again. Here each look at the clock lets the world go
on to its next event, so minutes of waiting cost nothing. import_driver() gives a driver this clock and these pins in
place of CPython's and Adafruit's Blinka.
"""

import importlib
import sys
import types
from unittest import mock

from espat_sim import World

SECOND = 1_000_000_000
LOOK = 200_000  # what a turn of a loop takes when nothing happens before


class Board:
    """The MCU: its clock, its UART and its pins. There is one at a time, as on a desk."""

    now = None

    def __init__(self, scenario):
        self.world = World(scenario)
        self.module = self.world.attach()
        self.received = bytearray()
        self.dialogue = bytearray()  # everything, for tests that fail
        Board.now = self

    def go_on(self, end):
        """To the next event, at most to `end`."""
        module = self.module
        module.advance(max(module.now, min(module.next_event(), end)))
        data = module.read()
        self.received += data
        self.dialogue += data

    def monotonic(self):
        self.go_on(self.module.now + LOOK)
        return self.module.now / SECOND

    def sleep(self, seconds):
        end = self.module.now + int(seconds * SECOND)
        while self.module.now < end:
            self.go_on(end)


class UART:
    """busio.UART, as far as drivers use it."""

    def __init__(self, baudrate=115200):
        self._baudrate = baudrate

    @property
    def baudrate(self):
        return self._baudrate

    @baudrate.setter
    def baudrate(self, value):
        self._baudrate = value
        Board.now.module.set_line(value)

    @property
    def in_waiting(self):
        return len(Board.now.received)

    def read(self, count):
        received = Board.now.received
        data = bytes(received[:count])
        del received[:count]
        return data or None

    def write(self, data):
        Board.now.dialogue += b"\n> " + data + b"\n"
        Board.now.module.write(data)
        return len(data)

    def reset_input_buffer(self):
        Board.now.received.clear()


class Direction:
    """digitalio.Direction."""

    INPUT, OUTPUT = "input", "output"


class DigitalInOut:
    """digitalio.DigitalInOut at a pin of the module: "en", "gpio0" or "rts"."""

    def __init__(self, pin):
        self._pin, self._value = pin, False
        self.direction = Direction.INPUT

    @property
    def value(self):
        return self._value

    @value.setter
    def value(self, value):
        self._value = value
        Board.now.module.set_pin(self._pin, value)


def _module(name, **contents):
    module = types.ModuleType(name)
    vars(module).update(contents)
    return module


def import_driver(name):
    """Imports a driver that finds this board where it looks for one."""
    board = [
        _module("busio", UART=UART),
        _module("digitalio", DigitalInOut=DigitalInOut, Direction=Direction),
        _module("micropython", const=lambda value: value),
        _module(
            "time",
            monotonic=lambda: Board.now.monotonic(),
            sleep=lambda seconds: Board.now.sleep(seconds),
        ),
    ]
    with mock.patch.dict(sys.modules, {module.__name__: module for module in board}):
        driver = importlib.import_module(name)
        loaded = dict(sys.modules)
    # What the driver consists of stays loaded; the board is its own.
    for key, module in loaded.items():
        if module not in board:
            sys.modules.setdefault(key, module)
    return driver
