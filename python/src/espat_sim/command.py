"""The command `espat-sim` of the wheel: becomes the program that the wheel carries."""

from __future__ import annotations

import os
import subprocess
import sys

from .errors import Error
from .library import command_path


def main() -> int:
    """Runs the command with this process's arguments."""
    try:
        program = command_path()
    except Error as error:
        print(f"espat-sim: {error}", file=sys.stderr)
        return 2
    arguments = [program, *sys.argv[1:]]
    if sys.platform != "win32":
        # The same process: signals and the exit code are the program's own.
        os.execv(program, arguments)
    return subprocess.run(arguments, check=False).returncode
