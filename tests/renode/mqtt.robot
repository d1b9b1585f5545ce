*** Settings ***
Documentation       The MQTT firmware: a thermometer that reports over TLS, and goes on when its broker restarts and its access
...                 point is gone. In the first tests that stands in the scenario's timeline, in the last the test does it.
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..
${CAPTURE}          ${TEMPDIR}/espat-mqtt.pcapng

*** Keywords ***
Start Thermometer
    [Arguments]    ${board}    ${console}    ${scenario}=${ROOT}/scenarios/mqtt.toml
    Create Machine With Module    ${ROOT}/platforms/${board}.repl    ${ROOT}/build/firmware/${board}-mqtt.elf
    ...    scenario=${scenario}    capture=${CAPTURE}
    Create Terminal Tester    sysbus.${console}    timeout=180    defaultPauseEmulation=True

Thermometer Should Pass
    [Arguments]    ${board}    ${console}
    Start Thermometer    ${board}    ${console}
    Wait For Line On Uart    restart: connected again
    Wait For Line On Uart    outage: connected again
    Wait For Line On Uart    PASS
    Expectations Should Be Met
    Capture Should Contain    tls && mqtt.topic == "thermometer/reading"    least=20
    Capture Should Not Contain    _ws.malformed || _ws.expert.severity == "Error"

Publish From Broker
    [Arguments]    ${topic}    ${text}
    ${text}=    Quote For Console    ${text}
    Tell World    host broker publish ${topic} ${text} qos 1

Broker Should Get
    [Arguments]    ${what}    ${timeout}=30
    Wait For Observation    mqtt    ${what}    subject=broker    timeout=${timeout}

*** Test Cases ***
Thermometer Passes On STM32F4 Discovery
    Thermometer Should Pass    stm32f4_discovery    usart1

Thermometer Passes On MPS2
    Thermometer Should Pass    mps2-an385    uart0

Test Restarts The Broker And Takes The Access Point Away
    ${scenario}=    Get File    ${ROOT}/scenarios/mqtt.toml
    ${world}=    Fetch From Right    ${scenario}    [ap.home]
    Create File    ${TEMPDIR}/espat-mqtt.toml    [ap.home]${world}
    Start Thermometer    nrf52840dk    uart0    ${TEMPDIR}/espat-mqtt.toml
    Broker Should Get    published thermometer/reading
    Publish From Broker    thermometer/set/led    on
    Broker Should Get    published thermometer/did "led on"
    Reset From Host    broker
    Broker Should Get    published thermometer/status "offline"
    Broker Should Get    published thermometer/status "online"
    Wait For Line On Uart    restart: connected again
    Publish From Broker    thermometer/set/led    off
    Wait For Line On Uart    readings are published
    Take Access Point Down    home
    Wait For Leave
    Bring Access Point Up    home
    Wait For Line On Uart    outage: connected again
    Publish From Broker    thermometer/set/led    on
    Wait For Line On Uart    obeyed 3 commands
    Wait For Line On Uart    PASS
