/*
 * An application is a list of steps that a connected product takes in its
 * life, each checking what it gets. main.c runs them; state and policy that
 * the steps share are here, and the steps that every application begins with.
 */
#ifndef APP_H
#define APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "at_commands.h"

/* Takes what a link receives. */
typedef void (*link_receiver)(void *ctx, const at_data *data);

/* Hears of links that open and close, in order with what they receive. */
typedef void (*link_watcher)(void *ctx, int link, bool up);

/* Takes what the module's MQTT client receives. */
typedef void (*message_receiver)(void *ctx, const at_message *message);

typedef struct {
    at_driver at;
    at_version version;           /* of the module, after the identify step */
    struct {
        link_receiver take;
        void *ctx;
    } receivers[AT_LINKS];
    link_watcher watch_link;
    void *watch_ctx;
    message_receiver take_message;
    void *message_ctx;
    bool link_closed[AT_LINKS];   /* since the last app_connect() */
    bool wifi_lost;               /* WIFI DISCONNECT came since the step began */
    bool restarted;               /* `ready` came since the boot step ended */
    uint32_t retries;             /* everything the application did again */
} application;

/* Sends what `link` receives to `take`; NULL drops it. */
void app_receive(application *app, int link, link_receiver take, void *ctx);

/* Tells `watch` of every link from now on; NULL ends that. */
void app_watch_links(application *app, link_watcher watch, void *ctx);

/* Sends MQTT messages to `take`; NULL drops them. */
void app_receive_messages(application *app, message_receiver take, void *ctx);

/* Opens a link. Waits for the station's address first, and tries again a few
   times: the name server or the peer may not answer at once. */
bool app_connect(application *app, int link, const char *type, const char *host, uint16_t port);

/* Whether `result` is AT_OK; if not, remembers that `what` should have been answered OK. */
bool app_expect_ok(application *app, at_result result, const char *what);

/* Waits until a time server has set the clock: certificates are not valid in 1970. */
bool app_wait_for_clock(application *app);

/* Before doing something again: counts it, says so with the reason, and waits. */
void app_back_off(application *app, const char *what, at_result result, uint32_t ms);

/*
 * A loop through the network: in passthrough over TCP to an echo server a pattern is sent,
 * and what comes is compared with it. A byte that is lost on the way shows.
 */
typedef struct {
    application *app;
    uint32_t sent;
    uint32_t arrived;             /* also behind a wrong byte */
    uint32_t right;               /* up to the first wrong byte */
    bool wrong;
    bool complete;                /* all that was sent has come back */
} app_loop;

bool app_loop_open(application *app, app_loop *loop, const char *host, uint16_t port);
void app_loop_send(app_loop *loop, uint32_t count);

/* Waits until all is back, or nothing has come for `silence_ms`. */
bool app_loop_wait(app_loop *loop, uint32_t silence_ms);

/* Ends passthrough, with the same wait for what is still under way, and closes the link. */
bool app_loop_close(app_loop *loop, uint32_t silence_ms);

typedef struct {
    const char *name;
    bool (*run)(application *app); /* false after report_failure() */
} app_step;

/* What an application defines. */
extern const char app_name[];
extern const app_step app_steps[];
extern const size_t app_step_count; /* APP_STEPS_MAX at most */

#define APP_STEPS_MAX 16u

/* Steps that applications share. */
bool step_boot(application *app);
bool step_identify(application *app);
bool step_join(application *app);
bool step_clock(application *app); /* has the clock set, and does not wait for it */
bool step_leave(application *app);
bool step_fast(application *app);  /* the UART at FAST_BAUD, with flow control */
bool step_slow(application *app);  /* and back */

#endif
