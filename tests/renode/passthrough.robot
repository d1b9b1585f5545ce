*** Settings ***
Documentation       Passthrough, byte by byte. Where the test is the firmware, each byte is stored at the time that the test says.
...                 At 115200 baud a byte takes 87 us.
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..
${CAPTURE}          ${TEMPDIR}/espat-passthrough.pcapng

*** Keywords ***
Start Module
    [Documentation]    On a board whose CPU does nothing. What the terminal tester writes is stored into the MCU's UART, all
    ...    of it at the instant at which the emulation is paused.
    [Arguments]    ${platform}=${ROOT}/platforms/mps2-an385.repl
    Create Machine With Module    ${platform}    scenario=${CURDIR}/passthrough.toml    capture=${CAPTURE}
    Execute Command    sysbus.cpu IsHalted true
    Create Terminal Tester    sysbus.wifi    defaultPauseEmulation=True
    Wait For Module Reply    ready

Send
    [Arguments]    ${line}
    Write To Uart    ${line}\r\n
    Wait For Module Reply    OK

Enter Passthrough
    [Arguments]    ${host}    ${port}
    Send    ATE0
    Send    AT+CWMODE=1
    Send    AT+CWJAP="espat-sim","correct horse"
    Send    AT+CIPMODE=1
    Send    AT+CIPSTART="TCP","${host}",${port}
    Send    AT+CIPSEND
    Wait For Prompt On Uart    >

Let Pass
    [Arguments]    ${seconds}
    Execute Command    emulation RunFor "${seconds}"

Module Should Be In Passthrough
    Write To Uart    AT\r\n
    Wait For Data On Host    pc    AT\\r\\n

Module Should Take Commands
    Forget Observations
    Send    AT

*** Test Cases ***
Data Goes Out Twenty Milliseconds After The End Of Its First Byte
    Start Module
    Enter Passthrough    pc.lan    5000
    Write To Uart    hello
    # The `m` ends 100 us after that.
    Let Pass    0.0201
    Write To Uart    more
    Wait For Data On Host    pc    "hello", 5 bytes
    Wait For Data On Host    pc    "more", 4 bytes
    Write To Uart    first
    # And this one 100 us before.
    Let Pass    0.0199
    Write To Uart    second
    Wait For Data On Host    pc    "firstse", 7 bytes
    Wait For Data On Host    pc    "cond", 4 bytes
    Capture Should Contain    tcp.payload == "firstse"

Blocks Of 2920 Do Not Wait
    Start Module
    Send    AT+UART_CUR=4000000,8,1,0,3
    Enter Passthrough    pc.lan    5000
    ${block}=    Evaluate    'x' * 8760
    Write To Uart    ${block}
    # 2920 bytes take 7.3 ms. The module's segments have 1440 bytes at most, as lwIP is built for it.
    Let Pass    0.0199
    Capture Should Contain    tcp.len == 1440
    Let Pass    0.3
    Capture Should Contain    tcp.len == 1440    least=6
    Capture Should Not Contain    tcp.len > 0 && tcp.len != 1440 && tcp.len != 120

Escape Leaves With More Than Twenty Milliseconds Of Silence On Both Sides
    Start Module
    Enter Passthrough    pc.lan    5000
    Write To Uart    data
    Let Pass    0.0204
    Write To Uart    +++
    Let Pass    0.0204
    Module Should Take Commands
    Capture Should Not Contain    tcp.payload contains "+"
    # The link is still there.
    Send    AT+CIPSEND
    Wait For Prompt On Uart    >
    Module Should Be In Passthrough

Escape With Too Short A Silence Before Leaks Into The Stream
    Start Module
    Enter Passthrough    pc.lan    5000
    Write To Uart    data
    Let Pass    0.0203
    Write To Uart    +++
    Wait For Data On Host    pc    +++
    Module Should Be In Passthrough

