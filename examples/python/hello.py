"""Boots a module, asks it for its version and joins an access point, as a host on an MCU would."""

from espat_sim import NEVER, World

SECOND = 1_000_000_000


def ask(wifi, command, seconds=20):
    """Sends a command; goes from event to event until its OK or ERROR is there."""
    wifi.write(command.encode() + b"\r\n")
    answer, end = b"", wifi.now + seconds * SECOND
    while not answer.endswith((b"\r\nOK\r\n", b"\r\nERROR\r\n")):
        event = wifi.next_event()
        if event == NEVER or event > end:
            raise SystemExit(f"no answer to {command}: {answer!r}")
        wifi.advance(event)
        answer += wifi.read()
    return answer.decode()


with World() as world:
    wifi = world.attach()
    wifi.advance(1 * SECOND)
    print(wifi.read().decode())
    print(ask(wifi, "ATE0"))
    print(ask(wifi, "AT+GMR"))
    print(ask(wifi, "AT+CWMODE=1"))
    print(ask(wifi, 'AT+CWJAP="espat-sim","correct horse"'))
    world.console("ap home down")
    wifi.advance(wifi.now + 10 * SECOND)
    print(wifi.read().decode())
    print("digest", world.digest())
