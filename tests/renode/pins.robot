*** Settings ***
Documentation       EN, resets and power: what starts the module again, and what does not.
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..
${FIRMWARE}         ${ROOT}/build/firmware
# AIRCR of a Cortex-M with its key and SYSRESETREQ: how firmware, a debugger or an RTOS resets the chip.
${SYSRESETREQ}      WriteDoubleWord 0xE000ED0C 0x05FA0004

*** Keywords ***
Start Board
    [Arguments]    ${board}    ${console}    &{settings}
    Create Machine With Module    ${ROOT}/platforms/${board}.repl    ${FIRMWARE}/${board}.elf    &{settings}
    Create Terminal Tester    sysbus.${console}    timeout=60    defaultPauseEmulation=True

Reset Mcu In Mid Transfer
    [Documentation]    Flash keeps its contents, as on the bench.
    Wait For AT Command    AT+CIPSEND=1,2048    timeout=30
    Execute Command    machine RequestReset
    Execute Command    sysbus LoadELF @${FIRMWARE}/netduinoplus2.elf

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

Module Lives On When The Mcu Is Reset In Mid Transfer
    Start Board    netduinoplus2    usart1
    Reset Mcu In Mid Transfer
    Firmware Should Find The Module Running And Pass

Module Starts Again With The Mcu Where Power Is Shared
    Start Board    netduinoplus2    usart1
    Execute Command    sysbus.wifi PowerCycleOnReset true
    Reset Mcu In Mid Transfer
    Wait For Module Reply    ready
    Wait For Line On Uart    PASS
