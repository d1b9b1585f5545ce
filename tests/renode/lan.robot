*** Settings ***
Documentation       The module's LAN on Renode's own network: what is connected to its port is a host in the module's network.
Resource            ${CURDIR}/../../renode/espat.resource
Test Timeout        2 minutes

*** Variables ***
${ROOT}             ${CURDIR}/../..
${CAPTURE}          ${TEMPDIR}/espat-lan.pcapng
# A device by hand: its MAC and IP address, and those of the module.
${MAC}              025500000001
${ADDRESS}          c0a8014d
${MODULE}           c0a80164

*** Keywords ***
Create Board
    [Arguments]    ${name}=machine    ${capture}=${EMPTY}    ${scenario}=${EMPTY}    ${access point}=home
    Create Machine With Module    ${ROOT}/platforms/mps2-an385.repl    name=${name}    capture=${capture}    scenario=${scenario}
    ${lan}=    Set Variable    lan: Network.EspAtLan @ sysbus { wifi: wifi; accessPoint: \\"${access point}\\" }
    Execute Command    machine LoadPlatformDescriptionFromString "${lan}"
    Execute Command    sysbus.cpu IsHalted true
    Execute Command    sysbus WriteDoubleWord 0x40005008 1

Join
    Wait For Module Reply    ready
    Type    AT+CWMODE=1
    Type    AT+CWJAP="espat-sim","correct horse"

Type
    [Documentation]    A command, as if the halted MCU had stored it, and the answer to it.
    [Arguments]    ${command}    ${answer}=OK
    Store    ${command}\r\n
    Wait For Module Reply    ${answer}

Store
    [Arguments]    ${text}
    ${stores}=    Evaluate    '; '.join('sysbus WriteDoubleWord 0x40005000 %d' % ord(c) for c in $text)
    Execute Command    ${stores}

Connect To The Switch
    [Arguments]    ${machine}
    Select Machine    ${machine}
    Execute Command    connector Connect sysbus.lan ether

*** Test Cases ***
Device By Hand Asks For The Modules Address And Hears It
    Create Board    capture=${CAPTURE}
    Join
    Module Should Be    joined 'home' as 192.168.1.100
    Create Network Interface Tester    sysbus.lan
    Send Frame    ffffffffffff${MAC}08060001080006040001${MAC}${ADDRESS}000000000000${MODULE}
    Start Emulation
    # An ARP reply with the module's address as its sender's.
    Wait For Outgoing Packet With Bytes At Index    0001080006040002    14    10    5
    Execute Command    pause
    # At the module's radio, and at the cable.
    Capture Should Contain    arp.opcode == 2 && arp.dst.hw_mac == 02:55:00:00:00:01    least=2

Two Networks Are One Over A Switch
    Execute Command    emulation CreateSwitch "ether"
    Execute Command    emulation SetGlobalSerialExecution true
    Create Board    lamp
    Create Board    sensor    scenario=${CURDIR}/lan.toml    access point=barn
    Connect To The Switch    lamp
    Connect To The Switch    sensor
    Select Machine    lamp
    Join
    Type    AT+CIPSTA="192.168.1.40","192.168.1.1","255.255.255.0"
    Type    AT+CIPMUX=1
    Type    AT+CIPSERVER=1,8080
    Select Machine    sensor
    Join
    Type    AT+CIPSTA="192.168.1.50","192.168.1.1","255.255.255.0"
    Type    AT+PING="192.168.1.40"
    Type    AT+CIPSTART="TCP","192.168.1.40",8080
    Store    AT+CIPSEND=5\r\n
    Wait For Module Reply    OK
    Execute Command    emulation RunFor "0.01"
    Store    hello
    Wait For Module Reply    SEND OK
    Select Machine    lamp
    Wait For Module Reply    +IPD,0,5:
