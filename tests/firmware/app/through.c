/* Passthrough: bursts that a module cuts into blocks in different ways, through an echo server. */
#include "demo.h"

#include "config.h"
#include "report.h"

enum { SILENCE_MS = 60000 };

/* `pieces` of `count` bytes each, `pause_ms` apart. */
typedef struct {
    uint16_t count;
    uint8_t pieces;
    uint8_t pause_ms;
} burst;

/* A module sends a block of 2920 bytes as soon as it is there, and what is less 20 ms
   after its first byte. */
static const burst bursts[] = {
    {1, 1, 0},    {500, 1, 0},  {2919, 1, 0}, {2920, 1, 0},
    {2921, 1, 0}, {7000, 1, 0}, {50, 8, 6}, /* two blocks of four pieces */
};

bool step_through(application *app)
{
    static app_loop loop;

    if (!app_loop_open(app, &loop, TCP_ECHO_HOST, ECHO_PORT)) {
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
    report_log("%lu bytes through and back, each as expected", (unsigned long)loop.arrived);
    return app_loop_close(&loop);
}
