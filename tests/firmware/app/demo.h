/* The steps that only the demo has. */
#ifndef DEMO_H
#define DEMO_H

#include "app.h"

bool step_resolve(application *app);
bool step_ping(application *app);
bool step_http(application *app);
bool step_https(application *app);
bool step_echo(application *app);
bool step_through(application *app);

#endif
