*** Settings ***
Documentation       A keyword for each thing that the console can do, and for each kind of thing that can be waited for.
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..

*** Test Cases ***
Every Keyword Says What The Console Understands
    Create Machine With Module    ${ROOT}/platforms/mps2-an385.repl    scenario=${CURDIR}/verbs.toml
    Execute Command    sysbus.cpu IsHalted true
    Disturb Access Point    home    association refused    at=1h
    Disturb Access Point    home    dhcp-answers nak    at=1h
    Disturb Name Server    gateway    answers none delay 2s    at=1h
    Disturb Module    wifi    answer AT+CIPSEND ERROR once    at=1h
    Drive Pin    wifi    en    low    at=1h
    Pause Host    all    at=1h
    Resume Host    all    at=1h
    Let Host Join Module    all    wifi    at=1h
    Let Host Leave Module    all    at=1h
    Set HTTP Answer    all    /status    status 503 delay 2s    at=1h
    Publish From Broker    all    commands/led    on "now"    options=qos 1    at=1h
    Disturb Broker    all    answers none    at=1h
    Tell WebSocket Of Host    all    send "news"    at=1h
    Disturb Time Server    all    answers none    at=1h
    Disturb TLS Of Host    all    certificate expired    at=1h
    # One that takes effect now.
    Wait For Module Reply    ready
    Drive Pin    wifi    en    low
    Module Should Be    switched off

Every Wait Says What Did Not Come
    Create Machine With Module    ${ROOT}/platforms/mps2-an385.repl    scenario=${CURDIR}/verbs.toml
    Execute Command    sysbus.cpu IsHalted true
    FOR    ${wait}    ${kind}    IN
    ...    Wait For Client On Broker    mqtt
    ...    Wait For Message On Broker    mqtt
    ...    Wait For WebSocket Message On Host    websocket
    ...    Wait For TLS On Host    tls
    ...    Wait For Name Question On Host    dns
    ...    Wait For Time Question On Host    sntp
    ...    Wait For Guest    station
        Run Keyword And Expect Error    *no ${kind} of all with*within 0.001 s*    ${wait}    all    timeout=0.001
    END
    Run Keyword And Expect Error    *no uart with*within 0.001 s*    Wait For Uart Event    timeout=0.001
