"""What pyproject.toml cannot say: the wheel carries the library and the command that cargo has built, and the numbers of
include/espat_sim.h as Python enumerations, so that they are never older than the library.

Nothing is compiled here. ESPAT_BINARIES is where the binaries are, target/release unless it is set.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.dist import Distribution

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARIES = pathlib.Path(os.environ.get("ESPAT_BINARIES", ROOT / "target" / "release"))
# As cargo names them here; src/espat_sim/library.py looks for the same names.
NATIVE = {
    "win32": ("espat_sim.dll", "espat-sim.exe"),
    "darwin": ("libespat_sim.dylib", "espat-sim"),
}.get(sys.platform, ("libespat_sim.so", "espat-sim"))


def version():
    """The crate's: library, command and wheel are one thing."""
    return re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text("utf-8"), re.MULTILINE)[1]


def constants(header):
    """The enumerations of the header as the text of a Python module, with their comments."""
    found = re.findall(r"((?:^//[^\n]*\n)*)^enum (espat_\w+)\n.*?\{\n(.*?)^\};", header, re.MULTILINE | re.DOTALL)
    text = '"""The enumerations of include/espat_sim.h, made when the wheel was built. Later versions may add values."""\n\n'
    text += "from enum import IntEnum, IntFlag\n\n\n"
    text += 'class Record(IntFlag):\n    """What a world keeps for being asked. It stays in memory until it is taken."""\n\n'
    for comment, name, value in re.findall(r"^//([^\n]*)\n#define ESPAT_RECORD_(\w+) (\d+)", header, re.MULTILINE):
        text += f"    #:{comment}\n    {name} = {value}\n"
    for comment, name, body in found:
        lines = [line.removeprefix("//").strip() for line in comment.splitlines()] or [name]
        said = "\n".join(f"    {line}".rstrip() for line in lines).strip()
        text += f"\n\nclass {name.removeprefix('espat_').title().replace('_', '')}(IntEnum):\n"
        text += f'    """{said}"""\n\n'
        for line in map(str.strip, body.splitlines()):
            if line.startswith("//"):
                text += f"    #:{line[2:]}\n"
            elif line:
                text += f"    {line.removeprefix(name.upper() + '_').rstrip(',')}\n"
    return text


class BuildWithBinaries(build_py):
    """Adds library, command and numbers to the package."""

    def run(self):
        super().run()
        package = pathlib.Path(self.build_lib, "espat_sim")
        header = (ROOT / "include" / "espat_sim.h").read_text("utf-8")
        (package / "constants.py").write_text(constants(header), "utf-8")
        shutil.copy2(ROOT / "LICENSE", package / "LICENSE")
        native = package / "native"
        native.mkdir(exist_ok=True)
        for name in NATIVE:
            if not (BINARIES / name).exists():
                sys.exit(f"there is no {BINARIES / name}: run `cargo build --release` first, or set ESPAT_BINARIES")
            shutil.copy2(BINARIES / name, native / name)
            if shutil.which("strip") and sys.platform == "linux":
                # Line tables are most of the file, and of use in backtraces only.
                subprocess.run(["strip", "--strip-debug", native / name], check=True)


def oldest_glibc(files):
    """The minor version of the oldest glibc 2 that has what these programs ask of it; None: they ask nothing of it."""
    asked = (re.findall(rb"GLIBC_2\.(\d+)(?:\.\d+)?\0", file.read_bytes()) for file in files)
    return max((int(minor) for found in asked for minor in found), default=None)


class PlatformWheel(bdist_wheel):
    """For this platform, and for every Python 3: nothing in it is linked with Python.

    On Linux the tag says which glibc it needs (PEP 600), as PyPI wants it; of other libraries it needs libgcc_s alone, which
    such wheels may.
    """

    def get_tag(self):
        platform = super().get_tag()[2]
        if platform.startswith("linux_"):
            minor = oldest_glibc(BINARIES / name for name in NATIVE)
            if minor is not None:
                platform = platform.replace("linux", f"manylinux_2_{minor}", 1)
        return "py3", "none", platform


class WithBinaries(Distribution):
    def has_ext_modules(self):
        return True


setup(
    version=version(),
    distclass=WithBinaries,
    cmdclass={"build_py": BuildWithBinaries, "bdist_wheel": PlatformWheel},
)
