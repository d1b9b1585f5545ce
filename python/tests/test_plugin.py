"""The pytest plugin, in a pytest of its own: what its fixtures give, and what is left of a test that fails."""

import os
import pathlib
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree

import espat_sim
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "build" / "firmware" / "mps2-an385.elf"

FAILS = """
    def test_it(espat, module):
        module.expect_exact("ready")
        espat.console("ap home down")
        module.wait(1_000_000_000)
        assert 0, "on purpose"
"""


@pytest.fixture
def made(pytester):
    """Makes a test file of this source."""
    return lambda source: pytester.makepyfile(test_sample=source)


def said(result):
    """The lines of the section that the plugin adds to a failure, by what they begin with."""
    text = result.stdout.str()
    return dict(re.findall(r"^(world|QEMU|records|to run it again): (.*)$", text, re.MULTILINE))


def test_a_test_that_passes_leaves_nothing(pytester, made):
    made("def test_it(espat, module):\n    module.expect_exact('ready')\n    assert espat.seed() == 1\n")
    pytester.runpytest().assert_outcomes(passed=1)
    assert not (pytester.path / "espat-failures").exists()


def test_a_test_that_fails_leaves_its_records_and_the_command_that_repeats_it(pytester, made):
    made(FAILS)
    result = pytester.runpytest("--espat-seed", "7")
    result.assert_outcomes(failed=1)
    told = said(result)
    folder = pytester.path / told["records"]
    names = {file.name for file in folder.iterdir()}
    assert names == {"capture.pcapng", "input.espat-log", "dialogue.txt", "report.txt"}
    digest = re.search(r"^digest (\w+)$", (folder / "report.txt").read_text(), re.MULTILINE)[1]
    assert digest in told["world"] and "seed 7" in told["world"]
    assert (folder / "dialogue.txt").read_text().endswith("ESP <- ready\n")
    assert espat_sim.replay((folder / "input.espat-log").read_bytes()).digest == digest
    command = shlex.split(told["to run it again"])
    assert command == ["pytest", "test_sample.py::test_it", "--espat-seed", "7"]
    again = pytester.runpytest(*command[1:])
    again.assert_outcomes(failed=1)
    assert said(again)["world"] == told["world"]


def test_a_fixture_that_fails_leaves_them_as_well(pytester, made):
    made(
        """
        import pytest

        @pytest.fixture
        def joined(module):
            module.expect_exact("never said", timeout=2_000_000_000)

        def test_it(joined):
            pass
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    assert (pytester.path / said(result)["records"] / "input.espat-log").exists()


def test_a_failure_shows_the_tests_lines_and_the_sentence_and_nothing_of_the_package(pytester, made):
    made(
        """
        import pytest

        def test_it(module):
            module.expect_exact("never said", timeout=2_000_000_000)

        @pytest.mark.espat(scenario="[ap.home]\\npasword = 'x'\\n")
        def test_slip(espat):
            pass

        @pytest.mark.espat(sed=1)
        def test_marker(espat):
            pass

        def test_no_firmware(qemu):
            qemu("none.elf", "mps2-an385")
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(failed=2, errors=2)
    text = result.stdout.str()
    assert "did you mean `password`?" in text and "'never said' did not come by 2.000000 s" in text
    assert "the marker is espat(" in text and "there is no firmware" in text
    assert not re.search(r"^\S*espat_sim\S*\.py:\d+", text, re.MULTILINE), text


def test_records_that_are_none_are_not_named(pytester, made):
    made("def test_it(qemu):\n    qemu('none.elf', 'mps2-an385')\n")
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    assert "records" not in said(result) and "to run it again" in said(result)
    assert not (pytester.path / "espat-failures").exists()


def test_a_folder_for_records_that_can_not_be_made_is_said_with_the_option(pytester, made):
    made("def test_it(espat):\n    pass\n")
    result = pytester.runpytest("--espat-output", "test_sample.py")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*cannot make *test_sample.py*--espat-output names another*"])


def test_a_folder_is_made_though_another_process_removes_its_parent(tmp_path, monkeypatch):
    make, removed = os.mkdir, []

    def mkdir(path, *more, **options):
        make(path, *more, **options)
        if pathlib.Path(path).name == "failures" and not removed:
            removed.append(path)
            os.rmdir(path)

    monkeypatch.setattr(os, "mkdir", mkdir)
    espat_sim.pytest_plugin._make(tmp_path / "failures" / "test")
    assert removed and (tmp_path / "failures" / "test").is_dir()


def test_a_run_that_does_not_start_says_why_where_something_is_awaited(pytester, made, monkeypatch):
    made(f"def test_it(qemu):\n    qemu({str(FIRMWARE)!r}, 'mps2-an385').expect_exact('PASS')\n")
    monkeypatch.setenv("PATH", str(pytester.path))
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*has ended with exit code 2*", "*there is no qemu-system-arm here*", "QEMU: exit code 2"])


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="this system can not wait for another's process")
def test_a_run_ends_with_the_process_that_was_killed_in_the_middle_of_it(tmp_path):
    # This QEMU waits for a debugger: it never ends by itself.
    script = """
import os, signal, sys
from espat_sim import Qemu
qemu = ["qemu-system-arm", "-M", "mps2-an385", "-display", "none", "-nodefaults", "-S"]
run = Qemu(command=qemu, folder=sys.argv[1])
print(run._process.pid, flush=True)
sys.stdin.read()
os.kill(os.getpid(), signal.SIGKILL)
"""
    words = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        run = os.pidfd_open(int(process.stdout.readline()))
        process.stdin.close()
        assert process.wait() == -signal.SIGKILL
    ended = select.poll()
    ended.register(run, select.POLLIN)
    assert ended.poll(60_000), "the run goes on without anybody"
    os.close(run)


