"""Worlds, modules and hosts: what a host on an MCU does, through the typed interface."""

import subprocess

import espat_sim
import pytest
from espat_sim import (
    MICROSECOND,
    MILLISECOND,
    NEVER,
    SECOND,
    CommandFailed,
    Error,
    EventKind,
    Outcome,
    Parity,
    Power,
    Protocol,
    Record,
    ReplayOutcome,
    Side,
    Status,
    Timeout,
    Wifi,
    World,
)

JOIN = 'AT+CWJAP="espat-sim","correct horse"'
LAB = espat_sim.default_scenario() + '[host.pc]\naddress = "192.168.1.20"\nnames = ["pc.lan"]\ntcp-terminal = 23\n'
TWO = '[module.a]\n[module.b]\n[ap.home]\nssid = "espat-sim"\npassword = "correct horse"\n'


@pytest.fixture
def world():
    with World(LAB, record=espat_sim.world.DEFAULT_RECORD | Record.DIALOGUE | Record.PINS) as world:
        yield world


@pytest.fixture
def wifi(world):
    wifi = world.attach()
    wifi.expect_exact("\r\nready\r\n")
    wifi.command("ATE0")
    return wifi


@pytest.fixture
def joined(wifi):
    wifi.command("AT+CWMODE=1")
    wifi.command(JOIN)
    return wifi


def test_a_module_joins_and_says_so_in_its_state(joined):
    state = joined.state()
    assert (state.power, state.wifi, state.access_point) == (Power.ON, Wifi.JOINED, "home")
    assert state.ipv4 == "192.168.1.100"
    assert (state.line.baud, state.line.parity, state.multiple) == (115200, Parity.NONE, False)


def test_a_command_returns_its_lines_and_a_refused_one_says_which(wifi):
    assert wifi.command("AT+CIPMUX?") == ["+CIPMUX:0"]
    with pytest.raises(CommandFailed, match=r"AT\+FAKE: .*ERROR") as failed:
        wifi.command("AT+FAKE")
    assert failed.value.answer[-1] == "ERROR"


def test_links_hosts_and_events_are_facts(world, joined):
    joined.command('AT+CIPSTART="TCP","pc.lan",23')
    (link,) = joined.links()
    assert (link.id, link.kind, link.port, link.protocol) == (0, "TCP", 23, Protocol.TCP)
    opened = world.wait_for_event("wifi", "link", link=0, event=EventKind.LINK_OPENED)
    assert opened.peer == link.peer and opened.protocol == Protocol.TCP
    joined.write("AT+CIPSEND=8")
    joined.expect_exact(">")
    joined.write(b'\x00\xff"\r\n\\hi')
    joined.expect_exact("SEND OK")
    pc = world.host("pc")
    received = world.wait_for_event("pc", "tcp-terminal", "received")
    assert received.data == pc.received() == b'\x00\xff"\r\n\\hi'
    assert pc.received(offset=6) == b"hi"
    pc.send(b'\x00\xff"\r\n\\>')
    assert joined.expect(rb"\+IPD,(\d+):(.{7})").groups() == (b"7", b'\x00\xff"\r\n\\>')
    pc.close()
    joined.expect_exact("CLOSED")
    assert joined.links() == []


def test_a_wait_finds_one_event_after_the_other_and_a_slip_is_an_error(world, joined):
    first = world.wait_for_event("wifi", "station")
    second = world.wait_for_event("wifi", "station")
    assert (first.event, second.event) == (EventKind.STATION_ASSOCIATED, EventKind.STATION_JOINED)
    assert first.ns < second.ns and second.address == "192.168.1.100"
    with pytest.raises(Error, match="stattion"):
        world.wait_for_event("wifi", "stattion")
    before = joined.now
    with pytest.raises(Timeout, match="did not happen by"):
        world.wait_for_event("www", "http", timeout=SECOND)
    assert joined.now == before + SECOND


