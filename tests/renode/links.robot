*** Settings ***
Documentation       Which links are open is a fact of the module: clients of its own server are links, a loss closes none, and
...                 a reset, deep sleep and power cuts leave none.
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..

*** Keywords ***
Start Module
    [Documentation]    On a board whose CPU does nothing: the test is the firmware.
    Create Machine With Module    ${ROOT}/platforms/mps2-an385.repl    scenario=${CURDIR}/links.toml
    Execute Command    sysbus.cpu IsHalted true
    Create Terminal Tester    sysbus.wifi    defaultPauseEmulation=True
    Wait For Module Reply    ready

Send
    [Arguments]    ${line}
    Write To Uart    ${line}\r\n
    Wait For Module Reply    OK

Join
    Send    ATE0
    Send    AT+CWMODE=1
    Send    AT+CWJAP="espat-sim","correct horse"
    Send    AT+CIPMUX=1

Open Link Two
    Start Module
    Join
    Send    AT+CIPSTART=2,"TCP","pc.lan",5000
    Links Should Be    2 TCP 192.168.1.20:5000

*** Test Cases ***
Client Of The Modules Server Is A Link Until It Closes
    Start Module
    Join
    Send    AT+CIPSERVER=1,8080
    Links Should Be    ${EMPTY}
    Connect From Host    pc    wifi    8080
    Wait For Link    0 accepted TCP 192.168.1.20:
    ${peer}=    Ask Module    ObservedPeer
    Links Should Be    0 TCP ${peer}
    Close From Host    pc
    Wait For Link    0 closed TCP
    Links Should Be    ${EMPTY}

Loss Leaves The Link Open
    Start Module
    Join
    Send    AT+CIPRECVMODE=1
    Send    AT+CIPSTART=0,"UDP","pc.lan",5000,4321,0
    ${datagram}=    Evaluate    'x' * 5000
    Send Datagram From Host    pc    wifi    4321    ${datagram}
    Wait For Module Reply    +IPD,0,5000
    Send Datagram From Host    pc    wifi    4321    ${datagram}
    Wait For Link    0 lost 5000 bytes from 192.168.1.20:5000
    Links Should Be    0 UDP 192.168.1.20:5000

Reset Leaves No Link
    Open Link Two
    Write To Uart    AT+RST\r\n
    Wait For Module Reply    ready
    Links Should Be    ${EMPTY}

Deep Sleep Leaves No Link
    Open Link Two
    Send    AT+GSLP=1000
    Execute Command    emulation RunFor "0.5"
    Module Should Be    asleep
    Links Should Be    ${EMPTY}
    Wait For Module Reply    ready
    Links Should Be    ${EMPTY}

En Low Leaves No Link
    Open Link Two
    Execute Command    sysbus.wifi OnGPIO 0 false
    Module Should Be    switched off
    Links Should Be    ${EMPTY}
    Execute Command    sysbus.wifi OnGPIO 0 true
    Wait For Module Reply    ready
    Links Should Be    ${EMPTY}

Power Cut Leaves No Link
    Open Link Two
    Power Cycle Module
    Links Should Be    ${EMPTY}

What A Host Received Is There Whole
    Open Link Two
    Write To Uart    AT+CIPSEND=2,300\r\n
    Wait For Prompt On Uart    >
    ${data}=    Evaluate    'x' * 300
    Write To Uart    ${data}
    Wait For Module Reply    SEND OK
    Execute Command    emulation RunFor "0.1"
    ${received}=    Get Data Of Host    pc
    Should Be Equal    ${received}    ${data}
