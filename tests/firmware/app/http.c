/* One HTTP/1.1 request over a single link, and the check of its answer; the same over SSL. */
#include "demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config.h"
#include "report.h"

enum { HTTP_TRIES = 3, ANSWER_MS = 30000, CLOSED_MS = 10000, RETRY_PAUSE_MS = 1000 };

typedef struct {
    const char *type;             /* of the link */
    const char *host;
    uint16_t port;
    const char *request;
} http_source;

#define GET(host, path) "GET " path " HTTP/1.1\r\nHost: " host "\r\nConnection: close\r\n\r\n"

static const http_source http = {"TCP", HTTP_HOST, HTTP_PORT, GET(HTTP_HOST, HTTP_PATH)};
static const http_source https = {"SSL", HTTPS_HOST, HTTPS_PORT, GET(HTTPS_HOST, HTTPS_PATH)};

typedef struct {
    char text[1024];
    size_t len;                   /* of the answer so far, maybe more than fits */
    bool complete;                /* header and Content-Length bytes of body are here */
    size_t header_len;
    int status;                   /* 0 until the header is here */
    long content_length;          /* -1 if the header has none */
} http_answer;

typedef enum { HTTP_DONE, HTTP_AGAIN, HTTP_WRONG } http_outcome;

static void parse_header(http_answer *answer)
{
    const char *end = strstr(answer->text, "\r\n\r\n");
    const char *line;

    if (end == NULL) {
        return;
    }
    answer->header_len = (size_t)(end + 4 - answer->text);
    answer->content_length = -1;
    if (strncmp(answer->text, "HTTP/1.", 7) != 0 || answer->text[8] != ' ') {
        answer->status = -1;
        return;
    }
    answer->status = atoi(answer->text + 9);
    for (line = strstr(answer->text, "\r\n"); line < end; line = strstr(line, "\r\n")) {
        static const char name[] = "Content-Length:";

        line += 2;
        if (strncasecmp(line, name, sizeof name - 1) == 0) {
            answer->content_length = strtol(line + sizeof name - 1, NULL, 10);
        }
    }
}

static void take_answer(void *ctx, const at_data *data)
{
    http_answer *answer = ctx;

    if (answer->len + data->count < sizeof answer->text) {
        memcpy(answer->text + answer->len, data->bytes, data->count);
        answer->text[answer->len + data->count] = '\0';
    }
    answer->len += data->count;
    if (answer->status == 0) {
        parse_header(answer);
    }
    answer->complete = answer->status < 0 || answer->len >= sizeof answer->text ||
                       (answer->status > 0 && answer->content_length >= 0 &&
                        answer->len >= answer->header_len + (size_t)answer->content_length);
}

/* Sends the request and waits until the answer is complete or cannot become so. */
static http_outcome request(application *app, const http_source *source, http_answer *answer)
{
    at_result result;

    memset(answer, 0, sizeof *answer);
    app_receive(app, 0, take_answer, answer);
    if (!app_connect(app, 0, source->type, source->host, source->port)) {
        return HTTP_WRONG; /* that has tried again already */
    }
    result = at_send(&app->at, 0, source->request, strlen(source->request));
    /* An answer may overtake SEND OK; without one, a failed send may be repeated. */
    if (result == AT_RESTARTED || (result != AT_OK && answer->len == 0)) {
        app_expect_ok(app, result, "AT+CIPSEND");
        return result == AT_RESTARTED ? HTTP_WRONG : HTTP_AGAIN;
    }
    for (uint32_t waited = 0; !answer->complete && waited < ANSWER_MS; waited += 10) {
        if (app->link_closed[0]) {
            report_failure("a complete HTTP answer", "CLOSED after %u bytes",
                           (unsigned)answer->len);
            return HTTP_AGAIN;
        }
        at_wait_for(&app->at, &answer->complete, 10);
    }
    if (!answer->complete) {
        report_failure("a complete HTTP answer", "%u bytes in %d s", (unsigned)answer->len,
                       ANSWER_MS / 1000);
        return HTTP_AGAIN;
    }
    return HTTP_DONE;
}

static bool check(const http_answer *answer)
{
    static const char body[] = HTTP_BODY;
    const size_t body_len = sizeof body - 1;
    const char *got = answer->text + answer->header_len;

    if (answer->status != 200) {
        return report_failure("HTTP status 200", "\"%.32s\"", answer->text);
    }
    if (answer->content_length != (long)body_len) {
        char expected[32];

        snprintf(expected, sizeof expected, "Content-Length %u", (unsigned)body_len);
        return report_failure(expected, "%ld", answer->content_length);
    }
    if (answer->len != answer->header_len + body_len) {
        return report_failure("nothing behind the body", "%u bytes more",
                              (unsigned)(answer->len - answer->header_len - body_len));
    }
    if (memcmp(got, body, body_len) != 0) {
        return report_failure("the body \"" HTTP_BODY "\"", "\"%.64s\"", got);
    }
    return true;
}

static bool fetch(application *app, const http_source *source)
{
    static http_answer answer;
    http_outcome outcome = HTTP_AGAIN;

    for (int i = 1; i <= HTTP_TRIES && outcome == HTTP_AGAIN; i++) {
        if (i > 1) {
            report_log("HTTP request failed, trying again");
            app->retries++;
            at_pause(&app->at, RETRY_PAUSE_MS);
            if (at_link_is_up(&app->at, 0)) {
                at_close(&app->at, 0);
            }
        }
        outcome = request(app, source, &answer);
    }
    if (outcome != HTTP_DONE || !check(&answer)) {
        return false;
    }
    report_log("HTTP %d, %ld bytes of body as expected", answer.status, answer.content_length);
    if (!at_wait_for(&app->at, &app->link_closed[0], CLOSED_MS)) {
        return report_failure("CLOSED after the answer", "nothing in %d s", CLOSED_MS / 1000);
    }
    app_receive(app, 0, NULL, NULL);
    return true;
}

bool step_http(application *app)
{
    return app_expect_ok(app, at_set_multiple_links(&app->at, false), "AT+CIPMUX=0") &&
           fetch(app, &http);
}

/* The server's certificate is verified: it has dates, so the clock must be right. */
bool step_https(application *app)
{
    return app_wait_for_clock(app) &&
           app_expect_ok(app, at_set_multiple_links(&app->at, false), "AT+CIPMUX=0") &&
           app_expect_ok(app, at_verify_server(&app->at, 0, HTTPS_HOST), "AT+CIPSSLCCONF") &&
           fetch(app, &https);
}