def test_what_does_not_come_is_a_timeout_at_the_very_nanosecond_and_says_what_came(wifi):
    before = wifi.now
    wifi.write("AT+CIPMUX?")
    with pytest.raises(Timeout, match=r"'PASS' did not come by .*\n(.|\n)*\+CIPMUX:0"):
        wifi.expect_exact("PASS", timeout=300 * MILLISECOND)
    assert wifi.now == before + 300 * MILLISECOND
    assert b"+CIPMUX:0" in wifi.read(), "a wait that failed must take nothing away"


@pytest.mark.parametrize("timeout", [5, 0.5, True, -SECOND])
def test_a_timeout_in_seconds_is_refused(wifi, timeout):
    with pytest.raises((TypeError, ValueError), match="nanoseconds"):
        wifi.expect("OK", timeout=timeout)


def test_one_of_several_patterns_and_what_was_before_it(wifi):
    wifi.write("AT+CIPMUX?")
    assert wifi.expect_exact(["ERROR", "OK"]) == b"OK"
    wifi.write("AT+CIPMUX?")
    assert b"+CIPMUX:0" in wifi.expect_exact("OK", return_what_before_match=True)


def test_a_refused_call_has_its_status_and_its_sentence(world):
    with pytest.raises(Error, match="there is no module 'door'; this world has wifi") as refused:
        world.attach("door")
    assert refused.value.status == Status.UNKNOWN_MODULE
    with pytest.raises(Error, match="expected `down`") as refused:
        world.console("ap home dwon")
    assert refused.value.status == Status.INVALID_LINE
    with pytest.raises(Error, match="passwrd"):
        World("[ap.home]\npasswrd = 'x'\n")


def test_a_question_to_the_console_is_answered_with_facts(world, wifi):
    wifi.command("AT+CWMODE=1")
    wifi.command(JOIN)
    wifi.command('AT+CIPSTART="TCP","192.168.1.20",23')
    answer = world.console_json("links")
    assert answer["at_ns"] == wifi.now
    assert [(link["peer"], link["accepted"]) for link in answer["links"]] == [("192.168.1.20:23", False)]
    assert world.console_json("digest")["digest"]["digest"] == world.digest()
    at = wifi.now + SECOND
    assert world.console_json(f"at {at}ns ap home down") == {"at_ns": at, "change": "ap home down"}
    with pytest.raises(Error, match="^expected `down`") as refused:
        world.console_json("ap home dwon")
    assert refused.value.status == Status.INVALID_LINE
    world.finish()
    with pytest.raises(Error) as refused:
        world.console_json("ap home down")
    assert refused.value.status == Status.FINISHED
    assert not str(refused.value).startswith("{"), "a refusal of the call itself is a sentence"


def test_time_is_the_callers(wifi):
    while (event := wifi.next_event()) != NEVER and event < 60 * SECOND:
        wifi.advance(event)
        wifi.read()
    wifi.advance(600 * SECOND)
    with pytest.raises(Error, match="time went backwards"):
        wifi.advance(599 * SECOND)
    assert wifi.now == 600 * SECOND


def test_two_modules_go_on_together(tmp_path):
    def run():
        with World(TWO) as world:
            with pytest.raises(Error, match="say which: a, b"):
                world.attach()
            a, b = world.attach("a"), world.attach("b")
            for module in (a, b):
                module.expect_exact("ready")
                module.command("AT+CWMODE=1")
                module.command(JOIN)
            a.wait(SECOND)
            assert abs(a.now - b.now) <= espat_sim.world.LOOKAHEAD
            assert {a.state().ipv4, b.state().ipv4} == {"192.168.1.100", "192.168.1.101"}
            return world.digest(), a.digest(), b.digest()

    assert run() == run()
    assert len(set(run())) == 3


def test_all_modules_at_once_come_to_what_steps_come_to():
    def run(advance):
        with World(TWO, seed=1) as world:
            modules = [world.attach(name) for name in ("a", "b")]
            for at, line in ((2, "AT+CWMODE=1"), (3, JOIN)):
                advance(world, at * SECOND)
                for module in modules:
                    module.write(line)
            advance(world, 20 * SECOND)
            assert [module.now for module in modules] == [20 * SECOND, 20 * SECOND]
            joined = [module.state().ipv4 for module in modules]
            assert sorted(joined) == ["192.168.1.100", "192.168.1.101"]
            return [module.read() for module in modules], world.digest()

    def steps(world, to):
        while any(module.now < to for module in world._attached):
            world.step(to)

    assert run(World.advance_all) == run(steps) == run(World.advance)


