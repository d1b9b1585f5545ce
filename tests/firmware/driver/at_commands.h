/*
 * The commands an application uses, typed, on top of at_driver.h. Time-outs
 * are here, one for each command. Links are always numbered 0..4; with
 * AT+CIPMUX=0 the only one is 0 and the number is left out on the wire.
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

at_result at_echo_off(at_driver *at);
at_result at_restart(at_driver *at, uint32_t ready_ms);
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
at_result at_send(at_driver *at, int link, const void *bytes, size_t count);
at_result at_close(at_driver *at, int link);

/* Fills `info` with at most `cap` links and sets *count to how many there are. */
at_result at_read_links(at_driver *at, at_link_info *info, size_t cap, size_t *count);

#endif
