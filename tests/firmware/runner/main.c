/* Connects driver and board, runs the steps, reports. */
#include "app.h"

#include <stdio.h>

#include "board.h"
#include "core.h"
#include "module_uart.h"
#include "report.h"

static application app;

/* ---- the driver's view of the board ------------------------------------- */

static size_t port_read(void *ctx, uint8_t *out, size_t cap)
{
    (void)ctx;
    return module_uart_read(out, cap);
}

static void port_write(void *ctx, const uint8_t *bytes, size_t count)
{
    (void)ctx;
    module_uart_write(bytes, count);
}

static uint32_t port_millis(void *ctx)
{
    (void)ctx;
    return systick_millis();
}

static void port_idle(void *ctx)
{
    (void)ctx;
    module_uart_idle(); /* SysTick ends it after a millisecond at the latest */
}

static bool port_sent(void *ctx)
{
    (void)ctx;
    return module_uart_sent();
}

static void port_set_baud(void *ctx, uint32_t baud)
{
    (void)ctx;
    module_uart_set_baud(baud);
}

static const at_port port = {port_read, port_write,    port_millis, port_idle,
                             port_sent, port_set_baud, NULL};

/* ---- what the module reports --------------------------------------------- */

static void watch(int link, bool up)
{
    if (app.watch_link != NULL) {
        app.watch_link(app.watch_ctx, link, up);
    }
}

static void on_event(void *ctx, at_event event, int link)
{
    (void)ctx;
    switch (event) {
    case AT_EVENT_READY:
        report_log("module is ready");
        app.restarted = true;
        break;
    case AT_EVENT_WIFI_CONNECTED:
        report_log("Wi-Fi connected");
        break;
    case AT_EVENT_WIFI_GOT_IP:
        report_log("Wi-Fi has an address");
        break;
    case AT_EVENT_WIFI_DISCONNECT:
        report_log("Wi-Fi disconnected");
        app.wifi_lost = true;
        break;
    case AT_EVENT_LINK_UP:
        report_log("link %d open", link);
        watch(link, true);
        break;
    case AT_EVENT_LINK_DOWN:
        report_log("link %d closed", link);
        app.link_closed[link] = true;
        watch(link, false);
        break;
    case AT_EVENT_DATA_WAITING:
        report_log("link %d: %lu bytes wait", link, (unsigned long)at_waiting(&app.at, link));
        break;
    case AT_EVENT_MQTT_CONNECTED:
        report_log("MQTT connected");
        break;
    case AT_EVENT_MQTT_DISCONNECTED:
        report_log("MQTT disconnected");
        break;
    }
}

static void on_data(void *ctx, const at_data *data)
{
    (void)ctx;
    if (app.receivers[data->link].take != NULL) {
        app.receivers[data->link].take(app.receivers[data->link].ctx, data);
    }
}

static void on_message(void *ctx, const at_message *message)
{
    (void)ctx;
    if (app.take_message != NULL) {
        app.take_message(app.message_ctx, message);
    }
}

static const at_handlers handlers = {on_event, on_data, on_message, NULL};

/* ---- policy -------------------------------------------------------------- */

enum { CONNECT_TRIES = 4, CONNECT_PAUSE_MS = 1000, ADDRESS_MS = 30000,
       RECOVERIES = 3 };

void app_receive(application *a, int link, link_receiver take, void *ctx)
{
    a->receivers[link].take = take;
    a->receivers[link].ctx = ctx;
}

void app_watch_links(application *a, link_watcher watcher, void *ctx)
{
    a->watch_link = watcher;
    a->watch_ctx = ctx;
}

void app_receive_messages(application *a, message_receiver take, void *ctx)
{
    a->take_message = take;
    a->message_ctx = ctx;
}

bool app_expect_ok(application *a, at_result result, const char *what)
{
    char expected[64], got[96];

    if (result == AT_OK) {
        return true;
    }
    snprintf(expected, sizeof expected, "OK to %s", what);
    return report_failure(expected, "%s", at_describe(&a->at, result, got, sizeof got));
}

void app_back_off(application *a, const char *what, at_result result, uint32_t ms)
{
    char got[96];

    a->retries++;
    report_log("%s: %s, trying again", what, at_describe(&a->at, result, got, sizeof got));
    at_pause(&a->at, ms);
}