def test_all_at_once_never_goes_back_and_takes_along_who_has_no_driver():
    with World(TWO) as world:
        a = world.attach("a")
        world.advance_all(2 * SECOND)
        assert (a.now, world.attach("b").now) == (2 * SECOND, 2 * SECOND)
        with pytest.raises(Error) as refused:
            world.advance_all(SECOND)
        assert refused.value.status == Status.TIME_BACKWARDS
        assert a.now == 2 * SECOND


def test_pins_line_settings_and_bytes_with_their_times(world, wifi):
    wifi.set_pin("en", False)
    wifi.wait(10 * MILLISECOND)
    assert wifi.state().power == Power.OFF
    wifi.set_pin("en", True)
    wifi.expect_exact("ready")
    wifi.read()
    wifi.set_line(9600)
    wifi.write("AT")
    wifi.wait(100 * MILLISECOND)
    assert wifi.state().mcu_line.baud == 9600
    assert wifi.statistics().module_framing_errors > 0, "a module at another rate must not understand"
    wifi.set_line(115200)
    wifi.write(b"\r\n")
    wifi.wait(SECOND)
    wifi.read()
    wifi.write("AT")
    wifi.advance(wifi.now + 100 * MILLISECOND)
    taken = wifi.uart_take()
    assert bytes(one.byte for one in taken).endswith(b"OK\r\n")
    assert all(a.ns < b.ns for a, b in zip(taken, taken[1:]))
    assert wifi.pins() == []


def test_the_dialogue_the_capture_and_the_log(tmp_path, wifi, world):
    said = [str(packet) for packet in world.dialogue()]
    assert any(line.endswith("MCU -> ATE0") for line in said) and any(line.endswith("ESP <- ready") for line in said)
    with World(seed=9, capture=tmp_path / "a.pcapng", input_log=tmp_path / "a.espat-log") as other:
        module = other.attach()
        module.expect_exact("ready")
        other.finish()
        digest = other.digest()
        assert other.seed() == 9
    replay = espat_sim.replay((tmp_path / "a.espat-log").read_bytes())
    assert (replay.outcome, replay.digest) == (ReplayOutcome.SAME, digest)
    assert (tmp_path / "a.pcapng").read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    command = [espat_sim.command_path(), "replay", "--no-dialogue", str(tmp_path / "a.espat-log")]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert digest in said.stdout + said.stderr


def test_a_device_on_the_lan_asks_for_the_address_of_the_module():
    mac, who = bytes.fromhex("025500000001"), bytes([192, 168, 1, 77])
    with World(seed=9) as world:
        wifi, lan = world.attach(), world.lan("home")
        wifi.expect_exact("ready")
        wifi.command("AT+CWMODE=1")
        wifi.command(JOIN)
        address = bytes(int(part) for part in wifi.state().ipv4.split("."))
        lan.take()
        arp = b"\xff" * 6 + mac + bytes.fromhex("08060001080006040001") + mac + who + bytes(6) + address
        asked = wifi.now
        lan.send(arp, asked)
        wifi.wait(50 * MILLISECOND)
        answers = [(at, frame) for at, frame in lan.take() if frame[:6] == mac and frame[20:22] == b"\0\2"]
        assert len(answers) == 1 and answers[0][0] > asked + 200 * MICROSECOND and answers[0][1][28:32] == address
        lan.close()
        with pytest.raises(Error):
            lan.take()
        with pytest.raises(Error, match="did you mean `home`"):
            world.lan("hoem")


