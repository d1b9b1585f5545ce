*** Settings ***
Documentation       Both ends of the UART wire: rate and format, flow control, and what disturbs it. Unless a test runs firmware,
...                 the CPU does nothing and the test stores the bytes.
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..
${FIRMWARE}         ${ROOT}/build/firmware
# MPS2's UART1, whose divisor counts 25 MHz.
${DATA}             0x40005000
${CONTROL}          0x40005008
${DIVISOR}          0x40005010

*** Keywords ***
Start Module
    Create Machine With Module    ${ROOT}/platforms/mps2-an385.repl
    Execute Command    sysbus.cpu IsHalted true
    Create Terminal Tester    sysbus.wifi    defaultPauseEmulation=True
    Wait For Module Reply    ready

Store
    [Documentation]    A line into the transmit register, from the Monitor's thread.
    [Arguments]    ${line}
    @{characters}=    Split String To Characters    ${line}\r\n
    FOR    ${character}    IN    @{characters}
        ${byte}=    Evaluate    ord($character)
        Execute Command    sysbus WriteDoubleWord ${DATA} ${byte}
    END

Send
    [Arguments]    ${line}
    Write To Uart    ${line}\r\n
    Wait For Module Reply    OK

Wire Should Be
    [Arguments]    ${settings}
    ${status}=    Ask Module    Status
    Should Contain    ${status}    wire wifi: ${settings},

Run Firmware
    [Arguments]    ${board}    ${console}
    Create Machine With Module    ${ROOT}/platforms/${board}.repl    ${FIRMWARE}/${board}.elf
    Execute Command    sysbus.wifi McuLine "uart"
    Create Terminal Tester    sysbus.${console}    timeout=30    defaultPauseEmulation=True
    Wait For Line On Uart    PASS
    FOR    ${end}    IN    module    mcu
        ${errors}=    Get Statistic    ${end}-framing-errors
        Should Be Equal As Integers    ${errors}    0
    END
    Execute Command    Clear

*** Test Cases ***
Driver That Forgets To Follow The Module Is Not Understood
    Start Module
    Execute Command    sysbus.wifi McuLine "uart"
    Execute Command    sysbus WriteDoubleWord ${CONTROL} 3
    Execute Command    sysbus WriteDoubleWord ${DIVISOR} 217
    Store    AT+UART_CUR=921600,8,1,0,0
    Wait For Module Reply    OK
    Wire Should Be    MCU 115207 8n1, module 921600 8n1
    Create Log Tester    1
    Store    AT+GMR
    Wait For Log Entry    The MCU sends at 115207 8n1, the module is set to 921600 8n1
    Execute Command    emulation RunFor "0.1"
    ${errors}=    Get Statistic    module-framing-errors
    Should Be True    ${errors} > 0
    Execute Command    sysbus WriteDoubleWord ${DIVISOR} 27
    Store    ${EMPTY}
    Execute Command    emulation RunFor "0.1"
    Store    AT+GMR
    Wait For Module Reply    AT version
    Wire Should Be    MCU 925925 8n1, module 921600 8n1

Firmware Follows The Module On Each Board
    Run Firmware    stm32f4_discovery    usart1
    Run Firmware    netduinoplus2    usart1
    Run Firmware    nrf52840dk    uart0
    Run Firmware    mps2-an385    uart0
    Run Firmware    mps2-an505    uart0

Firmware Follows The Module On RISC-V
    [Documentation]    The board's 921600 baud are 941176, which is still near enough.
    ${built}=    Run Keyword And Return Status    File Should Exist    ${FIRMWARE}/hifive1.elf
    Skip If    not ${built}    There is no build/firmware/hifive1.elf: see the SKIPPED lines of make test
    Run Firmware    hifive1    uart0

Mcu At The Wrong Rate Hears Nothing That It Understands
    Start Module
    Execute Command    sysbus.wifi McuLine "9600 8n1"
    Forget Observations
    Execute Command    sysbus.wifi PowerCycle
    Run Keyword And Expect Error    *no reply with "ready"*    Wait For Module Reply    ready    timeout=2
    Execute Command    sysbus.wifi McuLine "follow"
    Execute Command    sysbus.wifi PowerCycle
    Wait For Module Reply    ready
    Run Keyword And Expect Error    *expected "follow", "uart", or 80 to 5000000 baud*
    ...    Execute Command    sysbus.wifi McuLine "9600"

Module Stops In Mid Answer While The Mcu's Rts Is High
    Start Module
    Send    AT+UART_CUR=115200,8,1,0,3
    Write To Uart    AT+GMR\r\n
    Wait For Module Reply    AT version
    Execute Command    sysbus.wifi OnGPIO 2 true
    Run Keyword And Expect Error    *no reply with "OK"*    Wait For Module Reply    OK    timeout=1
    Execute Command    sysbus.wifi OnGPIO 2 false
    Wait For Module Reply    OK

Wire That Is Disturbed Damages Bytes In The Direction That Was Said
    Start Module
    Set Wire Loss    wifi    100%    direction=from-mcu
    Write To Uart    AT\r\n
    Run Keyword And Expect Error    *no command*    Wait For AT Command    AT    timeout=0.1
    ${lost}=    Get Statistic    wire-lost
    Should Be Equal As Integers    ${lost}    4
    Set Wire Loss    wifi    0    direction=from-mcu
    Break Wire    wifi    2ms    direction=from-mcu
    Execute Command    emulation RunFor "0.01"
    ${errors}=    Get Statistic    module-framing-errors
    Should Be Equal As Integers    ${errors}    1
    Write To Uart    \r\n
    Wait For Module Reply    ERROR
    Set Wire Noise    wifi    100%    direction=to-mcu
    Write To Uart    AT\r\n
    Run Keyword And Expect Error    *no reply with "OK"*    Wait For Module Reply    OK    timeout=1
    Wait For AT Command    AT
    Set Wire Noise    wifi    0%
    Send    AT
    ${wire}=    Tell World    wire wifi
    Should Be Equal    ${wire}    wire wifi from-mcu noise 0% loss 0%\nwire wifi to-mcu noise 0% loss 0%
