/* The line server: what clients send, line by line, goes back to them with a prefix. */
#include "services.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "report.h"

static const char prefix[] = "echo: ";

/* ---- what happens on the links -------------------------------------------- */

static void take_link(void *ctx, int link, bool up)
{
    line_server *server = ctx;
    line_client *client = &server->clients[link];

    server->news = true;
    if (up) {
        *client = (line_client){.open = true};
        server->open++;
        if (server->open > server->most_open) {
            server->most_open = server->open;
        }
    } else if (client->open) {
        client->open = false;
        server->open--;
        if (client->answered > 0) {
            server->served++;
        } else {
            server->ignored++;
        }
    }
}

static void take_bytes(void *ctx, const at_data *data)
{
    line_server *server = ctx;
    line_client *client = &server->clients[data->link];

    if (client->pending_len + data->count > sizeof client->pending) {
        server->overlong = true;
    } else {
        memcpy(client->pending + client->pending_len, data->bytes, data->count);
        client->pending_len += data->count;
    }
    server->news = true;
}

/* ---- the server ------------------------------------------------------------- */

bool server_start(application *app, line_server *server, bool secure)
{
    const uint16_t wanted = secure ? SECURE_PORT : SERVER_PORT;
    at_driver *at = &app->at;
    uint16_t port;

    if (!at->multiple &&
        !app_expect_ok(app, at_set_multiple_links(at, true), "AT+CIPMUX=1")) {
        return false;
    }
    /* Neither a restart of this step nor a lost access point leaves a known state. */
    if (!app_expect_ok(app, at_read_server(at, &port), "AT+CIPSERVER?")) {
        return false;
    }
    if (port != 0 && !app_expect_ok(app, at_stop_server(at, true), "AT+CIPSERVER=0,1")) {
        return false;
    }
    memset(server, 0, sizeof *server);
    server->app = app;
    app_watch_links(app, take_link, server);
    for (int link = 0; link < AT_LINKS; link++) {
        app_receive(app, link, take_bytes, server);
    }
    if (!app_expect_ok(app, at_set_server_clients(at, SERVER_CLIENTS), "AT+CIPSERVERMAXCONN") ||
        !app_expect_ok(app, secure ? at_start_secure_server(at, wanted) : at_start_server(at, wanted),
                       "AT+CIPSERVER=1") ||
        !app_expect_ok(app, at_set_server_timeout(at, SERVER_TIMEOUT_S), "AT+CIPSTO") ||
        !app_expect_ok(app, at_read_server(at, &port), "AT+CIPSERVER?")) {
        return false;
    }
    if (port != wanted) {
        return report_failure("AT+CIPSERVER? to name the port", "%u", port);
    }
    report_log("serving at port %u%s", port, secure ? " over SSL" : "");
    return true;
}

void server_forget(line_server *server)
{
    app_watch_links(server->app, NULL, NULL);
    for (int link = 0; link < AT_LINKS; link++) {
        app_receive(server->app, link, NULL, NULL);
    }
}

/* Answers the first whole line of a link, if there is one. */
static bool answer_line(line_server *server, int link)
{
    line_client *client = &server->clients[link];
    const char *end = memchr(client->pending, '\n', client->pending_len);
    char text[sizeof prefix + LINE_MAX];
    size_t line_len, len;
    at_result result;

    if (end == NULL) {
        return true;
    }
    /* More may arrive during the command: the line leaves the buffer first. */
    line_len = (size_t)(end - client->pending) + 1u;
    len = sizeof prefix - 1u;
    memcpy(text, prefix, len);
    memcpy(text + len, client->pending, line_len);
    len += line_len;
    client->pending_len -= line_len;
    memmove(client->pending, client->pending + line_len, client->pending_len);
    server->news = true; /* maybe there is another */

    result = at_send(&server->app->at, link, text, len);
    if (result == AT_OK) {
        client->answered++;
        report_log("answered %u bytes on link %d", (unsigned)len, link);
        return true;
    }
    if (!client->open && result != AT_RESTARTED) {
        return true; /* it left before its answer */
    }
    return app_expect_ok(server->app, result, "AT+CIPSEND to a client");
}

bool server_run(line_server *server)
{
    at_wait_for(&server->app->at, &server->news, 1000);
    server->news = false;
    if (server->overlong) {
        return report_failure("lines of a client", "one of more than %u bytes", LINE_MAX);
    }
    for (int link = 0; link < AT_LINKS; link++) {
        if (!answer_line(server, link)) {
            return false;
        }
    }
    return true;
}