def test_a_world_that_was_restored_goes_on_as_if_it_had_not_stopped(tmp_path):
    with World(seed=9, capture=tmp_path / "whole.pcapng", record=Record.SNAPSHOT) as world:
        wifi = world.attach()
        wifi.expect_exact("ready")
        wifi.write("AT+CWMODE=1")
        wifi.wait(300 * MICROSECOND)
        saved = world.snapshot()
        wifi.expect_exact("OK")
        rest, ends = wifi.command("AT+CWMODE?"), (wifi.now, world.digest())
    with World.restore(saved, capture=tmp_path / "restored.pcapng") as world:
        wifi = world.attach()
        wifi.expect_exact("OK")
        assert (wifi.command("AT+CWMODE?"), (wifi.now, world.digest())) == (rest, ends)
        with pytest.raises(Error):
            world.attach()
    assert (tmp_path / "whole.pcapng").read_bytes() == (tmp_path / "restored.pcapng").read_bytes()
    with pytest.raises(Error, match="cut off"):
        World.restore(saved[:-9])


def test_records_are_pulled_when_they_are_asked_for():
    with World(record=Record.CAPTURE | Record.INPUT_LOG | Record.DIALOGUE) as world:
        wifi = world.attach()
        wifi.expect_exact("ready")
        world.finish()
        assert world.capture()[:4] == b"\x0a\x0d\x0d\x0a" and world.capture() == b""
        assert espat_sim.replay(world.input_log()).digest == world.digest()
        assert {packet.side for packet in world.dialogue()} == {Side.MODULE}
        with pytest.raises(Error) as refused:
            world.events()
        assert refused.value.status == Status.NOT_RECORDED


def test_the_secrets_of_a_tls_session_are_in_the_key_log(tmp_path):
    scenario = LAB + '[host.secure]\naddress = "203.0.113.20"\nnames = ["secure.example.com"]\nhttp.port = 443\nhttp.tls = true\n'
    with World(scenario, keylog=tmp_path / "a.keys") as world:
        wifi = world.attach()
        wifi.expect_exact("\r\nready\r\n")
        wifi.command("AT+CWMODE=1")
        wifi.command(JOIN)
        wifi.command('AT+CIPSTART="SSL","secure.example.com",443')
        world.wait_for_event("secure", "tls", event=EventKind.TLS_SESSION)
        world.finish()
    assert (tmp_path / "a.keys").read_text().startswith("CLIENT_RANDOM ")


def test_expectations_are_read_and_checked():
    scenario = 'expect = ["by 5s wifi reply ready", "wifi station joined home"]\n' + espat_sim.default_scenario()
    with World(scenario) as world:
        world.attach().expect_exact("\r\nready\r\n")
        assert [one.outcome for one in world.expectations()] == [Outcome.MET, Outcome.OPEN]
        with pytest.raises(AssertionError, match=r"line 1: .*before `wifi station joined home` had happened"):
            world.check_expectations()


def test_a_module_that_nobody_attached_can_not_be_waited_for(world):
    with pytest.raises((Error, Timeout)):
        world.wait_for_event("wifi", "reply")
    with pytest.raises(Error, match="nobody moves time"):
        world.step(SECOND)


def test_a_closed_world_is_an_error_and_nothing_worse(wifi, world):
    world.close()
    with pytest.raises(Error, match="the world is closed"):
        wifi.write("AT")
    world.close()


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_that_is_none_is_refused_and_not_cut_to_one(seed):
    with pytest.raises(ValueError, match="seed=.*expected 0 to 18446744073709551615"):
        World(seed=seed)
    with pytest.raises(TypeError, match="seed='3'"):
        World(seed="3")


def test_a_time_that_is_none_is_refused_and_moves_nothing():
    with World() as world:
        module = world.attach()
        for move in (module.advance, world.advance_all):
            for to in (-5, 2**64):
                with pytest.raises(ValueError, match=f"to={to}"):
                    move(to)
        assert module.now == 0
        module.expect_exact("ready")


def test_a_word_that_is_none_of_its_kind_is_refused_with_those_that_are():
    with World() as world:
        with pytest.raises(Error, match="mcu_tx='as_stored': expected one of 'wire', 'as-stored'"):
            world.attach(mcu_tx="as_stored")
        with pytest.raises(Error, match="pin='boot': expected one of 'en', 'gpio0'"):
            world.attach().set_pin("boot", True)
