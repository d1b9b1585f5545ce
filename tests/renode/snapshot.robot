*** Settings ***
Documentation       Save and Load: a run that was saved, and loaded in this Renode or another, ends as the run that was not.
Library             OperatingSystem
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..
${FIRMWARE}         ${ROOT}/build/firmware
${STATE}            ${TEMPDIR}/espat-state.save

*** Keywords ***
Create Board
    [Arguments]    ${capture}=${EMPTY}
    Create Machine With Module    ${ROOT}/platforms/mps2-an385.repl    ${FIRMWARE}/mps2-an385.elf    capture=${capture}

Load State
    Execute Command    Clear
    Execute Command    Load @${STATE}
    Execute Command    mach set 0

Run In Another Renode
    [Documentation]    The Monitor's commands in a Renode of its own, which says what they say.
    [Arguments]    @{commands}
    ${script}=    Set Variable    ${TEMPDIR}/espat-other.resc
    ${lines}=    Catenate    SEPARATOR=\n    @{commands}    quit
    Create File    ${script}    ${lines}
    ${other}=    Run Process    renode    --disable-xwt    --console    --plain    ${script}    stderr=STDOUT    timeout=300
    RETURN    ${other.stdout}

*** Test Cases ***
Run That Was Saved Ends As The Run That Was Not
    Create Board    capture=${TEMPDIR}/espat-first.pcapng
    Execute Command    emulation RunFor "2.5"
    ${middle}=    Get Digest
    Execute Command    Save @${STATE}
    Execute Command    emulation RunFor "3.5"
    Capture Should Contain    tcp
    ${digest}=    Get Digest
    Load State
    ${loaded}=    Get Digest
    Should Be Equal    ${loaded}    ${middle}
    Execute Command    Clear
    # The capture of what was loaded has all that was before in it, in a file of its own.
    Load State
    Execute Command    sysbus.wifi Capture @${TEMPDIR}/espat-second.pcapng
    Execute Command    emulation RunFor "3.5"
    ${end}=    Get Digest
    Should Be Equal    ${end}    ${digest}
    ${same}=    Evaluate
    ...    open(r'${TEMPDIR}/espat-first.pcapng', 'rb').read() == open(r'${TEMPDIR}/espat-second.pcapng', 'rb').read()
    Should Be True    ${same}    The second capture is not that of the whole run
    # The firmware lives, too.
    Wait For Module Reply    SEND OK    timeout=60

Run That Was Saved Goes On In Another Renode
    ${renode}=    Evaluate    shutil.which('renode')    modules=shutil
    Skip If    $renode is None    renode is not on PATH
    Create Board
    Execute Command    emulation RunFor "2.5"
    Execute Command    Save @${STATE}
    Execute Command    emulation RunFor "3.5"
    ${digest}=    Get Digest
    ${said}=    Run In Another Renode    include @${ROOT}/renode/EspAt.cs    Load @${STATE}    mach set 0
    ...    emulation RunFor "3.5"    sysbus.wifi Digest    espat
    Should Contain    ${said}    ${digest}
    Should Contain    ${said}    wifi: joined 'home' as

Two Machines Of A World Are Saved And Go On
    Create World    air    ${CURDIR}/world.toml
    FOR    ${name}    IN    lamp    sensor
        Create Machine With Module    ${ROOT}/platforms/mps2-an385.repl    ${FIRMWARE}/mps2-an385.elf    name=${name}    world=air
        ...    as=${name}
    END
    Execute Command    emulation RunFor "4"
    Execute Command    Save @${STATE}
    Execute Command    emulation RunFor "3"
    ${digest}=    Get Digest
    Load State
    Execute Command    emulation RunFor "3"
    ${end}=    Get Digest
    Should Be Equal    ${end}    ${digest}