def test_a_limit_in_seconds_is_refused(pytester, made):
    made(f"def test_it(qemu):\n    qemu({str(FIRMWARE)!r}, 'mps2-an385', limit=60)\n")
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*limit=60: less than a microsecond*"])


def test_seeds_are_runs_of_their_own_and_each_failure_has_its_command(pytester, made):
    made("def test_it(espat, module):\n    module.expect_exact('ready')\n    assert espat.seed() != 12\n")
    result = pytester.runpytest("--espat-seed", "10", "--espat-seeds", "3", "--junitxml", "results.xml")
    result.assert_outcomes(passed=2, failed=1)
    command = shlex.split(said(result)["to run it again"])
    assert command == ["pytest", "test_sample.py::test_it[seed12]", "--espat-seed", "12", "--espat-seeds", "1"]
    pytester.runpytest(*command[1:]).assert_outcomes(failed=1)
    cases = xml.etree.ElementTree.parse(pytester.path / "results.xml").findall(".//testcase")
    digests = {case.find(".//property[@name='espat_digest']").get("value") for case in cases}
    seeds = [case.find(".//property[@name='espat_seed']").get("value") for case in cases]
    assert seeds == ["10", "11", "12"] and len(digests) == 3


def test_a_test_without_a_world_runs_once(pytester, made):
    made("def test_it():\n    pass\n")
    pytester.runpytest("--espat-seeds", "3").assert_outcomes(passed=1)


def test_the_scenario_is_the_markers_before_the_one_beside(pytester, made):
    (pytester.path / "test_sample.toml").write_text("seed = 5\n[module.beside]\n")
    (pytester.path / "other.toml").write_text("seed = 6\n[module.other]\n[module.second]\n")
    made(
        """
        import pytest

        def test_beside(espat, module):
            assert (module.name, espat.seed()) == ("beside", 5)

        @pytest.mark.espat(file="other.toml", module="second")
        def test_file(espat, module):
            assert (module.name, espat.seed()) == ("second", 6)

        @pytest.mark.espat(scenario="[module.text]", seed=9)
        def test_text(espat, module):
            assert (module.name, espat.seed()) == ("text", 9)
        """
    )
    pytester.runpytest().assert_outcomes(passed=3)


@pytest.mark.parametrize("marker", ["'lab.toml'", "scenaro='x'", "scenario='', file='x'"])
def test_a_slip_in_the_marker_is_an_error(pytester, made, marker):
    made(f"import pytest\n@pytest.mark.espat({marker})\ndef test_it(espat):\n    pass\n")
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*marker*espat*"])


