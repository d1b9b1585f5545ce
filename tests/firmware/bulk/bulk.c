/* The bulk: more than a module holds, as fast as the UART goes, whatever the network takes. */
#include "app.h"

#include "config.h"

enum { SILENCE_MS = 5000 };

static bool step_bulk(application *app)
{
    static app_loop loop;

    if (!app_loop_open(app, &loop, BULK_HOST, BULK_PORT)) {
        return false;
    }
    app_loop_send(&loop, BULK_BYTES);
    if (!app_loop_wait(&loop, SILENCE_MS)) {
        return false;
    }
    return app_loop_close(&loop, SILENCE_MS);
}

const char app_name[] = "bulk";

const app_step app_steps[] = {
    {"boot", step_boot}, {"identify", step_identify}, {"join", step_join},
    {"fast", step_fast}, {"bulk", step_bulk},         {"leave", step_leave},
};
const size_t app_step_count = sizeof app_steps / sizeof app_steps[0];
