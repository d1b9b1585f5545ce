"""Rates at the serial port of `espat-sim serve --pty`, whose module is at 115200 baud.

Usage: rates.py PORT set|unset|any FILE. Writes what it received into FILE. What is missing is an exception.
"""

import os
import sys

import serial

# Only there for a run that hangs.
LIMIT = 120


def until(port, text):
    got = port.read_until(text)
    assert got.endswith(text), f"expected {text!r}, got {got!r}"
    return got


def command(port, line):
    port.write(line + b"\r\n")
    return until(port, b"\r\nOK\r\n")


def set_rates(path):
    """A rate that is not the module's garbles; the right one does not, also one that is no standard rate."""
    port = serial.Serial(path, 9600, timeout=LIMIT)
    received = port.read(1)
    port.baudrate = 115200
    # Ends what the module may have made of anything.
    port.write(b"\r\n")
    received += command(port, b"AT")
    assert b"ready" not in received, f"115200 baud was understood at 9600: {received!r}"
    for baud in [921600, 74880]:
        received += command(port, b"AT+UART_CUR=%d,8,1,0,0" % baud)
        port.baudrate = baud
        received += command(port, b"AT")
    port.close()
    return received


def set_none(path):
    """A program that sets no rate is understood, whatever the module's is."""
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    os.write(port, b"AT+UART?\r\n")
    received = b""
    while not received.endswith(b"\r\nOK\r\n"):
        received += os.read(port, 100)
    assert b"+UART:74880," in received, received
    os.close(port)
    return received


def set_any(path):
    """With --any-rate no rate is wrong."""
    port = serial.Serial(path, 9600, timeout=LIMIT)
    received = until(port, b"\r\nready\r\n") + command(port, b"AT")
    port.close()
    return received


def main(path, what, file):
    received = {"set": set_rates, "unset": set_none, "any": set_any}[what](path)
    with open(file, "wb") as out:
        out.write(received)


main(*sys.argv[1:])
