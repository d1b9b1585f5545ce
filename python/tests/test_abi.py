"""The package against include/espat_sim.h: a slip in a structure reads garbage, and nothing says so."""

import ctypes
import importlib.metadata
import os
import pathlib
import re
import sys
import zipfile

import espat_sim
import pytest
from espat_sim import abi, constants

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADER = (ROOT / "include" / "espat_sim.h").read_text("utf-8")
CODE = re.sub(r"//[^\n]*|/\*.*?\*/", "", HEADER, flags=re.DOTALL)

TYPES = {
    "size_t": ctypes.c_size_t,
    "uint64_t": ctypes.c_uint64,
    "uint32_t": ctypes.c_uint32,
    "uint8_t": ctypes.c_uint8,
    "const char *": ctypes.c_char_p,
    "const uint8_t *": ctypes.c_void_p,
    "char": ctypes.c_char,
}


def fields(name):
    """The fields of a structure as the header has them."""
    body = re.search(rf"typedef struct {name} \{{(.*?)\}} {name};", CODE, re.DOTALL)[1]
    found = []
    for line in filter(None, map(str.strip, body.split(";"))):
        kind, field, _, count = re.fullmatch(r"(.*?[ *])(\w+)(\[(\d+)\])?", line).groups()
        of = TYPES[kind.strip()]
        found.append((field, of * int(count) if count else of))
    return found


@pytest.mark.parametrize("name", sorted(abi.STRUCTURES))
def test_a_structure_begins_as_that_of_the_header(name):
    here, there = abi.STRUCTURES[name]._fields_, fields(name)
    assert here == there[: len(here)]


def test_every_structure_of_the_header_is_known():
    assert set(re.findall(r"typedef struct (espat_\w+) \{", CODE)) == set(abi.STRUCTURES)


def test_every_function_has_as_many_arguments_as_in_the_header():
    found = dict(re.findall(r"^espat_status (espat_\w+)\(([^;]*)\);", CODE, re.MULTILINE))
    assert len(found) > 30
    for name, arguments in abi.FUNCTIONS.items():
        assert len(arguments) == found[name].count(",") + 1, f"{name}({found[name]})"


def test_every_enumeration_and_number_of_the_header_is_there():
    enumerations = re.findall(r"^enum (espat_\w+)\n.*?\{\n(.*?)^\};", CODE, re.MULTILINE | re.DOTALL)
    assert len(enumerations) > 10
    for name, body in enumerations:
        here = getattr(constants, name.removeprefix("espat_").title().replace("_", ""))
        there = {key: int(value) for key, value in re.findall(rf"{name.upper()}_(\w+) = (\d+)", body)}
        assert {member.name: member.value for member in here} == there


def test_version_and_records_are_those_of_the_header():
    assert int(re.search(r"#define ESPAT_ABI_VERSION (\d+)", HEADER)[1]) == abi.VERSION
    records = {name: int(value) for name, value in re.findall(r"#define ESPAT_RECORD_(\w+) (\d+)", HEADER)}
    assert {record.name: record.value for record in espat_sim.Record} == records


def test_the_wheel_carries_library_and_command_and_fits_every_python_3():
    wheels = list((ROOT / "build" / "wheel").glob("*.whl"))
    assert len(wheels) == 1, "run `make wheel`"
    assert "-py3-none-" in wheels[0].name
    with zipfile.ZipFile(wheels[0]) as wheel:
        names = wheel.namelist()
        metadata = wheel.read(next(name for name in names if name.endswith("METADATA"))).decode()
    assert "Requires-Dist" not in metadata
    assert "espat_sim/LICENSE" in names
    for name in (espat_sim.library_path(), espat_sim.command_path()):
        assert f"espat_sim/native/{pathlib.Path(name).name}" in names
        assert pathlib.Path(name).parent.name == "native", "the package uses another library than its own"


@pytest.mark.skipif(sys.platform != "linux", reason="the tag of other systems says their version")
def test_the_wheel_says_which_glibc_it_needs():
    tags = re.findall(r"^Tag: py3-none-(\S+)$", importlib.metadata.distribution("espat-sim").read_text("WHEEL"), re.M)
    found = [re.fullmatch(r"manylinux_2_(\d+)_(x86_64|aarch64)", tag) for tag in tags]
    assert len(found) == 1 and found[0], f"PyPI takes no wheel with the tags {tags}"
    # Whoever runs this has what the library asks for: it is loaded.
    glibc = re.fullmatch(r"glibc 2\.(\d+)", os.confstr("CS_GNU_LIBC_VERSION"))
    assert int(found[0][1]) <= int(glibc[1]), "the wheel asks for a later glibc than the one that it runs with"


@pytest.mark.parametrize(
    ("platform", "library", "command"),
    [
        ("linux", "libespat_sim.so", "espat-sim"),
        ("darwin", "libespat_sim.dylib", "espat-sim"),
        ("win32", "espat_sim.dll", "espat-sim.exe"),
    ],
)
def test_the_names_are_those_that_cargo_gives(platform, library, command):
    assert espat_sim.library.names(platform) == (library, command)
