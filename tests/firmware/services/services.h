/* What the steps of this application share: its line server. */
#ifndef SERVICES_H
#define SERVICES_H

#include "app.h"

#define LINE_MAX 160u

/* A link as the server sees it. */
typedef struct {
    bool open;
    char pending[LINE_MAX];       /* received and not answered yet */
    size_t pending_len;
    uint32_t answered;            /* lines */
} line_client;

/*
 * Sends each line that a client sends back to it, with "echo: " before it. What
 * arrives only changes this state; server_run() does the answering.
 */
typedef struct {
    application *app;
    line_client clients[AT_LINKS];
    unsigned open, most_open;
    unsigned served;              /* clients that were answered and have left */
    unsigned ignored;             /* clients that left without an answer */
    bool overlong;                /* a line that does not fit has come */
    bool news;                    /* something to look at */
} line_server;

/* Starts the module's server anew, whatever ran before, and takes over its links: at SERVER_PORT,
   or over SSL at SECURE_PORT. */
bool server_start(application *app, line_server *server, bool secure);

/* Handles input until there was something to do, for a second at most, and does
   it. False after report_failure(). */
bool server_run(line_server *server);

/* No longer takes over links. */
void server_forget(line_server *server);

/* The steps. */
bool step_server(application *app);
bool step_upload(application *app);
bool step_datagrams(application *app);
bool step_rejoin(application *app);
bool step_secure(application *app);

#endif
