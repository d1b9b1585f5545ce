"""Adafruit's ESP_ATcontrol from PyPI, unmodified, on CPython and in virtual time (docs/drivers.md).

Everything that its interface offers is called, but connect_enterprise(): without AT+CWJEAP it retries for ever.
"""

import contextlib
import io
import pathlib
import unittest

from circuitpython import SECOND, UART, Board, DigitalInOut, import_driver

espatcontrol = import_driver("adafruit_espatcontrol.adafruit_espatcontrol")
wifimanager = import_driver("adafruit_espatcontrol.adafruit_espatcontrol_wifimanager")
ESP_ATcontrol, OKError = espatcontrol.ESP_ATcontrol, espatcontrol.OKError

ROOT = pathlib.Path(__file__).parents[3]
HOME = {"ssid": "espat-sim", "password": "correct horse"}


def scenario(profile="esp32c3-v2.3"):
    """The built-in one, with a terminal in the hand of the test and a second access point."""
    text = (ROOT / "scenarios/default.toml").read_text()
    more = """
[host.pc]
address = "192.168.1.20"
names = ["pc.lan"]
tcp-terminal = 23

[ap.cafe]
ssid = "cafe"
rssi = -70
subnet = "192.168.2.0/24"
"""
    return text.replace("esp32c3-v2.3", profile) + more


class Driver(unittest.TestCase):
    """A board with the driver, as its examples make it."""

    board = None

    def power_on(self, profile="esp32c3-v2.3", **options):
        self.board = Board(scenario(profile))
        self.addCleanup(self.board.world.close)
        self.esp = ESP_ATcontrol(UART(), 115200, reset_pin=DigitalInOut("en"), **options)
        self.board.sleep(1)
        return self.esp

    def joined(self, **options):
        esp = self.power_on(**options)
        self.quietly(esp.connect, HOME)
        return esp

    def quietly(self, call, *arguments):
        """The driver prints what it does."""
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            call(*arguments)
        return printed.getvalue()

    def received(self, esp, length):
        """What comes on the open socket, in as many packets as it takes."""
        data = bytearray()
        while len(data) < length:
            packet = esp.socket_receive(timeout=5)
            self.assertTrue(packet, f"{bytes(data)} of {length} bytes, then nothing: {self.board.dialogue}")
            data += packet
        return bytes(data)

    def run(self, result=None):
        """A test that fails shows what went over the wire."""
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if self.board and len(result.failures) + len(result.errors) > before:
            print(f"\n{self.id()}:\n{self.board.dialogue.decode(errors='backslashreplace')}")


class Basics(Driver):
    def test_begins_and_knows_the_version(self):
        esp = self.power_on()
        esp.begin()
        self.assertIn("AT version:2.3.0.0-dev", esp.version)
        self.assertEqual(esp.cipmux, 0)
        self.assertFalse(esp.is_connected)

    def test_changes_the_rate_and_is_understood_at_the_new_one(self):
        esp = self.power_on(run_baudrate=460800)
        esp.begin()
        self.assertEqual(esp.baudrate, 460800)
        start = self.board.module.now
        self.board.module.write(b"AT\r\n")
        while not self.board.received.endswith(b"OK\r\n"):
            self.board.go_on(start + SECOND)
            self.assertLess(self.board.module.now, start + SECOND, "no answer")
        # Ten bytes at 115200 baud alone are 868 us.
        self.assertLess(self.board.module.now - start, 10 * 86_806, "still at the old rate")

    def test_flow_control_by_rts_loses_nothing(self):
        esp = self.power_on(run_baudrate=921600, rts_pin=DigitalInOut("rts"))
        self.quietly(esp.connect, HOME)
        self.assertIn(b"AT+UART_CUR=921600,8,1,0,2", self.board.dialogue)
        self.assertEqual(esp.local_ip, "192.168.1.100")

    def test_echo(self):
        esp = self.power_on()
        esp.begin()
        esp.echo(True)
        self.assertTrue(esp.at_response("AT+CIPMUX?").startswith(b"AT+CIPMUX?\r\n"))
        esp.echo(False)
        self.assertTrue(esp.at_response("AT+CIPMUX?").startswith(b"+CIPMUX:0\r\n"))

    def test_an_unknown_command_is_an_error(self):
        esp = self.power_on()
        with self.assertRaises(OKError):
            esp.at_response("AT+FAKE", retries=2)


