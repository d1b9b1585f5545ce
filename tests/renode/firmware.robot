*** Settings ***
Documentation       The demo firmware on boards of different UART families, from power-on to PASS; where QEMU has the board
...                 too, the same ELF says and hears the same bytes there.
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..
${FIRMWARE}         ${ROOT}/build/firmware

*** Keywords ***
Run Firmware
    [Arguments]    ${board}    ${console}    ${seed}=1    ${capture}=${EMPTY}
    Create Machine With Module    ${ROOT}/platforms/${board}.repl    ${FIRMWARE}/${board}.elf    seed=${seed}
    ...    capture=${capture}
    Create Terminal Tester    sysbus.${console}    timeout=30    defaultPauseEmulation=True
    Wait For Line On Uart    PASS

Content Digest Should Be That Of Qemu
    [Documentation]    Runs the firmware of a board under `espat-sim qemu`, and compares everything but the times.
    [Arguments]    ${board}
    ${report}=    Set Variable    ${TEMPDIR}/espat-qemu-report.txt
    ${run}=    Run Process    ${ROOT}/target/release/espat-sim    qemu    --quiet    --seed    1    --report    ${report}
    ...    --    qemu-system-arm    -M    ${board}    -display    none    -nodefaults    -nic    none
    ...    -semihosting-config    enable\=on,target\=native    -kernel    ${FIRMWARE}/${board}.elf    stderr=STDOUT
    Should Be Equal As Integers    ${run.rc}    0    msg=The firmware does not pass in QEMU: ${run.stdout}
    ${facts}=    Get File    ${report}
    ${line}=    Get Lines Containing String    ${facts}    content-digest
    ${digest}=    Fetch From Right    ${line}    ${SPACE}
    Content Digest Should Be    ${digest}

*** Test Cases ***
Firmware Passes On STM32F4 Discovery
    Run Firmware    stm32f4_discovery    usart1
    Module Should Be    not joined
    Links Should Be    ${EMPTY}

Firmware Passes On MPS2 As In QEMU
    Run Firmware    mps2-an385    uart0
    Content Digest Should Be That Of Qemu    mps2-an385

Firmware Passes On Netduino Plus 2 As In QEMU
    Run Firmware    netduinoplus2    usart1
    Content Digest Should Be That Of Qemu    netduinoplus2

Firmware Passes On nRF52840 DK With EasyDMA As On A Board That QEMU Has
    Run Firmware    nrf52840dk    uart0
    Content Digest Should Be That Of Qemu    netduinoplus2
