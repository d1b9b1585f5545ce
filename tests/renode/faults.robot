*** Settings ***
Documentation       What happens on a bench when somebody pulls a plug, and how the firmware gets over it.
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..
${FIRMWARE}         ${ROOT}/build/firmware
${CAPTURE}          ${TEMPDIR}/espat-faults.pcapng

*** Keywords ***
Start Board
    [Arguments]    ${board}    ${console}    &{settings}
    Create Machine With Module    ${ROOT}/platforms/${board}.repl    ${FIRMWARE}/${board}.elf    &{settings}
    Create Terminal Tester    sysbus.${console}    timeout=60    defaultPauseEmulation=True

*** Test Cases ***
Firmware Survives Losing The Access Point In Mid Transfer
    Start Board    stm32f4_discovery    usart1    capture=${CAPTURE}
    Wait For AT Command    AT+CIPSEND=1,2048    timeout=30
    Wait For Module Reply    Recv 2048 bytes
    Take Access Point Down    home
    Wait For Leave
    Module Should Be    not joined
    # A UDP link stays, without a word.
    Links Should Be    0 UDP 198.51.100.7:7
    Bring Access Point Up    home
    Wait For Join    home    timeout=60
    Wait For Line On Uart    Wi-Fi was lost during echo
    Wait For Line On Uart    PASS
    Capture Should Contain    at.cmd == "WIFI DISCONNECT"    least=2
    Capture Should Contain    dhcp.option.dhcp == 1    least=2
    Capture Should Not Contain    _ws.malformed || _ws.expert.severity == "Error"

Firmware Gets Through A Lossy Link By Retransmission
    Start Board    nrf52840dk    uart0    capture=${CAPTURE}
    Wait For Join
    Set Link Loss    wifi    10%
    Wait For Line On Uart    PASS
    Capture Should Contain    tcp.analysis.retransmission
    ${statistics}=    Ask Module    Statistics
    Should Not Contain    ${statistics}    frames-lost 0

Module That Loses Power Is Noticed
    Start Board    mps2-an385    uart0
    Wait For Link    0 opened TCP 203.0.113.10:80
    Power Cycle Module
    Wait For Line On Uart    the module restarted during http
    Wait For Line On Uart    PASS

Test Plays The Server By Hand
    ${scenario}=    Get File    ${ROOT}/scenarios/default.toml
    ${before}    ${after}=    Split String    ${scenario}    [host.www.http]    1
    ${after}=    Fetch From Right    ${after}    "/status"
    ${after}=    Fetch From Right    ${after}    [host.echo]
    Create File    ${TEMPDIR}/espat-by-hand.toml    ${before}tcp-terminal = 80\n[host.echo]${after}
    Start Board    mps2-an385    uart0    scenario=${TEMPDIR}/espat-by-hand.toml
    ${peer}=    Wait For Connection On Host    www
    Should Start With    ${peer}    192.168.1.100:
    Wait For Data On Host    www    GET /status HTTP/1.1
    Send From Host    www    HTTP/1.1 200 OK\r\nContent-Length: 21\r\nX-By: "hand"\r\n\r\nespat-sim says hello\n
    Close From Host    www
    Wait For Line On Uart    HTTP 200, 21 bytes of body as expected
    Wait For Line On Uart    PASS
