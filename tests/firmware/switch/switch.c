/* A switch: connects to a lamp, switches it on and off, and compares what the lamp says. */
#include "app.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "report.h"

enum { LINK = 0, ANSWER_MS = 10000 };

static struct {
    char text[24];
    size_t len;
    bool is_here;                 /* a whole line */
} answer;

static void take_answer(void *ctx, const at_data *data)
{
    (void)ctx;
    for (size_t i = 0; i < data->count && answer.len < sizeof answer.text - 1u; i++) {
        answer.is_here = answer.is_here || data->bytes[i] == '\n';
        answer.text[answer.len++] = (char)data->bytes[i];
    }
}

static bool press(application *app, const char *what)
{
    char text[8], expected[sizeof answer.text];

    snprintf(text, sizeof text, "%s\n", what);
    snprintf(expected, sizeof expected, "the lamp is %s\n", what);
    memset(&answer, 0, sizeof answer);
    if (!app_expect_ok(app, at_send(&app->at, LINK, text, strlen(text)), "AT+CIPSEND")) {
        return false;
    }
    if (!at_wait_for(&app->at, &answer.is_here, ANSWER_MS)) {
        return report_failure("an answer of the lamp", "none in %d s", ANSWER_MS / 1000);
    }
    if (strcmp(answer.text, expected) != 0) {
        return report_failure(expected, "%s", answer.text);
    }
    report_log("the lamp is %s", what);
    return true;
}

static bool step_switch(application *app)
{
    app_receive(app, LINK, take_answer, NULL);
    if (!app_connect(app, LINK, "TCP", LAMP_ADDRESS, LAMP_PORT)) {
        return false;
    }
    for (unsigned i = 0; i < PRESSES; i++) {
        if (!press(app, i % 2u == 0 ? "on" : "off")) {
            return false;
        }
        at_pause(&app->at, PAUSE_MS);
    }
    return app_expect_ok(app, at_close(&app->at, LINK), "AT+CIPCLOSE");
}

const char app_name[] = "switch";

const app_step app_steps[] = {
    {"boot", step_boot},     {"identify", step_identify}, {"join", step_join},
    {"switch", step_switch}, {"leave", step_leave},
};
const size_t app_step_count = sizeof app_steps / sizeof app_steps[0];
