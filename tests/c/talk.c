/*
 * Two modules that talk to each other: one is the server of the other. Each is driven by an MCU of its own, first both by
 * one thread, then each by its own, and what the threads' run has logged is replayed. Bytes and digests are the same.
 *
 *     talk SCENARIO RUNS
 *
 * SCENARIO is a file with two modules, `left` and `right`, and an access point. The exit code is 0 if all is as it should be.
 */
#include <espat_sim.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Renode's quantum, and the lookahead. */
#define QUANTUM UINT64_C(100000)
#define MS UINT64_C(1000000)
/* Later than any of this takes. */
#define LIMIT (UINT64_C(60000) * MS)

static const char *scenario_path;

/* What an MCU does: when it has received `heard` and it is `at` or later, it sends `says`. */
struct line {
    uint64_t at;
    const char *heard;
    const char *says;
};

static const struct line left_script[] = {
    {0, "ready\r\n", "ATE0\r\n"},
    {0, "\r\nOK\r\n", "AT+CWMODE=1\r\n"},
    {0, "\r\nOK\r\n", "AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n"},
    {0, "\r\nOK\r\n", "AT+CIPSTA=\"192.168.1.50\",\"192.168.1.1\",\"255.255.255.0\"\r\n"},
    {0, "\r\nOK\r\n", "AT+CIPMUX=1\r\n"},
    {0, "\r\nOK\r\n", "AT+CIPSERVER=1,8080\r\n"},
    {0, "+IPD,0,5:hello", "AT+CIPSEND=0,7\r\n"},
    {0, ">", "welcome"},
    {0, "0,CLOSED\r\n", ""},
};

static const struct line right_script[] = {
    {0, "ready\r\n", "ATE0\r\n"},
    {0, "\r\nOK\r\n", "AT+CWMODE=1\r\n"},
    {0, "\r\nOK\r\n", "AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n"},
    {4000 * MS, "\r\nOK\r\n", "AT+CIPSTART=\"TCP\",\"192.168.1.50\",8080\r\n"},
    {0, "\r\nOK\r\n", "AT+CIPSEND=5\r\n"},
    {0, ">", "hello"},
    {0, "+IPD,7:welcome", "AT+CIPCLOSE\r\n"},
    {0, "CLOSED\r\n\r\nOK\r\n", ""},
};

static void check(uint32_t status)
{
    if (status != ESPAT_STATUS_OK) {
        fprintf(stderr, "FAIL: status %" PRIu32 ": %s\n", status, espat_last_error());
        exit(1);
    }
}

static void fail(const char *what)
{
    fprintf(stderr, "FAIL: %s\n", what);
    exit(1);
}

struct mcu {
    espat_world *world;
    uint32_t module;
    uint64_t now;
    const struct line *script;
    size_t lines, next;
    char received[4096];
    /* Bytes received, and those that a line of the script was found in. */
    size_t length, seen;
};

static void attach(struct mcu *mcu, espat_world *world, const char *name, const struct line *script, size_t lines)
{
    memset(mcu, 0, sizeof *mcu);
    mcu->world = world;
    mcu->script = script;
    mcu->lines = lines;
    check(espat_attach(world, name, NULL, &mcu->module));
}

static int is_done(const struct mcu *mcu)
{
    return mcu->next == mcu->lines;
}

/* One quantum further. Answers 0 when the other module must go first, which leaves everything as it was. */
static int step(struct mcu *mcu)
{
    espat_uart_byte bytes[64];
    size_t count, i;
    uint32_t status = espat_advance(mcu->world, mcu->module, mcu->now + QUANTUM);

    if (status == ESPAT_STATUS_TOO_FAR_AHEAD) {
        return 0;
    }
    check(status);
    mcu->now += QUANTUM;
    do {
        check(espat_uart_take(mcu->world, mcu->module, bytes, 64, &count));
        for (i = 0; i < count && mcu->length + 1 < sizeof mcu->received; i++) {
            mcu->received[mcu->length++] = (char)bytes[i].byte;
        }
    } while (count == 64);
    if (!is_done(mcu) && mcu->now >= mcu->script[mcu->next].at) {
        const struct line *line = &mcu->script[mcu->next];
        const char *found = strstr(mcu->received + mcu->seen, line->heard);

        if (found != NULL) {
            mcu->seen = (size_t)(found - mcu->received) + strlen(line->heard);
            mcu->next++;
            check(espat_uart_write_block(mcu->world, mcu->module, mcu->now, (const uint8_t *)line->says,
                                         strlen(line->says)));
        }
    }
    if (mcu->now > LIMIT) {
        fprintf(stderr, "FAIL: at line %u of its script, an MCU has heard:\n%s\n", (unsigned)mcu->next, mcu->received);
        exit(1);
    }
    return 1;
}

