/*
 * A capture and a log that go into pipes whose reader leaves: live into Wireshark, which is then closed. That is an error
 * of these files, not the end of the program, which has not touched SIGPIPE.
 *
 *     reader_gone DIRECTORY
 */
#define _POSIX_C_SOURCE 200809L
#include <espat_sim.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The reading end, open from `reader` until the world has been made. */
static int reading;

/* Opens the pipe, which lets the writer go on, and reads a little. It does not leave yet: what the world still writes
 * while it is made would be lost, and that is an error too. */
static void *reader(void *path)
{
    char some[16];

    reading = open((const char *)path, O_RDONLY);
    if (reading < 0 || read(reading, some, sizeof some) <= 0) {
        return (void *)"the reader read nothing";
    }
    return NULL;
}

static int fail(const char *what)
{
    printf("FAIL: %s\n", what);
    return 1;
}

static int try_it(const char *path, int log)
{
    espat_world_options options;
    espat_world *world;
    espat_status written;
    pthread_t id;
    void *unread;
    uint32_t module;

    if (mkfifo(path, 0600) || pthread_create(&id, NULL, reader, (void *)path)) {
        return fail("no pipe or no thread");
    }
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    *(log ? &options.input_log_path : &options.capture_path) = path;
    if (espat_world_new(&options, &world) || espat_attach(world, "wifi", NULL, &module) || espat_world_flush(world)) {
        return fail(espat_last_error());
    }
    if (pthread_join(id, &unread) || unread) {
        return fail(unread ? (const char *)unread : "no join");
    }
    close(reading);
    if (espat_advance(world, module, 1000000000)) {
        return fail(espat_last_error());
    }
    written = espat_world_finish(world);
    if (written != ESPAT_STATUS_IO || !strstr(espat_last_error(), path)) {
        return fail("the pipe without a reader is no error");
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
