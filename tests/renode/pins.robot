*** Settings ***
Documentation       EN, resets and power: what starts the module again, and what does not.
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..
${FIRMWARE}         ${ROOT}/build/firmware

*** Keywords ***
Start Board
    [Arguments]    ${board}    ${console}    &{settings}
    Create Machine With Module    ${ROOT}/platforms/${board}.repl    ${FIRMWARE}/${board}.elf    &{settings}
    Create Terminal Tester    sysbus.${console}    timeout=60    defaultPauseEmulation=True

Start Board That Boots Again
    [Documentation]    On a bench the flash boots after a reset; in Renode the macro `reset` loads the firmware again.
    Start Board    netduinoplus2    usart1
    Execute Command    macro reset "sysbus LoadELF @${FIRMWARE}/netduinoplus2.elf"
    Wait For AT Command    AT+CIPSEND=1,2048    timeout=30

Let The Watchdog Bite In 2 ms
    [Documentation]    The guest's own watchdog, in the middle of the data that it is sending.
    Execute Command    sysbus.iwdg WriteDoubleWord 0x0 0x5555
    Execute Command    sysbus.iwdg WriteDoubleWord 0x4 0
    Execute Command    sysbus.iwdg WriteDoubleWord 0x8 16
    Execute Command    sysbus.iwdg WriteDoubleWord 0x0 0xCCCC

Firmware Should Find The Module Running And Pass
    Wait For Line On Uart    no ready in 3000 ms, probing
    Module Should Be    joined 'home' as 192.168.1.100
    Wait For AT Command    AT+RST
    Wait For Line On Uart    PASS

*** Test Cases ***
En Pin Holds The Module Until The Firmware Lets It Go
    Start Board    stm32f4_discovery    usart1
    Execute Command    emulation RunFor "0.0005"
    Module Should Be    switched off
    Wait For Module Reply    ready
    ${at}=    Ask Module    ObservedAt
    Should Be True    ${at} > 0.341    msg=It booted from power-on, not from EN
    Wait For Join
    # The firmware's pin, PC4, falls again: as if it had decided to reset the module.
    Execute Command    sysbus WriteDoubleWord 0x40020818 0x00100000
    Module Should Be    switched off
    Execute Command    sysbus WriteDoubleWord 0x40020818 0x00000010
    Module Should Be    booting
    Wait For Line On Uart    the module restarted during
    Wait For Line On Uart    PASS

Gpio0 Low At Power On Starts The Rom Loader
    Start Board    mps2-an385    uart0
    Execute Command    sysbus.wifi OnGPIO 1 false
    Module Should Be    in download mode
    Execute Command    sysbus.wifi OnGPIO 1 true
    Power Cycle Module
    Wait For Module Reply    ready

Module Lives On When The Watchdog Resets The Mcu In Mid Transfer
    Start Board That Boots Again
    Let The Watchdog Bite In 2 ms
    Firmware Should Find The Module Running And Pass

Module Lives On When The Machine Is Reset
    Start Board That Boots Again
    Wait For Module Reply    Recv 2048 bytes
    Execute Command    machine Reset
    Firmware Should Find The Module Running And Pass

Module Starts Again With The Mcu Where Power Is Shared
    Start Board That Boots Again
    Execute Command    sysbus.wifi PowerCycleOnReset true
    Forget Observations
    Let The Watchdog Bite In 2 ms
    Wait For Module Reply    ready
    Module Should Be    not joined
    Wait For Line On Uart    PASS