def test_what_the_scenario_expects_is_held_against_the_world(pytester, made):
    (pytester.path / "test_sample.toml").write_text('expect = ["wifi reply ready", "wifi reply never"]\n')
    made("def test_it(espat, module):\n    module.expect_exact('ready')\n    module.wait(1_000_000)\n")
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*line 1: *before `wifi reply never` had happened*"])


def test_firmware_that_does_not_say_what_is_awaited_fails_with_its_records(pytester, made):
    made(
        f"""
        def test_it(qemu):
            dut = qemu({str(FIRMWARE)!r}, "mps2-an385", limit=2_700_000_000)
            dut.expect("link 0 open")
            dut.expect_exact("what it never says", timeout=20_000_000_000)
        """
    )
    result = pytester.runpytest("--espat-seed", "3")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*'what it never says' did not come before it ended at 2.700000 s*"])
    told = said(result)
    assert "exit code 124 at 2.700000 s" in told["QEMU"]
    names = {file.name for file in (pytester.path / told["records"] / "qemu-1").iterdir()}
    assert names == {"capture.pcapng", "input.espat-log", "dialogue.txt", "report.txt", "messages.txt"}
    again = pytester.runpytest(*shlex.split(told["to run it again"])[1:])
    assert said(again)["QEMU"] == told["QEMU"], "the same seed must come to the same digest"
    alone = re.search(r"^  alone: (.*)$", result.stdout.str(), re.MULTILINE)[1]
    run = pytester.run(espat_sim.command_path(), *shlex.split(alone)[1:])
    assert run.ret == 124 and told["QEMU"].split()[-1] in run.stderr.str()


def test_time_in_a_run_stands_where_the_wait_ended(pytester, made):
    made(
        f"""
        import pytest
        from espat_sim import Error, Timeout

        def test_it(qemu):
            dut = qemu({str(FIRMWARE)!r}, "mps2-an385")
            with pytest.raises(Timeout, match="did not come by 2.500000 s"):
                dut.expect_exact("link 0 open", timeout=2_500_000_000)
            dut.expect_exact("link 0 open", timeout=200_000_000)
            assert 2_500_000_000 < dut.now < 2_700_000_000
            with pytest.raises(Error, match="timeline"):
                dut.write("x")
        """
    )
    pytester.runpytest().assert_outcomes(passed=1)


def test_without_tshark_a_test_that_needs_it_is_skipped(pytester, made, monkeypatch):
    made("def test_it(espat, module, capture):\n    module.expect_exact('ready')\n    assert capture.count('uart') > 0\n")
    monkeypatch.setenv("PATH", str(pytester.path))
    result = pytester.runpytest("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*tshark is not on PATH*"])


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not on PATH")
def test_the_capture_is_filtered_while_the_world_goes_on(pytester, made):
    made(
        """
        import pytest
        from espat_sim import Error

        def test_it(espat, module, capture):
            module.expect_exact("ready")
            module.command("AT+CWMODE=1")
            assert capture.count("dhcp") == 0
            module.command('AT+CWJAP="espat-sim","correct horse"')
            (first, *_) = capture.packets("dhcp", ["ip.src", "ip.dst"])
            assert first == ["0.0.0.0", "255.255.255.255"]
            with pytest.raises(Error, match="tshark"):
                capture.count("no such field ==")
        """
    )
    pytester.runpytest().assert_outcomes(passed=1)


def test_each_test_has_a_folder_of_its_own():
    name = espat_sim.pytest_plugin.folder_name
    assert name("test_outage.py::test_a_send[1-a.b]") == "test_outage.py-test_a_send[1-a.b]"
    assert name("lab/test_x.py::TestX::test_y") == "lab-test_x.py-TestX-test_y"
    alike = [
        "t.py::t[AT+CWJAP?]", "t.py::t[AT+CWJAP=]", "t.py::t[AT-CWJAP-]", "a/b.py::t", "a-b.py::t", "a b.py::t",
        "t.py::t[" + 300 * "x" + "]", "t.py::t[y" + 300 * "x" + "]",
    ]
    assert len({name(nodeid) for nodeid in alike}) == len(alike)
