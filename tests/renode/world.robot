*** Settings ***
Documentation       A world that several machines share: they talk, each lives on when another is reset, and each run is the same.
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..
${FIRMWARE}         ${ROOT}/build/firmware
${CAPTURE}          ${TEMPDIR}/espat-world.pcapng

*** Keywords ***
Create Board
    [Arguments]    ${name}    ${firmware}=${EMPTY}
    Create Machine With Module    ${ROOT}/platforms/mps2-an385.repl    ${firmware}    name=${name}    world=air    as=${name}

Create Two Boards With The Demo
    [Arguments]    ${serial}=true
    Create World    air    ${CURDIR}/world.toml
    Create Board    lamp    ${FIRMWARE}/mps2-an385.elf
    Create Board    sensor    ${FIRMWARE}/mps2-an385.elf
    Execute Command    emulation SetGlobalSerialExecution ${serial}
    ${lamp}=    Create Terminal Tester    sysbus.uart0    machine=lamp    timeout=60    defaultPauseEmulation=True
    ${sensor}=    Create Terminal Tester    sysbus.uart0    machine=sensor    timeout=60    defaultPauseEmulation=True
    Set Test Variable    ${lamp}
    Set Test Variable    ${sensor}

Let Both Pass
    Wait For Line On Uart    PASS    testerId=${lamp}
    Wait For Line On Uart    PASS    testerId=${sensor}

Type
    [Documentation]    A command, as if the halted MCU of this machine had stored it, and the answer to it.
    [Arguments]    ${command}    ${answer}=OK
    Store    ${command}\r\n
    Wait For Observation    reply    ${answer}    subject=sensor

Store
    [Arguments]    ${text}
    ${stores}=    Evaluate    '; '.join('sysbus WriteDoubleWord 0x40005000 %d' % ord(c) for c in $text)
    Execute Command    ${stores}

Get Address Of
    [Arguments]    ${name}
    Select Machine    ${name}
    ${state}=    Ask Module    WifiState
    Should Start With    ${state}    joined 'home' as
    ${address}=    Fetch From Right    ${state}    ${SPACE}
    RETURN    ${address}

Echo Through The Other Machine
    [Arguments]    ${link}
    Type    AT+CIPSTART=${link},"TCP","${address}",8080
    Wait For Observation    link    ${link} accepted TCP    subject=lamp
    Type    AT+CIPSEND=${link},4
    # The prompt comes after the OK.
    Execute Command    emulation RunFor "0.01"
    Store    hi!\n
    Wait For Observation    reply    +IPD,${link},10:    subject=sensor

*** Test Cases ***
Firmware On One Machine Serves Another Machine
    Create World    air    ${CURDIR}/world.toml    capture=${CAPTURE}
    Create Board    lamp    ${FIRMWARE}/mps2-an385-services.elf
    Create Board    sensor
    Execute Command    sysbus.cpu IsHalted true
    Execute Command    sysbus WriteDoubleWord 0x40005008 1
    Wait For Observation    reply    ready    subject=sensor
    Type    AT+CWMODE=1
    Type    AT+CWJAP="espat-sim","correct horse"
    Type    AT+CIPMUX=1
    Wait For Observation    command    AT+CIPSERVER?    subject=lamp    timeout=60
    ${address}=    Get Address Of    lamp
    Set Test Variable    ${address}
    ${client}=    Get Address Of    sensor
    Echo Through The Other Machine    0
    Echo Through The Other Machine    1
    # The sensor's MCU is reset, and nobody notices; its module loses power, and the lamp goes on.
    Execute Command    machine Reset
    Module Should Be    joined 'home' as ${client}
    Power Cycle Module
    Wait For Observation    reply    ready    subject=sensor
    Select Machine    lamp
    Module Should Be    joined 'home' as ${address}
    ${links}=    Ask Module    Links
    Should Match Regexp    ${links}    ^0 TCP ${client}:\\d+\n1 TCP ${client}:\\d+$
    Capture Should Contain    tcp.port == 8080 && frame contains "echo: hi!"    least=2

Each Run Of Two Firmwares Is The Same Whatever Quantum Was Asked For
    FOR    ${quantum}    IN    0.0001    0.001
        Create Two Boards With The Demo
        Execute Command    emulation SetGlobalQuantum "${quantum}"
        Let Both Pass
        ${digest}=    Get Digest
        IF    $quantum == '0.0001'
            ${first}=    Set Variable    ${digest}
        END
        Should Be Equal    ${digest}    ${first}    msg=The second run is another
        Execute Command    Clear
    END

Machines That Run Side By Side Pass And Do Not Wait For Each Other For Ever
    FOR    ${quantum}    IN    0.0001    0.00003
        Create Two Boards With The Demo    serial=false
        Execute Command    emulation SetGlobalQuantum "${quantum}"
        Let Both Pass
        Execute Command    Clear
    END

Module That Is Removed Does Not Hold The Other Back
    Create Two Boards With The Demo
    Wait For Observation    reply    ready    subject=sensor
    # Not its machine: Renode 1.16.1 dies of that, with machines that have no module, too.
    Select Machine    sensor
    Execute Command    sysbus Unregister sysbus.wifi
    Wait For Line On Uart    PASS    testerId=${lamp}

Mistakes About A World Are Told
    Include Module
    Run Keyword And Expect Error    *There is no file*nowhere.toml*    Create World    air    /nowhere.toml
    Execute Command    Clear
    Create World    air    ${CURDIR}/world.toml
    Run Keyword And Expect Error    *There is no world 'aire' yet*    Add A Module To A World    world: \\"aire\\"
    Add A Module To A World    world: \\"air\\"
    Run Keyword And Expect Error    *has the modules lamp, sensor*    Ask Module    Status
    Execute Command    sysbus.two Module "sensor"
    Run Keyword And Expect Error    *shares the world 'air'*    Execute Command    sysbus.two Seed 3
    ${state}=    Ask Module    WifiState
    Should Be Equal    ${state}    booting

*** Keywords ***
Add A Module To A World
    [Arguments]    ${world}
    Execute Command    mach create
    Execute Command    machine LoadPlatformDescription @${ROOT}/platforms/mps2-an385.repl
    Execute Command    machine LoadPlatformDescriptionFromString "two: Network.EspAt @ sysbus { uart: uart0; ${world} }"
    Set Test Variable    ${ESPAT_MODULE}    sysbus.two
