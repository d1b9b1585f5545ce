/* A client sends more than the module's window holds while nobody reads; then every byte is there. */
#include "services.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "core.h"
#include "report.h"

/* Record n is its number, a blank, 74 letters that begin with the n-th of the
   alphabet, and a line feed. */
#define RECORD 80u
#define UPLOAD (UPLOAD_RECORDS * RECORD)

enum { POLL_MS = 500, SETTLED_POLLS = 4, CLOSED_MS = 30000 };

/* How much is read at once, in turn. */
static const uint16_t pieces[] = {1, 79, 1460, 7, 2048, 512, 100, 1440};
#define PIECES (sizeof pieces / sizeof pieces[0])

typedef struct {
    bool came;
    bool left;
    int link;
    uint32_t notices;             /* of the module before the step */
    uint32_t read;                /* bytes, all of them right */
} upload;

static void take_link(void *ctx, int link, bool up)
{
    upload *u = ctx;

    if (up && !u->came) {
        u->came = true;
        u->link = link;
    } else if (!up && u->came && link == u->link) {
        u->left = true;
    }
}

static uint8_t expected_byte(uint32_t at)
{
    uint32_t record = at / RECORD, column = at % RECORD;
    char number[5];

    if (column < 4u) {
        snprintf(number, sizeof number, "%04u", (unsigned)(record % 10000u));
        return (uint8_t)number[column];
    }
    if (column == 4u) {
        return ' ';
    }
    if (column == RECORD - 1u) {
        return '\n';
    }
    return (uint8_t)('a' + (record + column - 5u) % 26u);
}

static bool compare(upload *u, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++, u->read++) {
        char expected[64];

        if (u->read >= UPLOAD) {
            return report_failure("nothing behind the last record", "0x%02x", bytes[i]);
        }
        if (bytes[i] != expected_byte(u->read)) {
            snprintf(expected, sizeof expected, "0x%02x at %lu", expected_byte(u->read),
                     (unsigned long)u->read);
            return report_failure(expected, "0x%02x", bytes[i]);
        }
    }
    return true;
}

/* Waits until the module has taken as much as it will. It has said so once, so the
   true number has to be asked for. */
static bool wait_until_full(application *app, upload *u)
{
    uint32_t notices, before = 0;
    int settled = 0;
    uint32_t start = systick_millis();

    while (settled < SETTLED_POLLS) {
        uint32_t waiting;

        at_pause(&app->at, POLL_MS);
        if (u->left || app->restarted || app->wifi_lost) {
            return report_failure("the upload", "a lost connection after %lu bytes",
                                  (unsigned long)before);
        }
        if (systick_millis() - start > PATIENCE_MS) {
            return report_failure("an upload", "%lu bytes", (unsigned long)before);
        }
        if (!app_expect_ok(app, at_read_waiting(&app->at), "AT+CIPRECVLEN?")) {
            return false;
        }
        waiting = at_waiting(&app->at, u->link);
        settled = waiting > 0 && waiting == before ? settled + 1 : 0;
        before = waiting;
    }
    notices = app->at.stats.notices - u->notices;
    if (before >= UPLOAD) {
        return report_failure("less to wait than the upload", "%lu bytes", (unsigned long)before);
    }
    if (notices != 1) {
        return report_failure("one +IPD until something is read", "%lu", (unsigned long)notices);
    }
    report_log("%lu bytes wait, and no more come", (unsigned long)before);
    return true;
}

/* Waits for something to read: for the notice, and now and then by asking. */
static bool wait_for_bytes(application *app, upload *u)
{
    for (uint32_t waited = 0; at_waiting(&app->at, u->link) == 0; waited += 10) {
        if (u->left) {
            return report_failure("the whole upload before CLOSED", "%lu bytes",
                                  (unsigned long)u->read);
        }
        if (waited >= PATIENCE_MS) {
            return report_failure("the rest of the upload", "%lu bytes", (unsigned long)u->read);
        }
        if (waited % 1000u == 990u &&
            !app_expect_ok(app, at_read_waiting(&app->at), "AT+CIPRECVLEN?")) {
            return false;
        }
        at_pause(&app->at, 10);
    }
    return true;
}

/* Reads everything, in pieces; half of them with the sender's address. */
static bool read_all(application *app, upload *u, const at_link_info *info)
{
    static uint8_t bytes[2048];

    for (size_t i = 0; u->read < UPLOAD; i++) {
        bool with_remote = i / PIECES % 2u == 1u;
        at_remote remote;
        size_t count;

        if (i % PIECES == 0 &&
            !app_expect_ok(app, at_set_remote_info(&app->at, with_remote), "AT+CIPDINFO")) {
            return false;
        }
        if (!wait_for_bytes(app, u) ||
            !app_expect_ok(app, at_receive(&app->at, u->link, bytes, pieces[i % PIECES], &count,
                                           &remote),
                           "AT+CIPRECVDATA") ||
            !compare(u, bytes, count)) {
            return false;
        }
        if (u->left && u->read < UPLOAD) {
            return report_failure("CLOSED after the last byte", "after %lu of %u",
                                  (unsigned long)u->read, UPLOAD);
        }
        if (with_remote
                ? strcmp(remote.ip, info->remote_ip) != 0 || remote.port != info->remote_port
                : remote.ip[0] != '\0') {
            return report_failure(with_remote ? "AT+CIPRECVDATA to name the sender"
                                              : "no sender in AT+CIPRECVDATA",
                                  "%s:%u", remote.ip, remote.port);
        }
    }
    return app_expect_ok(app, at_set_remote_info(&app->at, false), "AT+CIPDINFO=0");
}

static bool find_link(application *app, int link, at_link_info *info)
{
    at_link_info all[AT_LINKS];
    size_t count;

    if (!app_expect_ok(app, at_read_links(&app->at, all, AT_LINKS, &count), "AT+CIPSTATE?")) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (all[i].link == link) {
            *info = all[i];
            return true;
        }
    }
    return report_failure("the client in AT+CIPSTATE?", "%u other links", (unsigned)count);
}

bool step_upload(application *app)
{
    static upload u;
    at_link_info info;
    size_t count;
    uint8_t byte;

    u = (upload){.notices = app->at.stats.notices};
    app_watch_links(app, take_link, &u);
    if (!app_expect_ok(app, at_set_passive_receive(&app->at, true), "AT+CIPRECVMODE=1")) {
        return false;
    }
    if (!at_wait_for(&app->at, &u.came, PATIENCE_MS)) {
        return report_failure("a client with an upload", "nobody");
    }
    if (!find_link(app, u.link, &info) || !wait_until_full(app, &u) ||
        !read_all(app, &u, &info)) {
        return false;
    }
    report_log("read %lu bytes, each as expected", (unsigned long)u.read);
    if (!at_wait_for(&app->at, &u.left, CLOSED_MS)) {
        return report_failure("CLOSED after the last byte", "nothing in %d s", CLOSED_MS / 1000);
    }
    app_watch_links(app, NULL, NULL);
    if (at_receive(&app->at, u.link, &byte, 1, &count, NULL) != AT_ERROR) {
        return report_failure("ERROR to AT+CIPRECVDATA of a closed link", "%u bytes",
                              (unsigned)count);
    }
    return app_expect_ok(app, at_set_passive_receive(&app->at, false), "AT+CIPRECVMODE=0");
}
