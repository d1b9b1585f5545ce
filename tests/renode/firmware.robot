*** Settings ***
Documentation       The demo firmware on boards of different UART families, from power-on to PASS; where QEMU has the board
...                 too, the same ELF says and hears the same bytes there.
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..
${FIRMWARE}         ${ROOT}/build/firmware
${CAPTURE}          ${TEMPDIR}/espat-firmware.pcapng

*** Keywords ***
Run Firmware
    [Arguments]    ${board}    ${console}    ${seed}=1    ${capture}=${EMPTY}
    Create Machine With Module    ${ROOT}/platforms/${board}.repl    ${FIRMWARE}/${board}.elf    seed=${seed}
    ...    capture=${capture}
    Create Terminal Tester    sysbus.${console}    timeout=30    defaultPauseEmulation=True
    Wait For Line On Uart    PASS

Bytes Should Be Those Of Qemu
    [Documentation]    Runs the firmware of a board under `espat-sim qemu`, and compares both captures without the times: what the
    ...    UART and the radio carry, in each direction. A time server's answer has the time in it, and is left out.
    [Arguments]    ${board}    ${machine}=${board}    ${emulator}=qemu-system-arm
    ${qemu}=    Set Variable    ${TEMPDIR}/espat-qemu.pcapng
    ${run}=    Run Process    ${ROOT}/target/release/espat-sim    qemu    --quiet    --seed    1    --capture    ${qemu}
    ...    --    ${emulator}    -M    ${machine}    -display    none    -nodefaults    -nic    none
    ...    -semihosting-config    enable\=on,target\=native    -kernel    ${FIRMWARE}/${board}.elf    stderr=STDOUT
    Should Be Equal As Integers    ${run.rc}    0    msg=The firmware does not pass in QEMU: ${run.stdout}
    Ask Module    Flush
    FOR    ${interface}    IN    wifi/uart    wifi/radio
        FOR    ${direction}    IN    0    1
            ${here}=    Bytes In    ${CAPTURE}    ${interface}    ${direction}
            ${there}=    Bytes In    ${qemu}    ${interface}    ${direction}
            Should Not Be Empty    ${here}    msg=Nothing passed ${interface}, direction ${direction}
            Should Be Equal    ${here}    ${there}    msg=${interface} is another than in QEMU, direction ${direction}
            ...    values=False
        END
    END

Bytes In
    [Documentation]    The packets of one interface and direction, in hexadecimal digits.
    [Arguments]    ${capture}    ${interface}    ${direction}
    ${packets}=    Set Variable    frame.interface_name == "${interface}" && frame.p2p_dir == ${direction} && !ntp
    ${found}=    Run Process    tshark    -r    ${capture}    -Y    ${packets}    -x    stdout=${TEMPDIR}/espat-bytes.txt
    Should Be Equal As Integers    ${found.rc}    0    msg=tshark cannot read ${capture}: ${found.stderr}
    RETURN    ${found.stdout}

*** Test Cases ***
Firmware Passes On STM32F4 Discovery
    Run Firmware    stm32f4_discovery    usart1
    Module Should Be    not joined
    Links Should Be    ${EMPTY}

Firmware Passes On MPS2 As In QEMU
    Run Firmware    mps2-an385    uart0    capture=${CAPTURE}
    Bytes Should Be Those Of Qemu    mps2-an385

Firmware Passes On MPS2 With A Cortex-M33 As In QEMU
    Run Firmware    mps2-an505    uart0    capture=${CAPTURE}
    Bytes Should Be Those Of Qemu    mps2-an505

Firmware Passes On HiFive1 As In QEMU
    [Documentation]    RISC-V. `make firmware` leaves it out where there is no compiler for it, and `make test` says so.
    ${built}=    Run Keyword And Return Status    File Should Exist    ${FIRMWARE}/hifive1.elf
    Skip If    not ${built}    There is no build/firmware/hifive1.elf: see the SKIPPED lines of make test
    Run Firmware    hifive1    uart0    capture=${CAPTURE}
    Bytes Should Be Those Of Qemu    hifive1    machine=sifive_e    emulator=qemu-system-riscv32

Firmware Passes On Netduino Plus 2 As In QEMU
    Run Firmware    netduinoplus2    usart1    capture=${CAPTURE}
    Bytes Should Be Those Of Qemu    netduinoplus2

Firmware Passes On nRF52840 DK With EasyDMA As On A Board That QEMU Has
    Run Firmware    nrf52840dk    uart0    capture=${CAPTURE}
    Bytes Should Be Those Of Qemu    netduinoplus2