class Resets(Driver):
    def test_soft_reset(self):
        esp = self.power_on()
        self.assertTrue(esp.soft_reset())
        self.assertTrue(esp.sync())

    def test_hard_reset(self):
        esp = self.power_on(run_baudrate=230400)
        esp.begin()
        esp.hard_reset()
        self.assertIn(b"\r\nready\r\n", self.board.dialogue[-200:], "the module did not start again")
        esp.begin()
        self.assertEqual(esp.baudrate, 230400)

    def test_begin_helps_a_module_that_does_not_answer(self):
        esp = self.power_on()
        self.board.module.write(b"AT+UART_CUR=9600,8,1,0,0\r\n")
        self.board.sleep(1)
        esp.begin()
        self.assertIsNotNone(esp.version, "the reset pin was no help")

    def test_factory_reset_forgets_the_access_point(self):
        esp = self.joined()
        esp.factory_reset()
        self.board.sleep(5)
        esp.begin()
        self.assertFalse(esp.is_connected)
        self.assertEqual(esp.mode, 0, "the mode outlived the reset")

    def test_deep_sleep_ends_with_a_start(self):
        esp = self.power_on()
        esp.begin()
        self.assertTrue(esp.deep_sleep(5000))
        self.board.dialogue.clear()
        self.board.sleep(4)
        self.assertNotIn(b"ready", self.board.dialogue)
        self.board.sleep(2)
        self.assertIn(b"\r\nready\r\n", self.board.dialogue)


class Wifi(Driver):
    def test_connects_and_has_an_address(self):
        esp = self.power_on()
        printed = self.quietly(esp.connect, HOME)
        self.assertEqual(printed, "Connected to espat-sim\nMy IP Address: 192.168.1.100\n")
        self.assertTrue(esp.is_connected)
        self.assertEqual(esp.status, esp.STATUS_APCONNECTED)
        self.assertEqual(esp.mode, esp.MODE_STATION)

    def test_a_wrong_password_is_an_error(self):
        esp = self.power_on()
        with self.assertRaises(OKError):
            self.quietly(esp.connect, {"ssid": "espat-sim", "password": "wrong horse"})
        self.assertFalse(esp.is_connected)

    def test_scans(self):
        esp = self.power_on()
        found = [router[:3] for router in esp.scan_APs()]
        self.assertEqual(found, [[3, "espat-sim", -45], [0, "cafe", -70]])

    def test_modes(self):
        esp = self.power_on()
        for mode in (esp.MODE_SOFTAP, esp.MODE_SOFTAPSTATION, esp.MODE_STATION):
            esp.mode = mode
            self.assertEqual(esp.mode, mode)

    def test_disconnects(self):
        esp = self.joined()
        esp.disconnect()
        self.assertFalse(esp.is_connected)
        self.assertIn(b"WIFI DISCONNECT\r\n", self.board.dialogue)
        esp.disconnect()

    def test_joins_by_itself_unless_told_not_to(self):
        esp = self.joined()
        esp.hard_reset()
        self.board.sleep(5)
        self.assertTrue(esp.is_connected)
        esp.set_autoconnect(False)
        esp.hard_reset()
        self.board.sleep(5)
        self.assertFalse(esp.is_connected)

    def test_a_lost_access_point_is_seen_and_its_return_too(self):
        esp = self.joined()
        self.board.world.console("ap home down")
        self.board.sleep(10)
        self.assertFalse(esp.is_connected)
        self.board.world.console("ap home up")
        self.board.sleep(10)
        self.assertTrue(esp.is_connected)

    def test_pings_and_resolves(self):
        esp = self.joined()
        self.assertIn(esp.ping("www.example.com"), range(34, 41))
        self.assertIsNone(esp.ping("192.168.1.77"))
        self.assertEqual(esp.nslookup("www.example.com"), "203.0.113.10")
        with self.assertRaises(OKError):
            esp.nslookup("no.such.name")

    def test_sntp_is_configured(self):
        esp = self.joined()
        esp.sntp_config(True, 2, "pool.ntp.org")
        reply = esp.at_response("AT+CIPSNTPCFG?")
        self.assertEqual(reply, b'+CIPSNTPCFG:1,2,"pool.ntp.org"\r\n')
        self.assertRegex(esp.sntp_time, rb"^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] \d\d:\d\d:\d\d \d{4}$")

    def test_the_time_comes_from_a_server(self):
        esp = self.power_on()
        self.quietly(esp.connect, {**HOME, "timezone": 2, "ntp_server": "cn.ntp.org.cn"})
        self.board.sleep(10)
        self.assertRegex(esp.sntp_time, rb"^Thu Jan  1 02:00:\d\d 2026$")


