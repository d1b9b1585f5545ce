"""A program at the serial port of `espat-sim serve --pty`.

Usage: terminal.py PORT first|second FILE. The first visit joins and opens a link, the second one finds the
module as it was left. Writes what it received into FILE. What is missing is an exception.
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
        answer = b""
        while not answer.endswith((b"\r\nOK\r\n", b"\r\nERROR\r\n")):
            answer += self.until(b"\n")
        assert answer.endswith(b"OK\r\n"), f"{line!r} failed: {answer!r}"
        return answer

    def close(self, file):
        self.port.close()
        with open(file, "wb") as out:
            out.write(self.received)


def first(module):
    module.until(b"\r\nready\r\n")
    module.command(b"AT")
    module.command(b"AT+CWMODE=1")
    module.command(b'AT+CWJAP="espat-sim","correct horse"')
    module.command(b'AT+CIPSTART="TCP","www.example.com",80')
    request = b"GET /status HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
    module.port.write(b"AT+CIPSEND=%d\r\n" % len(request))
    module.until(b"\r\n>")
    module.port.write(request)
    answer = module.until(b"espat-sim says hello\n")
    assert b"HTTP/1.1 200 " in answer, answer


def second(module):
    state = module.command(b"AT+CWSTATE?")
    assert b'+CWSTATE:2,"espat-sim"' in state, f"it should still be joined: {state!r}"
    state = module.command(b"AT+CIPSTATE?")
    assert b'+CIPSTATE:0,"TCP","203.0.113.10",80,' in state, f"the link should still be there: {state!r}"


def main(port, visit, file):
    module = Module(port)
    {"first": first, "second": second}[visit](module)
    module.close(file)


main(*sys.argv[1:])
