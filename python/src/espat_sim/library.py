"""Finding and loading the library, and finding the command.

The wheel carries both in the folder `native`. ESPAT_LIBRARY and ESPAT_COMMAND go before it, and where there is neither (the
package was copied from a checkout), the system is asked, as after `make install`.
"""

from __future__ import annotations

import ctypes
import functools
import os
import pathlib
import shutil
import sys

from . import abi
from .errors import Error


def names(platform: str) -> tuple[str, str]:
    """Library and command as cargo names them on a platform (sys.platform)."""
    if platform in ("win32", "cygwin"):
        return "espat_sim.dll", "espat-sim.exe"
    return ("libespat_sim.dylib" if platform == "darwin" else "libespat_sim.so"), "espat-sim"


LIBRARY, COMMAND = names(sys.platform)
_NATIVE = pathlib.Path(__file__).resolve().parent / "native"


def library_path() -> str:
    """The library's file, or its bare name where the system is to look for it."""
    packed = _NATIVE / LIBRARY
    return os.environ.get("ESPAT_LIBRARY") or (str(packed) if packed.exists() else LIBRARY)


def command_path() -> str:
    """The file of the command `espat-sim`: not the script that pip makes for it, which starts this one."""
    packed = _NATIVE / COMMAND
    found = os.environ.get("ESPAT_COMMAND") or (str(packed) if packed.exists() else shutil.which(COMMAND))
    if not found:
        raise Error(f"there is no {COMMAND} beside the package nor on PATH; ESPAT_COMMAND may name it")
    return found


@functools.lru_cache(maxsize=None)
def load() -> ctypes.CDLL:
    """The library, with the types of its functions. Loaded once."""
    path = library_path()
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise Error(f"the library {path} can't be loaded ({error}); ESPAT_LIBRARY may name it") from None
    try:
        abi.declare(library)
    except AttributeError as missing:
        raise Error(f"{path} is older than this package: {missing}") from None
    version = library.espat_abi_version()
    if version != abi.VERSION:
        raise Error(f"{path} has version {version} of the binary interface, and this package is for {abi.VERSION}")
    return library
