/*
 * A capture and a log that go into pipes whose reader leaves: live into Wireshark, which is then closed. That is a warning
 * for the capture and an error for the log, not the end of the program, which has not touched SIGPIPE.
 *
 *     reader_gone DIRECTORY
 */
#define _POSIX_C_SOURCE 200809L
#include <espat_sim.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *what)
{
    printf("FAIL: %s\n", what);
    return 1;
}

/* Whether the next warning says `text`. */
static int is_warned(espat_world *world, const char *text)
{
    const char *warning;

    return espat_warning_take(world, &warning) == ESPAT_STATUS_OK && warning != NULL && strstr(warning, text) != NULL;
}

static int try_it(const char *path, int log)
{
    espat_world_options options;
    espat_world *world;
    espat_status written;
    uint32_t module;
    char some[16];
    int reading;

    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    *(log ? &options.input_log_path : &options.capture_path) = path;
    if (mkfifo(path, 0600)) {
        return fail("no pipe");
    }
    /* A library does not wait for anybody. */
    if (espat_world_new(&options, &world) != ESPAT_STATUS_IO || !strstr(espat_last_error(), path)) {
        return fail("a pipe that nobody reads is no error");
    }
    reading = open(path, O_RDONLY | O_NONBLOCK);
    if (reading < 0) {
        return fail("the pipe can't be read");
    }
    if (espat_world_new(&options, &world) || espat_attach(world, "wifi", NULL, &module) || espat_world_flush(world)) {
        return fail(espat_last_error());
    }
    if (read(reading, some, sizeof some) <= 0) {
        return fail("the reader read nothing");
    }
    close(reading);
    if (espat_advance(world, module, 1000000000)) {
        return fail(espat_last_error());
    }
    written = espat_world_finish(world);
    if (log) {
        if (written != ESPAT_STATUS_IO || !strstr(espat_last_error(), path)) {
            return fail("a log whose reader has gone is no error");
        }
    } else if (written != ESPAT_STATUS_OK || !is_warned(world, path)) {
        return fail("a capture whose reader has gone is no warning");
    }
    espat_world_free(world);
    return 0;
}

int main(int argc, char **argv)
{
    char path[4096];

    if (argc != 2) {
        return fail("usage: reader_gone DIRECTORY");
    }
    snprintf(path, sizeof path, "%s/capture", argv[1]);
    if (try_it(path, 0)) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/log", argv[1]);
    if (try_it(path, 1)) {
        return 1;
    }
    return puts("PASS"), 0;
}