class Sockets(Driver):
    def test_sends_and_receives(self):
        esp = self.joined()
        self.assertTrue(esp.socket_connect(esp.TYPE_TCP, "nas.lan", 7))
        self.assertEqual(esp.status, esp.STATUS_SOCKETOPEN)
        data = bytes(range(256)) + b"\r\nOK\r\n>+IPD,3:ERROR\r\nSEND OK\r\n"
        esp.socket_send(data)
        self.assertEqual(self.received(esp, len(data)), data)
        esp.socket_disconnect()
        self.assertEqual(esp.status, esp.STATUS_APCONNECTED)

    def test_a_new_connection_ends_the_old_one(self):
        esp = self.joined()
        self.assertTrue(esp.socket_connect(esp.TYPE_TCP, "pc.lan", 23))
        self.assertTrue(esp.socket_connect(esp.TYPE_TCP, "echo.example.com", 7))
        esp.socket_send(b"beyond the gateway")
        self.assertEqual(self.received(esp, 18), b"beyond the gateway")

    def test_receives_what_takes_several_packets(self):
        esp = self.joined()
        esp.socket_connect(esp.TYPE_TCP, "pc.lan", 23)
        self.board.world.console('host pc send "' + "0123456789" * 400 + '"')
        self.assertEqual(self.received(esp, 4000), b"0123456789" * 400)

    def test_a_close_by_the_peer(self):
        esp = self.joined()
        esp.socket_connect(esp.TYPE_TCP, "pc.lan", 23)
        self.board.world.console('host pc send "last words"')
        self.board.world.console("host pc close")
        self.assertEqual(self.received(esp, 10), b"last words")
        self.board.sleep(1)
        self.assertEqual(esp.status_socket, esp.STATUS_SOCKET_CLOSED)
        self.assertEqual(esp.socket_receive(timeout=2), b"")
        with self.assertRaises(OKError):
            esp.socket_send(b"too late")

    def test_a_refused_connection_is_an_error(self):
        esp = self.joined()
        with self.assertRaises(OKError):
            esp.socket_connect(esp.TYPE_TCP, "192.168.1.10", 9)
        self.assertTrue(esp.socket_connect(esp.TYPE_TCP, "192.168.1.10", 7))

    def test_udp(self):
        esp = self.joined()
        self.assertTrue(esp.socket_connect(esp.TYPE_UDP, "nas.lan", 7))
        esp.socket_send(b"a datagram")
        self.assertEqual(self.received(esp, 10), b"a datagram")
        esp.socket_disconnect()

    def test_the_status_of_older_firmware(self):
        esp = self.power_on("esp8266-v2.2", use_cipstatus=True)
        esp.begin()
        self.assertEqual(esp.status, 0)
        self.quietly(esp.connect, HOME)
        self.assertEqual(esp.status, esp.STATUS_APCONNECTED)
        esp.socket_connect(esp.TYPE_TCP, "nas.lan", 7)
        self.assertEqual(esp.status, esp.STATUS_SOCKETOPEN)
        esp.socket_disconnect()
        self.assertEqual(esp.status, esp.STATUS_SOCKETCLOSED)
        self.assertTrue(esp.socket_connect(esp.TYPE_TCP, "nas.lan", 7))


class Requests(Driver):
    """The driver's Wi-Fi manager with adafruit_requests on its sockets."""

    def test_gets_pages(self):
        esp = self.power_on()
        wifi = wifimanager.ESPAT_WiFiManager(esp, HOME)
        self.quietly(wifi.connect)
        response = wifi.get("http://www.example.com/status")
        self.assertEqual((response.status_code, response.text), (200, "espat-sim says hello\n"))
        self.assertEqual(response.headers["content-type"], "text/plain")
        response.close()
        response = wifi.get("http://www.example.com/nowhere")
        self.assertEqual(response.status_code, 404)
        response.close()
        wifi.disconnect()
        wifi.reset()
        self.assertTrue(esp.sync())


class Determinism(Driver):
    def test_the_same_run_has_the_same_digest(self):
        digests = set()
        for _ in range(2):
            esp = self.joined()
            esp.socket_connect(esp.TYPE_TCP, "nas.lan", 7)
            esp.socket_send(b"again")
            self.assertEqual(self.received(esp, 5), b"again")
            digests.add(self.board.world.digest())
        self.assertEqual(len(digests), 1, digests)


if __name__ == "__main__":
    unittest.main()