/* Whoever must let the other go first waits here for it. */
static pthread_mutex_t progress_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t progress_made = PTHREAD_COND_INITIALIZER;
static uint64_t progress;

static void *drive(void *argument)
{
    struct mcu *mcu = (struct mcu *)argument;
    uint64_t before;
    int moved;

    while (!is_done(mcu)) {
        pthread_mutex_lock(&progress_lock);
        before = progress;
        pthread_mutex_unlock(&progress_lock);
        moved = step(mcu);
        pthread_mutex_lock(&progress_lock);
        if (moved) {
            progress++;
            pthread_cond_broadcast(&progress_made);
        } else {
            while (progress == before) {
                pthread_cond_wait(&progress_made, &progress_lock);
            }
        }
        pthread_mutex_unlock(&progress_lock);
    }
    /* Its clock holds the other back no longer, and goes where that goes. */
    check(espat_detach(mcu->world, mcu->module));
    pthread_mutex_lock(&progress_lock);
    progress++;
    pthread_cond_broadcast(&progress_made);
    pthread_mutex_unlock(&progress_lock);
    return NULL;
}

/* What came of a run. */
struct outcome {
    uint64_t digest;
    char left[4096], right[4096];
};

static void replay(espat_world *world, uint64_t digest)
{
    espat_replay_result result;
    size_t length, taken;
    uint8_t *log;

    check(espat_input_log_take(world, NULL, 0, &length));
    log = (uint8_t *)malloc(length);
    if (log == NULL) {
        fail("no memory for the log");
    }
    check(espat_input_log_take(world, log, length, &taken));
    memset(&result, 0, sizeof result);
    result.size = sizeof result;
    check(espat_world_replay(log, taken, NULL, &result, NULL));
    free(log);
    if (result.outcome != ESPAT_REPLAY_OUTCOME_SAME || result.digest != digest) {
        fail("the replay comes out differently");
    }
}

static void run(int threads, struct outcome *outcome)
{
    espat_world *world;
    espat_world_options options;
    espat_observation seen;
    struct mcu left, right;
    int accepted = 0;

    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.scenario_path = scenario_path;
    options.record = ESPAT_RECORD_INPUT_LOG | ESPAT_RECORD_OBSERVATIONS;
    check(espat_world_new(&options, &world));
    attach(&left, world, "left", left_script, sizeof left_script / sizeof left_script[0]);
    attach(&right, world, "right", right_script, sizeof right_script / sizeof right_script[0]);
    if (threads == 2) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, drive, &left) != 0) {
            fail("no thread");
        }
        drive(&right);
        pthread_join(thread, NULL);
    } else {
        while (!is_done(&left) || !is_done(&right)) {
            struct mcu *both[2];
            int i;

            both[0] = &left;
            both[1] = &right;
            for (i = 0; i < 2; i++) {
                if (!is_done(both[i])) {
                    step(both[i]);
                    if (is_done(both[i])) {
                        check(espat_detach(world, both[i]->module));
                    }
                }
            }
        }
    }
    check(espat_world_finish(world));
    check(espat_world_digest(world, &outcome->digest));
    memcpy(outcome->left, left.received, sizeof outcome->left);
    memcpy(outcome->right, right.received, sizeof outcome->right);
    memset(&seen, 0, sizeof seen);
    seen.size = sizeof seen;
    do {
        check(espat_observation_take(world, &seen));
        if (seen.event == ESPAT_EVENT_KIND_LINK_ACCEPTED && strcmp(seen.subject, "left") == 0) {
            accepted++;
        }
    } while (seen.event != ESPAT_EVENT_KIND_NONE);
    if (accepted != 1) {
        fail("the server on the left should have one client");
    }
    replay(world, outcome->digest);
    check(espat_world_free(world));
}

int main(int argc, char **argv)
{
    static struct outcome one, other;
    int runs, i;

    if (argc != 3) {
        fprintf(stderr, "usage: talk SCENARIO RUNS\n");
        return 2;
    }
    scenario_path = argv[1];
    runs = atoi(argv[2]);
    run(1, &one);
    printf("one thread: %016" PRIx64 "\n", one.digest);
    for (i = 0; i < runs; i++) {
        memset(&other, 0, sizeof other);
        run(2, &other);
        if (strcmp(one.left, other.left) != 0 || strcmp(one.right, other.right) != 0) {
            fail("a module said something else when each had a thread of its own");
        }
        if (one.digest != other.digest) {
            fail("the digest is another one when each module has a thread of its own");
        }
    }
    printf("PASS\n");
    return 0;
}
