/*
 * The commands an application uses, typed, on top of at_driver.h: the module
 * and Wi-Fi in at_commands.c, links and the server in at_links.c, what links over
 * SSL need in at_secure.c, the UART itself in at_line.c. Each command has its
 * time-out there. Links are always numbered 0..4; with AT+CIPMUX=0 the only one is
 * 0 and the number is left out on the wire.
 */
#ifndef AT_COMMANDS_H
#define AT_COMMANDS_H

#include "at_driver.h"

typedef struct {
    unsigned major, minor, patch;
    char text[64];                /* what stands behind "AT version:", maybe cut */
} at_version;

typedef struct {
    char ip[AT_IP_TEXT_MAX];
    char gateway[AT_IP_TEXT_MAX];
    char netmask[AT_IP_TEXT_MAX];
    char mac[18];
} at_station;

/* One line of AT+CIPSTATE?. */
typedef struct {
    int link;
    char type[8];                 /* TCP, UDP, SSL, ... */
    char remote_ip[AT_IP_TEXT_MAX];
    uint16_t remote_port;
    uint16_t local_port;
    bool incoming;                /* accepted by the module's server */
} at_link_info;

/* What AT+CIPSTART's <mode> does to the far end of a UDP link. */
typedef enum {
    AT_UDP_FIXED = 0,             /* stays as it was opened */
    AT_UDP_FIRST = 1,             /* becomes the first other sender, once */
    AT_UDP_LAST = 2,              /* is always the last sender */
} at_udp_mode;

/* How long a question or a setting may take, and how often it is sent. */
enum { AT_SETTING_MS = 2000, AT_REPEATS = 3 };

/* Runs a command that may be sent again when its reply was lost. */
at_result at_ask(at_driver *at, at_line_fn on_line, void *ctx, const char *line);

at_result at_echo_off(at_driver *at);
at_result at_restart(at_driver *at, uint32_t ready_ms);

/* Sets both ends of the UART: the module's with AT+UART_CUR (8N1, `flow_control` as
   there), then ours, and checks that they understand each other. */
at_result at_set_baud(at_driver *at, uint32_t baud, unsigned flow_control);
at_result at_read_version(at_driver *at, at_version *version);
at_result at_set_station_mode(at_driver *at);

/* `reason` gets the number of +CWJAP:<n> on failure: 1 time-out, 2 wrong
   password, 3 no such access point, 4 connection failed; 0 if none came. */
at_result at_join(at_driver *at, const char *ssid, const char *password, unsigned *reason);
at_result at_leave(at_driver *at);
at_result at_read_station(at_driver *at, at_station *station);

/* `ip` has room for AT_IP_TEXT_MAX bytes. */
at_result at_resolve(at_driver *at, const char *name, char *ip);
at_result at_ping(at_driver *at, const char *host, uint32_t *ms);

at_result at_set_multiple_links(at_driver *at, bool multiple);
at_result at_set_remote_info(at_driver *at, bool shown);
at_result at_connect(at_driver *at, int link, const char *type, const char *host, uint16_t port);

/* `host` may be "0.0.0.0" to listen; then the first datagram must come from outside. */
at_result at_open_udp(at_driver *at, int link, const char *host, uint16_t port,
                      uint16_t local_port, at_udp_mode mode);
at_result at_send(at_driver *at, int link, const void *bytes, size_t count);
at_result at_close(at_driver *at, int link);

/* Has the module ask time servers (SNTP). Its clock counts from 1970 until one has answered. */
at_result at_start_clock(at_driver *at);

/* The clock's time in the module's words, such as "Thu Jan  1 00:00:08 2026"; UTC. */
#define AT_CLOCK_TEXT_MAX 32u
at_result at_read_clock(at_driver *at, char text[AT_CLOCK_TEXT_MAX]);

/* Links over SSL that are opened from now on: the server must show a certificate for `name`
   that the module's authority 0 has signed, and that is valid now. */
at_result at_verify_server(at_driver *at, int link, const char *name);

/* Fills `info` with at most `cap` links and sets *count to how many there are. */
at_result at_read_links(at_driver *at, at_link_info *info, size_t cap, size_t *count);

/*
 * Passthrough, with one link and AT+CIPMUX=0. Behind at_enter_passthrough() what at_pass()
 * is given goes to the link, and what the link receives comes as at_data. at_escape() ends
 * the former, with `+++` in silence and the pause that the manual asks for; received data
 * still comes. at_leave_passthrough() ends that too: then lines are lines again. Where the
 * module does not answer, `+++` was taken for payload, because the wire was not silent, and
 * is sent again.
 */
at_result at_enter_passthrough(at_driver *at);
void at_pass(at_driver *at, const uint8_t *bytes, size_t count);
void at_escape(at_driver *at);
at_result at_leave_passthrough(at_driver *at);

/* How long the module waits for a full block of payload, 20 ms unless it is told. Releases
   from 3.1 on can be. */
at_result at_set_transmit_interval(at_driver *at, unsigned ms);

/* The module's TCP server. It needs several links, and the greatest number of
   clients only changes while it is stopped. Clients come as AT_EVENT_LINK_UP. */
at_result at_set_server_clients(at_driver *at, unsigned clients);
at_result at_set_server_timeout(at_driver *at, unsigned seconds);   /* of silent clients; 0: none */
at_result at_start_server(at_driver *at, uint16_t port);
at_result at_start_secure_server(at_driver *at, uint16_t port);     /* over SSL */
at_result at_stop_server(at_driver *at, bool close_clients);
at_result at_read_server(at_driver *at, uint16_t *port);            /* 0: it does not run */

/* In passive mode the module keeps what it receives, says AT_EVENT_DATA_WAITING
   once, and at_receive() reads. */
at_result at_set_passive_receive(at_driver *at, bool passive);

/* Asks what waits on each link, for at_waiting(). For a link that is not open
   that is 0. Useful after a client has come, and when a notice may be lost. */
at_result at_read_waiting(at_driver *at);

/* Reads at most `cap` of the bytes that wait on `link`. AT_ERROR: there is
   nothing. `remote` may be NULL; it is filled with AT+CIPDINFO=1 only. */
at_result at_receive(at_driver *at, int link, void *out, size_t cap, size_t *count,
                     at_remote *remote);

#endif
