//! What hosts and tests do besides single commands: dialogues that lead somewhere, lines of the console, pauses.
//!
//! All of it is written as a session has it, where `{300}` in a dialogue stands for so many bytes; the names are those of the
//! scenarios that are drawn.

use super::session::{Session, Step};

/// The steps of what is written here.
pub fn steps(text: &str) -> Vec<Step> {
    let mut whole = text.to_owned();
    while let Some((before, (count, after))) =
        whole.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        whole = format!("{before}{}{after}", "x".repeat(count.parse().unwrap_or_default()));
    }
    Session::parse(whole.as_bytes()).steps
}

/// Joins the access point.
pub const JOIN: &str = "> AT+CWMODE=1\nwait 100 ms\n> AT+CWJAP=\"espat-sim\",\"correct horse\"\nwait 6 s";

/// Dialogues of a host whose module has joined. What comes of them is as good as what went before.
pub const SCENES: &[&str] = &[
    // Links.
    "> AT+CIPSTART=\"TCP\",\"pc.lan\",23\nwait 300 ms\n> AT+CIPSEND=5\nwait 20 ms\n>| hello\nwait 500 ms\nconsole host pc send \"answer\\r\\n\"\nwait 300 ms\n> AT+CIPCLOSE\nwait 100 ms",
    "> AT+CIPMUX=1\nwait 20 ms\n> AT+CIPSTART=0,\"TCP\",\"nas.lan\",7\nwait 300 ms\n> AT+CIPSEND=0,4\nwait 20 ms\n>| echo\nwait 500 ms\n> AT+CIPSTATE?\nwait 20 ms",
    "> AT+CIPMUX=1\nwait 20 ms\n> AT+CIPSTART=1,\"UDP\",\"192.168.1.20\",4321,4321,2\nwait 100 ms\n> AT+CIPSEND=1,3\nwait 20 ms\n>| abc\nwait 200 ms\nconsole host pc datagram wifi 4321 \"question\"\nwait 200 ms",
    "> AT+CIPSTART=\"TCP\",\"pc.lan\",19\nwait 2 s\n> AT+CIPCLOSE\nwait 500 ms",
    "> AT+CIPMUX=1\nwait 20 ms\n> AT+CIPSTART=2,\"TCP\",\"pc.lan\",9\nwait 300 ms\n> AT+CIPSENDL=2,3000\nwait 20 ms\n>| {3000}\nwait 2 s",
    "> AT+CIPMUX=1\nwait 20 ms\n> AT+CIPSTART=3,\"TCP\",\"pc.lan\",25\nwait 500 ms\n> AT+CIPSENDEX=3,20\nwait 20 ms\n>| LOGIN\\r\\n\\\\0\nwait 1 s",
    "> AT+CIPSTART=\"SSL\",\"api.example.com\",443\nwait 3 s\n> AT+CIPSEND=18\nwait 20 ms\n>| GET / HTTP/1.0\\r\\n\\r\\n\nwait 1 s",
    "> AT+CIPRECVMODE=1\nwait 20 ms\n> AT+CIPSTART=\"TCP\",\"pc.lan\",23\nwait 300 ms\nconsole host pc send \"some bytes to be fetched\"\nwait 200 ms\n> AT+CIPRECVLEN?\nwait 20 ms\n> AT+CIPRECVDATA=5\nwait 20 ms\n> AT+CIPRECVDATA=100\nwait 20 ms",
    // The module's server.
    "> AT+CIPMUX=1\nwait 20 ms\n> AT+CIPSERVER=1,80\nwait 50 ms\nconsole host pc connect wifi 80\nwait 300 ms\nconsole host pc send \"GET / HTTP/1.1\\r\\n\\r\\n\"\nwait 200 ms\n> AT+CIPSEND=0,2\nwait 20 ms\n>| ok\nwait 300 ms\nconsole host pc close\nwait 300 ms",
    "> AT+CIPMUX=1\nwait 20 ms\n> AT+CIPSERVERMAXCONN=2\nwait 20 ms\n> AT+CIPSERVER=1,333\nwait 50 ms\n> AT+CIPSTO=2\nwait 20 ms\nconsole host pc connect wifi 333\nconsole host nas connect wifi 333\nwait 5 s",
    "> AT+CIPMUX=1\nwait 20 ms\n> AT+CIPSERVER=1,443,\"SSL\"\nwait 100 ms\nconsole host pc connect wifi 443 tls\nwait 4 s\nconsole host pc send \"hello\"\nwait 500 ms",
    // Passthrough.
    "> AT+CIPMUX=0\nwait 20 ms\n> AT+CIPSTART=\"TCP\",\"pc.lan\",23\nwait 300 ms\n> AT+CIPMODE=1\nwait 20 ms\n> AT+CIPSEND\nwait 100 ms\n>| some bytes\nwait 100 ms\nconsole host pc send \"and back\"\nwait 200 ms\n>| +++\nwait 1 s\n> AT+CIPMODE=0\nwait 20 ms",
    "> AT+CIPSTART=\"UDP\",\"192.168.1.20\",4321,5000,0\nwait 200 ms\n> AT+CIPMODE=1\nwait 20 ms\n> AT+CIPSEND\nwait 100 ms\n>| datagram\nwait 19999999 ns\n>| +++\nwait 20000001 ns\n> AT\nwait 100 ms",
    "> AT+SAVETRANSLINK=1,\"192.168.1.20\",23,\"TCP\"\nwait 100 ms\n> AT+RST\nwait 9 s\n>| data at once\nwait 200 ms\n>| +++\nwait 1 s\n> AT+SAVETRANSLINK=0\nwait 100 ms",
    // Names, time, updates.
    "> AT+CIPDOMAIN=\"www.example.com\"\nwait 2 s\n> AT+PING=\"192.168.1.10\"\nwait 2 s\n> AT+CIPDNS?\nwait 20 ms",
    "> AT+CIPSNTPCFG=1,8,\"cn.ntp.org.cn\"\nwait 5 s\n> AT+CIPSNTPTIME?\nwait 20 ms\n> AT+SYSTIMESTAMP?\nwait 20 ms",
    "> AT+CIUPDATE\nwait 60 s",
    "> AT+MDNS=1,\"lamp\",\"_http\",80\nwait 2 s\n> AT+MDNS=0\nwait 100 ms",
    // Clients.
    "> AT+HTTPCGET=\"http://www.example.com/\"\nwait 3 s\n> AT+HTTPGETSIZE=\"http://www.example.com/status\"\nwait 2 s",
    "> AT+HTTPCPOST=\"http://www.example.com/\",5\nwait 1 s\n>| a=b&c\nwait 2 s\n> AT+HTTPCLIENT=2,0,\"http://www.example.com/\",,,1\nwait 3 s",
    "> AT+MQTTUSERCFG=0,1,\"c\",\"u\",\"p\",0,0,\"\"\nwait 20 ms\n> AT+MQTTCONN=0,\"192.168.1.21\",1883,1\nwait 1 s\n> AT+MQTTSUB=0,\"a/#\",1\nwait 300 ms\n> AT+MQTTPUB=0,\"a/b\",\"x\",2,0\nwait 500 ms\nconsole host broker publish a/c \"y\" qos 1\nwait 500 ms",
    "> AT+MQTTUSERCFG=0,1,\"d\",\"u\",\"p\",0,0,\"\"\nwait 20 ms\n> AT+MQTTCONNCFG=0,10,0,\"gone\",\"bye\",1,1\nwait 20 ms\n> AT+MQTTCONN=0,\"192.168.1.21\",1883,0\nwait 1 s\n> AT+MQTTPUBRAW=0,\"a/b\",300,1,0\nwait 50 ms\n>| {300}\nwait 15 s\n> AT+MQTTCLEAN=0\nwait 300 ms",
    "> AT+WSCFG=0,30,10\nwait 20 ms\n> AT+WSOPEN=0,\"ws://chat.example.com/\"\nwait 2 s\n> AT+WSSEND=0,5\nwait 50 ms\n>| hello\nwait 1 s\n> AT+WSCLOSE=0\nwait 1 s",
    // The softAP.
    "> AT+CWMODE=3\nwait 100 ms\n> AT+CWSAP=\"lamp\",\"correct horse\",5,3\nwait 1 s\nconsole host pc join wifi\nwait 3 s\n> AT+CWLIF\nwait 50 ms\nconsole host pc leave\nwait 3 s",
    // The UART.
    "> AT+UART_CUR=921600,8,1,0,3\nwait 50 ms\n> AT\nwait 20 ms\npin rts high\nwait 100 ms\npin rts low\nwait 50 ms\n> AT+UART?\nwait 20 ms",
    "> AT+UART_CUR=9600,8,1,2,1\nwait 50 ms\n> AT+GMR\nwait 1 s\n> AT+UART_CUR=115200,8,1,0,0\nwait 200 ms",
    // A device on the LAN asks who has the module's address, and sends what is no packet.
    "lan home\nwait 10 ms\nframe ffffffffffff0255000000010806000108000604000102550000000\
     1c0a8014d000000000000c0a80164\nwait 50 ms\nframe ffffffffffff02550000000108004500001400\nwait 100 ms",
    // Sleep, restarts, the flash.
    "> AT+SLEEP=2\nwait 2 s\n> AT\nwait 50 ms\n> AT+SLEEP=0\nwait 50 ms",
    "> AT+GSLP=2000\nwait 6 s",
    "pin en low\nwait 1 ms\npin en high\nwait 3 s",
    "> AT+SYSSTORE=1\nwait 20 ms\n> AT+CWAUTOCONN=1\nwait 50 ms\n> AT+RST\nwait 9 s",
    "> AT+RESTORE\nwait 4 s\n> AT+CWMODE=1\nwait 50 ms",
    "> AT+SYSFLASH=2,\"client_cert\",0,64\nwait 200 ms\n> AT+SYSMFG?\nwait 100 ms\n> AT+SYSRAM?\nwait 20 ms",
    "> AT+CWLAP\nwait 4 s\n> AT+CWQAP\nwait 500 ms\n> AT+CWJAP=\"espat-sim\",\"wrong horse\"\nwait 8 s",
];

