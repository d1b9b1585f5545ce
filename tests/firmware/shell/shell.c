/*
 * The shell: a person, or a script, types commands on the console.
 *
 *   reset      pulls the module's EN low for 5 ms
 *   rate BAUD  sets our end of the module's line, and not the module's
 *   at         asks the module whether it is there
 *   stop       waits for ever
 *   exit       ends the program
 */
#include "app.h"

#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "core.h"
#include "report.h"

enum { RESET_MS = 5, READY_MS = 3000 };

static void put(const char *text)
{
    board_console_write(text, strlen(text));
}

/* Reads a line, with echo, while the driver goes on. */
static void read_line(application *app, char *line, size_t size)
{
    size_t count = 0;

    for (;;) {
        int byte = board_console_read();

        if (byte < 0) {
            at_pause(&app->at, 1);
        } else if (byte == '\n') {
            put("\n");
            line[count] = '\0';
            return;
        } else if (count + 1u < size) {
            line[count++] = (char)byte;
            board_console_write(&line[count - 1u], 1);
        }
    }
}

static bool reset(application *app)
{
    app->at.ready = false;
    if (!board_module_enable(false)) {
        return report_failure("a board that drives the module's EN", "%s", board_name());
    }
    at_pause(&app->at, RESET_MS);
    board_module_enable(true);
    if (!at_wait_for(&app->at, &app->at.ready, READY_MS)) {
        return report_failure("ready after a pulse on EN", "nothing in %d ms", READY_MS);
    }
    app->restarted = false;
    return true;
}

static bool step_shell(application *app)
{
    for (;;) {
        char line[32];

        put("\x1b[1;32mshell> \x1b[m");
        read_line(app, line, sizeof line);
        if (strcmp(line, "exit") == 0) {
            return true;
        } else if (strcmp(line, "reset") == 0) {
            if (!reset(app)) {
                return false;
            }
        } else if (strncmp(line, "rate ", 5) == 0) {
            board_module_set_baud((uint32_t)strtoul(line + 5, NULL, 10));
        } else if (strcmp(line, "at") == 0) {
            put(at_sync(&app->at, 1) == AT_OK ? "the module answers\n"
                                              : "\x1b[31mthe module does not answer\x1b[0m\n");
        } else if (strcmp(line, "stop") == 0) {
            for (;;) {
                wait_for_interrupt();
            }
        } else {
            put("unknown command\n");
        }
    }
}

const char app_name[] = "shell";

const app_step app_steps[] = {{"boot", step_boot}, {"shell", step_shell}};
const size_t app_step_count = sizeof app_steps / sizeof app_steps[0];
