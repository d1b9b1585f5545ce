"""A program at the serial port of `espat-sim serve --pty`.

Usage: terminal.py PORT FIRST SECOND. Writes what it received into the file FIRST, closes the port, opens it
again and writes what it receives then into SECOND. What is missing is an exception.
"""

import sys

import serial


class Module:
    def __init__(self, port):
        # The time limit is only there for a run that hangs.
        self.port = serial.Serial(port, 115200, timeout=120)
        self.received = b""

    def until(self, text):
        got = self.port.read_until(text)
        self.received += got
        assert got.endswith(text), f"expected {text!r}, got {got!r}"
        return got

    def command(self, line):
        self.port.write(line + b"\r\n")
        return self.until(b"\r\nOK\r\n")

    def close(self, file):
        self.port.close()
        with open(file, "wb") as out:
            out.write(self.received)


def main(port, first, second):
    module = Module(port)
    module.until(b"\r\nready\r\n")
    module.command(b"AT")
    module.command(b'AT+CWJAP="espat-sim","correct horse"')
    module.command(b'AT+CIPSTART="TCP","www.example.com",80')
    request = b"GET /status HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
    module.port.write(b"AT+CIPSEND=%d\r\n" % len(request))
    module.until(b"\r\n>")
    module.port.write(request)
    module.until(b"SEND OK\r\n")
    answer = module.until(b"espat-sim says hello\n")
    assert b"HTTP/1.1 200 " in answer, answer
    module.close(first)

    module = Module(port)
    state = module.command(b"AT+CIPSTATE?")
    assert b'+CIPSTATE:0,"TCP","203.0.113.10",80,' in state, f"the link should still be there: {state!r}"
    module.close(second)


main(*sys.argv[1:])
