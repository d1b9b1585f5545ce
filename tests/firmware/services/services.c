/* The services: a module that others call, and a network that fails. */
#include "services.h"

const char app_name[] = "services";

const app_step app_steps[] = {
    {"boot", step_boot},     {"identify", step_identify},   {"join", step_join},
    {"server", step_server}, {"upload", step_upload},       {"datagrams", step_datagrams},
    {"rejoin", step_rejoin}, {"secure", step_secure},       {"leave", step_leave},
};
const size_t app_step_count = sizeof app_steps / sizeof app_steps[0];
