*** Settings ***
Documentation       Same firmware, scenario, seed and orders: the same bytes at the same virtual nanosecond, in every run.
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..
${FIRMWARE}         ${ROOT}/build/firmware

*** Keywords ***
Start Board
    [Arguments]    &{settings}
    Create Machine With Module    ${ROOT}/platforms/mps2-an385.repl    ${FIRMWARE}/mps2-an385.elf    &{settings}
    Create Terminal Tester    sysbus.uart0    timeout=60    defaultPauseEmulation=True

*** Test Cases ***
Ten Runs With A Fault Have One Digest
    FOR    ${run}    IN RANGE    10
        Start Board
        Wait For Link    0 opened TCP
        Set Link Loss    wifi    10%
        Wait For Line On Uart    echoed 2048 bytes
        ${digest}=    Get Digest
        IF    ${run} == 0
            ${first}=    Set Variable    ${digest}
        END
        Should Be Equal    ${digest}    ${first}    msg=Run ${run} is another run than the first
        Execute Command    Clear
    END

Another Seed Is Another Run
    Start Board    seed=2
    Wait For AT Command    AT+CIPDOMAIN    timeout=30
    ${second}=    Get Digest
    Execute Command    Clear
    Start Board    seed=1
    Wait For AT Command    AT+CIPDOMAIN    timeout=30
    ${first}=    Get Digest
    Should Not Be Equal    ${first}    ${second}
