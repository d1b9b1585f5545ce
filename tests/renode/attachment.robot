*** Settings ***
Documentation       The ways to attach the module, and what goes wrong while doing so. No firmware: the test stores bytes.
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..
${FIRMWARE}         ${ROOT}/build/firmware

*** Keywords ***
Load Platform
    [Arguments]    ${platform}    @{cpus}
    Create Machine With Module    ${ROOT}/platforms/${platform}.repl
    FOR    ${cpu}    IN    @{cpus}
        Execute Command    sysbus.${cpu} IsHalted true
    END

Store
    [Documentation]    Bytes into a transmit register, from the Monitor's thread.
    [Arguments]    ${register}    ${text}
    @{characters}=    Split String To Characters    ${text}
    FOR    ${character}    IN    @{characters}
        ${byte}=    Evaluate    ord($character)
        Execute Command    sysbus WriteDoubleWord ${register} ${byte}
    END

Module Should Answer
    [Arguments]    ${register}
    Wait For Module Reply    ready
    Store    ${register}    AT\r\n
    Wait For AT Command    AT
    Wait For Module Reply    OK

*** Test Cases ***
Uart Of STM32F7
    Load Platform    stm32f7_discovery    cpu
    Execute Command    sysbus WriteDoubleWord 0x40011400 0x0D
    Module Should Answer    0x40011428

Uart Of A RISC-V Board
    Load Platform    hifive1    cpu
    Execute Command    sysbus WriteDoubleWord 0x10023008 1
    Execute Command    sysbus WriteDoubleWord 0x1002300C 1
    Module Should Answer    0x10023000

Module Registered At A Uart That Takes Peripherals
    Include Module
    Execute Command    mach create
    Execute Command    machine LoadPlatformDescription @platforms/cpus/stm32f746.repl
    Execute Command    machine LoadPlatformDescriptionFromString "wifi: Network.EspAt @ usart2"
    Execute Command    sysbus.cpu IsHalted true
    Execute Command    sysbus WriteDoubleWord 0x40004400 0x0D
    Set Test Variable    ${ESPAT_MODULE}    sysbus.usart2.wifi
    Module Should Answer    0x40004428

Module Behind A Uart Hub
    Include Module
    Execute Command    mach create
    Execute Command    machine LoadPlatformDescription @platforms/cpus/stm32f4.repl
    Execute Command    machine LoadPlatformDescriptionFromString "wifi: Network.EspAt @ sysbus"
    Execute Command    emulation CreateUARTHub "hub"
    Execute Command    connector Connect sysbus.usart2 hub
    Execute Command    connector Connect sysbus.wifi hub
    Execute Command    sysbus LoadELF @${FIRMWARE}/netduinoplus2.elf
    Create Terminal Tester    sysbus.usart1    timeout=60    defaultPauseEmulation=True
    Wait For Join    timeout=60
    Wait For Line On Uart    PASS

Line That Adds A Module To Any Board
    Execute Command    mach create
    Execute Command    machine LoadPlatformDescription @platforms/boards/stm32f4_discovery.repl
    Add Module    usart3
    Set Up Module    seed=5
    Wait For Module Reply    ready
    ${seed}=    Ask Module    Seed
    Should Be Equal As Integers    ${seed}    5

Mistakes Are Told And Renode Goes On
    Load Platform    stm32f4_discovery    cpu
    Create File    ${TEMPDIR}/espat-mistake.toml    [ap.home]\nssid = "lab"\npasswrd = "secret"\n
    Run Keyword And Expect Error    *did you mean `password`*espat-mistake.toml:3*
    ...    Set Up Module    scenario=${TEMPDIR}/espat-mistake.toml
    Run Keyword And Expect Error    *There is no file*nowhere.toml*    Set Up Module    scenario=/nowhere.toml
    Run Keyword And Expect Error    *There is no folder*    Set Up Module    capture=/no/where/run.pcapng
    Run Keyword And Expect Error    *say which one you mean, such as $CWD/run.pcapng*    Set Up Module    capture=run.pcapng
    Run Keyword And Expect Error    *found `dwon`; did you mean `down`?*    Tell World    ap home dwon
    Run Keyword And Expect Error    *Too late*before the machine starts*    Set Up Module    seed=7
    Run Keyword And Expect Error    *no command with "AT+GMR" within 0.1 s*    Wait For AT Command    AT+GMR    timeout=0.1
    Run Keyword And Expect Error    *no module 'door'*this world has wifi*    Attach Module Called    door
    Run Keyword And Expect Error    *libnothing.so*    Load Library    /tmp/libnothing.so
    Module Should Be    booting

*** Keywords ***
Attach Module Called
    [Arguments]    ${name}
    Execute Command    Clear
    Load Platform    mps2-an385    cpu
    Execute Command    sysbus.wifi Module "${name}"
    Execute Command    sysbus.wifi Status

Load Library
    [Arguments]    ${path}
    Execute Command    Clear
    Load Platform    mps2-an385    cpu
    Execute Command    sysbus.wifi Library "${path}"