Escape With Too Short A Silence After Leaks Into The Stream
    Start Module
    Enter Passthrough    pc.lan    5000
    Let Pass    1
    Write To Uart    +++
    Let Pass    0.0202
    Write To Uart    AT\r\n
    Wait For Data On Host    pc    +++A
    Module Should Be In Passthrough

Connection That Is Lost Comes Back Inside Passthrough
    Start Module
    Enter Passthrough    pc.lan    5000
    ${first}=    Wait For Connection On Host    pc
    Close From Host    pc
    ${second}=    Wait For Connection On Host    pc    timeout=30
    Should Not Be Equal    ${first}    ${second}
    Send From Host    pc    welcome back
    Wait For Line On Uart    welcome back    includeUnfinishedLine=True
    Module Should Be In Passthrough
    Capture Should Contain    tcp.flags.syn == 1 && tcp.flags.ack == 0    least=2

Bytes Are Lost Where Nobody Obeys Rts
    Start Module    ${ROOT}/platforms/stm32f7_discovery.repl
    Fill Module While The Link Is Down
    Bring Link Up    wifi
    Let Pass    5
    ${lost}=    Get Statistic    module-overruns
    Should Be True    ${lost} > 1000    msg=${lost} bytes were lost
    Capture Should Contain    frame.comment contains "RTS high"
    Capture Should Contain    frame.comment contains "bytes from the MCU are being lost"

No Byte Is Lost Where The Mcu Obeys Rts
    Start Module
    Fill Module While The Link Is Down
    Bring Link Up    wifi
    Let Pass    5
    ${lost}=    Get Statistic    module-overruns
    Should Be Equal As Integers    ${lost}    0
    ${echoed}=    Get Statistic    mcu-received
    Should Be True    ${echoed} > 20000    msg=Not all came back from the echo server: ${echoed} bytes
    Capture Should Contain    frame.comment contains "RTS low"
    Capture Should Not Contain    frame.comment contains "bytes from the MCU are being lost"

Firmware Sends More Than A Module Holds With Flow Control And Not Without
    Run Bulk Firmware    ObeysRts true
    Wait For Line On Uart    PASS
    ${lost}=    Get Statistic    module-overruns
    Should Be Equal As Integers    ${lost}    0
    Execute Command    Clear
    Run Bulk Firmware    ObeysRts false
    Wait For Line On Uart    FAIL
    ${lost}=    Get Statistic    module-overruns
    Should Be True    ${lost} > 0

Firmware That Has Flow Control In Software Can Read The Module's Rts
    Create File    ${TEMPDIR}/espat-rts.repl    using "${ROOT}/platforms/netduinoplus2.repl"\n\nwifi:\n${SPACE*4}Rts -> gpioPortD@3\n
    Include Module
    Start Module    ${TEMPDIR}/espat-rts.repl
    Pin D3 Should Be    0x0
    Fill Module While The Link Is Down
    Pin D3 Should Be    0x8
    Bring Link Up    wifi
    Let Pass    5
    Pin D3 Should Be    0x0

*** Keywords ***
Fill Module While The Link Is Down
    [Documentation]    20000 bytes to an echo server, more than the module has buffers for.
    Send    AT+UART_CUR=921600,8,1,0,3
    Enter Passthrough    nas.lan    7
    Take Link Down    wifi
    ${much}=    Evaluate    'x' * 20000
    Write To Uart    ${much}
    Let Pass    1

Run Bulk Firmware
    [Arguments]    ${setting}
    Create Machine With Module    ${ROOT}/platforms/nrf52840dk.repl    ${ROOT}/build/firmware/nrf52840dk-bulk.elf
    ...    scenario=${ROOT}/scenarios/slow-uplink.toml
    Execute Command    sysbus.wifi ${setting}
    Create Terminal Tester    sysbus.uart0    timeout=120    defaultPauseEmulation=True

Pin D3 Should Be
    [Arguments]    ${level}
    ${inputs}=    Execute Command    sysbus ReadDoubleWord 0x40020C10
    Should Be Equal As Integers    ${inputs}    ${level}    base=16
