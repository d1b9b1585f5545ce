"""A host driver's view: the test is the MCU. Each of these takes minutes on a bench, and an access point with a switch."""

import pytest
from espat_sim import SECOND


@pytest.fixture
def connected(module):
    """The module with a TCP connection to pc.lan."""
    module.expect_exact("\r\nready\r\n")
    module.command("AT+CWMODE=1")
    module.command('AT+CWJAP="espat-sim","correct horse"')
    module.command('AT+CIPSTART="TCP","pc.lan",23')
    return module


def test_a_send_outlives_a_short_outage(espat, connected, capture):
    espat.console("ap home down")
    connected.write("AT+CIPSEND=5")
    connected.expect_exact(">")
    connected.write(b"hello")
    connected.expect_exact("Recv 5 bytes")
    connected.wait(SECOND // 2)
    espat.console("ap home up")
    espat.wait_for_event("pc", "tcp-terminal", "received", timeout=60 * SECOND)
    assert espat.host("pc").received() == b"hello"
    assert capture.count("tcp.analysis.retransmission") > 0


def test_a_peer_that_resets_closes_the_link(espat, connected):
    espat.host("pc").reset()
    connected.expect_exact("CLOSED", timeout=SECOND)
    assert connected.links() == []


@pytest.mark.espat(scenario='[ap.home]\nssid = "espat-sim"\npassword = "another horse"\n')
def test_a_wrong_password_is_told_from_a_missing_network(module):
    module.expect_exact("\r\nready\r\n")
    module.command("AT+CWMODE=1")
    module.write('AT+CWJAP="espat-sim","correct horse"')
    assert module.expect(r"\+CWJAP:(\d)\r\n")[1] == b"2"
    module.write('AT+CWJAP="nowhere","correct horse"')
    assert module.expect(r"\+CWJAP:(\d)\r\n")[1] == b"3"
