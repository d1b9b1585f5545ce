"""Looking into a capture with Wireshark's display filters, where tshark is."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Callable, Optional, Union

from .errors import Error, refusals_hide_their_way

__tracebackhide__ = refusals_hide_their_way


class TsharkMissing(Error):
    """tshark is not on PATH."""


class Capture:
    """A capture file (pcapng), maybe of a run that goes on: `flush` brings the file up to date then."""

    def __init__(self, path: Union[str, "os.PathLike[str]"], flush: Optional[Callable[[], None]] = None) -> None:
        self.path = os.fspath(path)
        self._flush = flush

    def packets(self, display_filter: str = "", fields: Optional[list[str]] = None) -> list[list[str]]:
        """The packets that a display filter lets through, in their order: for each the values of `fields`, or of
        frame.number, the protocol and what Wireshark says of it. An Error says what is wrong with the filter."""
        tshark = shutil.which("tshark")
        if tshark is None:
            raise TsharkMissing("tshark is not on PATH")
        if self._flush:
            self._flush()
        command = [tshark, "-n", "-r", self.path, "-Y", display_filter, "-T", "fields", "-E", "separator=/t"]
        for field in fields or ["frame.number", "_ws.col.Protocol", "_ws.col.Info"]:
            command += ["-e", field]
        run = subprocess.run(command, capture_output=True, text=True, errors="backslashreplace", check=False)
        if run.returncode:
            # In a container everybody is root, and there it says so each time.
            said = [line for line in run.stderr.splitlines() if not line.startswith("Running as user ")]
            raise Error("\n".join(["tshark could not read the capture:", *said]))
        return [line.split("\t") for line in run.stdout.splitlines()]

    def count(self, display_filter: str = "") -> int:
        """How many packets a display filter lets through."""
        return len(self.packets(display_filter, ["frame.number"]))
