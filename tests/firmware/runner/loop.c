/* A pattern through the network and back, in passthrough. */
#include "app.h"

#include <stdio.h>

#include "report.h"

enum { LOOP_LINK = 0, CHUNK = 64 };

/* Byte `i`: a multiplicative hash, in which no two places look alike. */
static uint8_t pattern(uint32_t i)
{
    return (uint8_t)((i + 1u) * 2654435761u >> 24);
}

static void compare(void *ctx, const at_data *data)
{
    app_loop *loop = ctx;

    for (size_t i = 0; i < data->count && !loop->wrong; i++) {
        loop->wrong = loop->right >= loop->sent || data->bytes[i] != pattern(loop->right);
        loop->right += loop->wrong ? 0 : 1;
    }
    loop->arrived += (uint32_t)data->count;
    loop->complete = !loop->wrong && loop->right == loop->sent;
}

bool app_loop_open(application *app, app_loop *loop, const char *host, uint16_t port)
{
    *loop = (app_loop){.app = app};
    if (!app_expect_ok(app, at_set_multiple_links(&app->at, false), "AT+CIPMUX=0") ||
        !app_connect(app, LOOP_LINK, "TCP", host, port)) {
        return false;
    }
    app_receive(app, LOOP_LINK, compare, loop);
    return app_expect_ok(app, at_enter_passthrough(&app->at), "AT+CIPSEND in passthrough");
}

void app_loop_send(app_loop *loop, uint32_t count)
{
    uint8_t bytes[CHUNK];

    while (count > 0) {
        uint32_t n = count < CHUNK ? count : CHUNK;

        for (uint32_t i = 0; i < n; i++) {
            bytes[i] = pattern(loop->sent + i);
        }
        loop->sent += n;
        loop->complete = false;
        count -= n;
        at_pass(&loop->app->at, bytes, n);
    }
}

bool app_loop_wait(app_loop *loop, uint32_t silence_ms)
{
    char expected[64];
    uint32_t before;

    do {
        before = loop->arrived;
        at_wait_for(&loop->app->at, &loop->complete, silence_ms);
    } while (!loop->complete && loop->arrived != before);
    if (loop->complete) {
        return true;
    }
    snprintf(expected, sizeof expected, "%lu bytes back", (unsigned long)loop->sent);
    return loop->arrived > loop->sent
               ? report_failure(expected, "%lu, right up to byte %lu", (unsigned long)loop->arrived,
                                (unsigned long)loop->right)
               : report_failure(expected, "%lu, right up to byte %lu: %lu lost",
                                (unsigned long)loop->arrived, (unsigned long)loop->right,
                                (unsigned long)(loop->sent - loop->arrived));
}

bool app_loop_close(app_loop *loop, uint32_t silence_ms)
{
    application *app = loop->app;

    at_escape(&app->at);
    if (!app_loop_wait(loop, silence_ms) ||
        !app_expect_ok(app, at_leave_passthrough(&app->at), "AT behind +++, and AT+CIPMODE=0") ||
        !app_expect_ok(app, at_close(&app->at, LOOP_LINK), "AT+CIPCLOSE")) {
        return false;
    }
    app_receive(app, LOOP_LINK, NULL, NULL);
    report_log("%lu bytes through and back, each as expected", (unsigned long)loop->arrived);
    return true;
}
