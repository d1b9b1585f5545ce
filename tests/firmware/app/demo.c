/* The demo: a client's life in a few seconds. */
#include "demo.h"

const char app_name[] = "demo";

const app_step app_steps[] = {
    {"boot", step_boot},       {"identify", step_identify}, {"join", step_join},
    {"clock", step_clock},     {"resolve", step_resolve},   {"http", step_http},
    {"echo", step_echo},       {"ping", step_ping},         {"fast", step_fast},
    {"through", step_through}, {"slow", step_slow},         {"https", step_https},
    {"leave", step_leave},
};
const size_t app_step_count = sizeof app_steps / sizeof app_steps[0];
