/*
 * The demo application: a list of steps that a connected product takes in its
 * life, each checking what it gets. State and policy shared by the steps are
 * here; the steps are in boot.c, wifi.c, http.c and echo.c.
 */
#ifndef APP_H
#define APP_H

#include <stdbool.h>
#include <stdint.h>

#include "at_commands.h"

/* Takes what a link receives. */
typedef void (*link_receiver)(void *ctx, const at_data *data);

typedef struct {
    at_driver at;
    struct {
        link_receiver take;
        void *ctx;
    } receivers[AT_LINKS];
    bool link_closed[AT_LINKS];   /* since the last app_connect() */
    bool wifi_lost;               /* WIFI DISCONNECT came since the step began */
    bool restarted;               /* `ready` came since the boot step ended */
    uint32_t retries;             /* everything the application did again */
} application;

/* Sends what `link` receives to `take`; NULL drops it. */
void app_receive(application *app, int link, link_receiver take, void *ctx);

/* Opens a link. Waits for the station's address first, and tries again a few
   times: the name server or the peer may not answer at once. */
bool app_connect(application *app, int link, const char *type, const char *host, uint16_t port);

/* Whether `result` is AT_OK; if not, remembers that `what` should have been answered OK. */
bool app_expect_ok(application *app, at_result result, const char *what);

/* Before doing something again: counts it, says so with the reason, and waits. */
void app_back_off(application *app, const char *what, at_result result, uint32_t ms);

/* The steps. Each returns false after report_failure(). */
bool step_boot(application *app);
bool step_identify(application *app);
bool step_join(application *app);
bool step_resolve(application *app);
bool step_ping(application *app);
bool step_leave(application *app);
bool step_http(application *app);
bool step_echo(application *app);

#endif
