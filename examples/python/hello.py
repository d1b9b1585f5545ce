"""Boots a module, asks it for its version and joins an access point, as a host on an MCU would; then the access point is
gone."""

from espat_sim import SECOND, World

with World() as world:
    wifi = world.attach()
    wifi.expect_exact("\r\nready\r\n")
    wifi.command("ATE0")
    for line in wifi.command("AT+GMR"):
        print(line)
    wifi.command("AT+CWMODE=1")
    print(*wifi.command('AT+CWJAP="espat-sim","correct horse"'), sep="\n")
    print("the module is", wifi.state().text)
    world.console("ap home down")
    print(wifi.expect_exact("WIFI DISCONNECT", timeout=10 * SECOND).decode())
    print("digest", world.digest())
