*** Settings ***
Documentation       The scripts in renode/ do what their descriptions say.
Resource            ${CURDIR}/../../renode/espat.resource

*** Variables ***
${ROOT}             ${CURDIR}/../..

*** Keywords ***
Run Script
    [Arguments]    ${script}    ${console}
    Execute Command    $capture="${TEMPDIR}/espat-demo.pcapng"
    Execute Script    ${script}
    Execute Command    emulation SetGlobalAdvanceImmediately true
    Create Terminal Tester    sysbus.${console}    timeout=60    defaultPauseEmulation=True

*** Test Cases ***
Script For STM32F4 Discovery
    Run Script    ${ROOT}/renode/stm32f4_discovery.resc    usart1
    Wait For Line On Uart    PASS
    Capture Should Contain    http.request.uri == "/status"
    Capture Should Contain    tls && http.request.uri == "/v1/status"
    Capture Should Contain    tls && http.response.code == 200
    Capture Should Not Contain    _ws.malformed || _ws.expert.severity >= "Warning"

Script In Which The Access Point Goes Away
    Run Script    ${ROOT}/renode/nrf52840dk.resc    uart0
    Wait For Line On Uart    Wi-Fi was lost during echo
    Wait For Line On Uart    PASS
    Capture Should Contain    at.cmd == "WIFI DISCONNECT"
