/*
 * Runs an input log again and says how it came out.
 *
 *     replay LOG CAPTURE
 *
 * CAPTURE is written from the replay. The exit code is 0 if the digests are those of the log.
 */
#include <espat_sim.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(uint32_t status)
{
    if (status != ESPAT_STATUS_OK) {
        fprintf(stderr, "status %" PRIu32 ": %s\n", status, espat_last_error());
        exit(1);
    }
}

static uint8_t *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    uint8_t *text = NULL;
    size_t got;

    *length = 0;
    if (file == NULL) {
        fprintf(stderr, "can't open '%s'\n", path);
        exit(1);
    }
    do {
        text = (uint8_t *)realloc(text, *length + 4096);
        if (text == NULL) {
            exit(1);
        }
        got = fread(text + *length, 1, 4096, file);
        *length += got;
    } while (got > 0);
    fclose(file);
    return text;
}

int main(int argc, char **argv)
{
    espat_world_options options;
    espat_replay_result result;
    espat_world *world;
    uint8_t piece[1000];
    uint8_t *log;
    size_t length;
    FILE *capture;

    if (argc != 3) {
        fprintf(stderr, "usage: replay LOG CAPTURE\n");
        return 2;
    }
    log = read_file(argv[1], &length);
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.record = ESPAT_RECORD_CAPTURE;
    memset(&result, 0, sizeof result);
    result.size = sizeof result;
    check(espat_world_replay(log, length, &options, &result, &world));
    free(log);

    /* The other style of pulling: piece by piece until nothing comes. */
    capture = fopen(argv[2], "wb");
    if (capture == NULL) {
        fprintf(stderr, "can't create '%s'\n", argv[2]);
        return 1;
    }
    do {
        check(espat_capture_take(world, piece, sizeof piece, &length));
        fwrite(piece, 1, length, capture);
    } while (length > 0);
    fclose(capture);
    check(espat_world_free(world));

    printf("digest %016" PRIx64 "\ncontent %016" PRIx64 "\n", result.digest, result.content_digest);
    if (result.outcome != ESPAT_REPLAY_OUTCOME_SAME) {
        printf("the log says %016" PRIx64 "\n", result.logged_digest);
        return 1;
    }
    return 0;
}
