*** Settings ***
Documentation       One run of a world that two machines share. scripts/renode-soak.sh does it many times and compares.
Resource            ${CURDIR}/../../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../../..
# Where the digest is left.
${DIGEST_FILE}      ${TEMPDIR}/espat-soak-digest.txt

*** Keywords ***
Create Board With The Demo
    [Arguments]    ${name}
    Create Machine With Module    ${ROOT}/platforms/mps2-an385.repl    ${ROOT}/build/firmware/mps2-an385.elf    name=${name}
    ...    world=air    as=${name}
    ${console}=    Create Terminal Tester    sysbus.uart0    machine=${name}    timeout=60    defaultPauseEmulation=True
    RETURN    ${console}

*** Test Cases ***
Two Firmwares Pass And Their Digest Is Left
    Create World    air    ${CURDIR}/../world.toml
    ${lamp}=    Create Board With The Demo    lamp
    ${sensor}=    Create Board With The Demo    sensor
    Wait For Line On Uart    PASS    testerId=${lamp}
    Wait For Line On Uart    PASS    testerId=${sensor}
    ${digest}=    Get Digest
    Create File    ${DIGEST_FILE}    ${digest}
