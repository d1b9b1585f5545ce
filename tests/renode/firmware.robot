*** Settings ***
Documentation       The demo firmware on boards of different UART families, from power-on to PASS.
Resource            ${CURDIR}/../../renode/espat.resource
Test Teardown       Test Teardown

*** Variables ***
${ROOT}             ${CURDIR}/../..
${FIRMWARE}         ${ROOT}/build/firmware
# Of this firmware with the built-in scenario and seed 1 on any board, in any emulator; make test compares it with QEMU's.
${CONTENT}          34f6573413ad7a24

*** Keywords ***
Run Firmware
    [Arguments]    ${board}    ${console}    ${seed}=1    ${capture}=${EMPTY}
    Create Machine With Module    ${ROOT}/platforms/${board}.repl    ${FIRMWARE}/${board}.elf    seed=${seed}
    ...    capture=${capture}
    Create Terminal Tester    sysbus.${console}    timeout=30    defaultPauseEmulation=True
    Wait For Line On Uart    PASS

*** Test Cases ***
Firmware Passes On STM32F4 Discovery
    Run Firmware    stm32f4_discovery    usart1
    Module Should Be    not joined
    Links Should Be    ${EMPTY}

Firmware Passes On nRF52840 DK With EasyDMA
    Run Firmware    nrf52840dk    uart0
    Content Digest Should Be    ${CONTENT}

Firmware Passes On MPS2 As In QEMU
    Run Firmware    mps2-an385    uart0
    Content Digest Should Be    ${CONTENT}

Firmware Passes On Netduino Plus 2 As In QEMU
    Run Firmware    netduinoplus2    usart1
    Content Digest Should Be    ${CONTENT}