/// Lines of the console.
pub const CONSOLE: &[&str] = &[
    "ap home down",
    "ap home up",
    "ap home rssi -90",
    "ap home rssi -60 over 5s",
    "ap home deauth",
    "ap home channel 11",
    "ap home uplink down",
    "ap home uplink up",
    "ap home captive on",
    "ap home captive off",
    "ap home association none",
    "ap home association right",
    "ap home dhcp-answers none",
    "ap home dhcp-answers nak",
    "ap home dhcp-answers right",
    "dns gateway answers servfail",
    "dns gateway answers none delay 2s",
    "dns gateway answers right delay 0",
    "link wifi down",
    "link wifi up",
    "link wifi loss 20%",
    "link wifi loss 0",
    "link wifi gemodel 2% 20%",
    "link wifi corrupt 1%",
    "link wifi duplicate 30% reorder 30%",
    "link wifi latency 800ms",
    "link wifi rate 9600bit/s",
    "link wifi mtu 576",
    "wire wifi noise 1%",
    "wire wifi noise 0 loss 0",
    "wire wifi from-mcu loss 5%",
    "wire wifi to-mcu break 20ms",
    "module wifi reset watchdog",
    "module wifi reset",
    "module wifi power off",
    "module wifi power on",
    "module wifi answer AT+CIPSEND ERROR once",
    "module wifi answer AT+CW none",
    "module wifi heap 9000",
    "module wifi heap normal",
    "module wifi flash fail",
    "module wifi flash ok",
    "module wifi urcs hostile",
    "module wifi print \"\\r\\n+X:1\\r\\n\"",
    "host pc connect wifi 80",
    "host pc connect wifi 333",
    "host pc send \"hello\\r\\n\"",
    "host pc close",
    "host pc reset",
    "host pc half-open",
    "host pc pause",
    "host pc resume",
    "host pc datagram wifi 4321 \"x\"",
    "host pc toxics slicer 3 20ms",
    "host pc toxics bandwidth 8kbit/s",
    "host pc toxics stall",
    "host pc toxics none",
    "host www toxics 80 reset-after 100",
    "host www toxics refuse",
    "host www toxics none",
    "host nas toxics garble 2%",
    "host nas join wifi",
    "host nas leave",
    "host pc send \"\\x20\\x02\\x00\\x00\"",
    "host pc send \"\\x16\\x03\\x03\\x00\\x02\\x0e\\x00\"",
    "host pc send \"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello\"",
    "host pc connect wifi 443 tls",
    "host api tls certificate expired",
    "host api tls alert 80",
    "host api tls cut",
    "host www http / status 503",
    "host broker publish topic \"x\" qos 2",
    "host broker mqtt drop c",
    "host chat websocket close 1001",
    "host chat websocket send \"from the server\"",
    "host time sntp answers none",
    "host ota update answers damaged",
    "status",
    "link",
    "dns",
    "wire",
    "expect",
    "help wire",
];

/// Things that a host sends besides commands.
pub const DATA: &[&str] = &[
    ">| +++",
    ">| ",
    "> ",
    ">| A",
    ">| AT\\r",
    "> GET / HTTP/1.1\\r\\nHost: x\\r\\n",
    ">| \\x00\\xff",
    ">| xxxxxxxx\\r\\n",
    ">| AT+",
    ">| \\\\0",
];

/// Pauses: around the times that mean something.
pub const PAUSES: &[&str] = &[
    "1 ns",
    "86805 ns",
    "1 ms",
    "19999999 ns",
    "20 ms",
    "20000001 ns",
    "21 ms",
    "100 ms",
    "500 ms",
    "1 s",
    "2 s",
    "5 s",
    "20 s",
    "70 s",
];

/// What a host does with its pins, its UART and its driver.
pub const OTHERS: &[&str] = &[
    "pin en low",
    "pin en high",
    "pin gpio0 low",
    "pin gpio0 high",
    "pin wake low",
    "pin wake high",
    "pin rts high",
    "pin rts low",
    "uart 9600 8n1",
    "uart 115200 8n1",
    "uart 921600 7e2",
    "overrun",
    "print PASS",
    "detach",
    "snapshot",
];
