"""A firmware image, whole and unmodified, in QEMU. Put your own in place of tests/firmware's, and your board's machine."""

import pytest
from espat_sim import SECOND

FIRMWARE = "../../build/firmware/mps2-an385.elf"


def test_the_firmware_talks_to_its_server(qemu, capture):
    dut = qemu(FIRMWARE, "mps2-an385")
    dut.expect(r"\[ +\d+ ms\] link 0 open", timeout=10 * SECOND)
    dut.dialogue.expect_exact("ESP <- SEND OK")
    dut.expect_exact("PASS")
    assert dut.wait().exit_code == 0
    assert capture.count('http.request.uri == "/status"') == 1


@pytest.mark.espat(file="outage.toml")
def test_the_firmware_survives_an_outage(qemu):
    dut = qemu(FIRMWARE, "mps2-an385")
    dut.dialogue.expect_exact("WIFI DISCONNECT")
    dut.dialogue.expect_exact("WIFI GOT IP")
    dut.expect_exact("PASS", timeout=60 * SECOND)
    dut.wait()