bool app_connect(application *a, int link, const char *type, const char *host, uint16_t remote_port)
{
    char what[64];
    at_result result = AT_ERROR;

    snprintf(what, sizeof what, "%s to %s:%u", type, host, remote_port);
    for (int i = 1; i <= CONNECT_TRIES; i++) {
        if (a->restarted) {
            return app_expect_ok(a, AT_RESTARTED, what);
        }
        if (!at_wait_for(&a->at, &a->at.got_ip, ADDRESS_MS)) {
            return report_failure("an address before connecting", "none in %d s",
                                  ADDRESS_MS / 1000);
        }
        a->link_closed[link] = false;
        result = at_connect(&a->at, link, type, host, remote_port);
        if (result == AT_OK) {
            break;
        }
        if (result == AT_RESTARTED || i == CONNECT_TRIES) {
            break;
        }
        app_back_off(a, what, result, CONNECT_PAUSE_MS * (uint32_t)i);
        if (at_link_is_up(&a->at, link)) {
            at_close(&a->at, link); /* it came too late to be used */
        }
    }
    return app_expect_ok(a, result, what);
}

/* ---- the run -------------------------------------------------------------- */

/* After a failed step: whether to go on, and with which step. A restart of the
   module begins everything again; a lost access point, which the module finds
   again by itself, only the step. */
static bool recover(size_t *step)
{
    static unsigned left = RECOVERIES;

    if (left == 0 || (!app.restarted && !app.wifi_lost)) {
        return false;
    }
    left--;
    app.retries++;
    if (app.restarted) {
        report_log("the module restarted during %s, beginning again", app_steps[*step].name);
        *step = 0;
        return true;
    }
    report_log("Wi-Fi was lost during %s, waiting for it", app_steps[*step].name);
    if (!at_wait_for(&app.at, &app.at.got_ip, ADDRESS_MS)) {
        return false;
    }
    for (int link = 0; link < AT_LINKS; link++) {
        if (at_link_is_up(&app.at, link)) {
            at_close(&app.at, link);
        }
    }
    return true;
}

static void report_run(const uint32_t *took, size_t count)
{
    const at_stats *at = &app.at.stats;
    const module_uart_stats *uart = module_uart_statistics();

    for (size_t i = 0; i < count; i++) {
        report_log("  %-8s %6lu ms", app_steps[i].name, (unsigned long)took[i]);
    }
    report_log("commands %lu, retries %lu, busy %lu, time-outs %lu, unknown lines %lu",
               (unsigned long)at->commands, (unsigned long)app.retries, (unsigned long)at->busy,
               (unsigned long)at->timeouts, (unsigned long)at->unknown_lines);
    report_log("payload sent %lu, received %lu in %lu blocks, %lu broken",
               (unsigned long)at->sent_bytes, (unsigned long)at->ipd_bytes,
               (unsigned long)at->ipd_blocks, (unsigned long)at->broken_blocks);
    if (at->reads > 0) {
        report_log("read %lu in %lu reads after %lu notices", (unsigned long)at->read_bytes,
                   (unsigned long)at->reads, (unsigned long)at->notices);
    }
    if (at->raw_sent > 0) {
        report_log("passed through: sent %lu, received %lu", (unsigned long)at->raw_sent,
                   (unsigned long)at->raw_received);
    }
    if (at->messages > 0) {
        report_log("MQTT messages received %lu", (unsigned long)at->messages);
    }
    report_log("UART sent %lu, received %lu, lost %lu + %lu, ring filled to %lu",
               (unsigned long)uart->tx_bytes, (unsigned long)uart->rx_bytes,
               (unsigned long)uart->overruns, (unsigned long)uart->dropped,
               (unsigned long)uart->rx_high_water);
}

int main(void)
{
    uint32_t took[APP_STEPS_MAX];
    size_t step = 0;

    report_log("espat-sim %s firmware on %s, %lu Hz", app_name, board_name(),
               (unsigned long)board_core_clock());
    at_init(&app.at, &port, &handlers);
    while (step < app_step_count) {
        uint32_t start = systick_millis();
        bool passed;

        app.wifi_lost = false;
        passed = app_steps[step].run(&app);
        took[step] = systick_millis() - start;
        if (passed) {
            step++;
        } else if (!recover(&step)) {
            report_run(took, step + 1);
            report_fail(app_steps[step].name);
            return 1;
        }
    }
    report_run(took, app_step_count);
    report_pass();
    return 0;
}
