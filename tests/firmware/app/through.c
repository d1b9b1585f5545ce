/* Passthrough: bursts that a module cuts into blocks in different ways, through an echo server. */
#include "demo.h"

#include "config.h"

enum { SILENCE_MS = 60000, INTERVAL_MS = 50, FAREWELL = 3000 };

/* `pieces` of `count` bytes each, `pause_ms` apart. */
typedef struct {
    uint16_t count;
    uint8_t pieces;
    uint8_t pause_ms;
} burst;

/* A module sends 2920 bytes as soon as they are there, and fewer 20 ms after the first. */
static const burst bursts[] = {
    {1, 1, 0}, {500, 1, 0}, {2919, 1, 0}, {2920, 1, 0}, {2921, 1, 0}, {7000, 1, 0}, {50, 8, 6},
};

/* At 921600 baud 2920 bytes take 32 ms: where the module can wait so long, it is told to. */
static bool wait_for_full_blocks(application *app)
{
    const at_version *version = &app->version;

    return version->major < 3 || (version->major == 3 && version->minor < 1) ||
           app_expect_ok(app, at_set_transmit_interval(&app->at, INTERVAL_MS), "AT+TRANSINTVL");
}

bool step_through(application *app)
{
    static app_loop loop;

    if (!wait_for_full_blocks(app) ||
        !app_loop_open(app, &loop, TCP_ECHO_HOST, ECHO_PORT)) {
        return false;
    }
    for (size_t i = 0; i < sizeof bursts / sizeof bursts[0]; i++) {
        for (unsigned piece = 0; piece < bursts[i].pieces; piece++) {
            app_loop_send(&loop, bursts[i].count);
            at_pause(&app->at, bursts[i].pause_ms);
        }
        if (!app_loop_wait(&loop, SILENCE_MS)) {
            return false;
        }
    }
    app_loop_send(&loop, FAREWELL); /* the escape must wait until it has left */
    return app_loop_close(&loop, SILENCE_MS);
}
