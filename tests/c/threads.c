/*
 * Threads: worlds of their own, one world with a module for each thread, one module for two threads, and a world
 * that is freed while another thread calls it.
 *
 *     threads SCENARIO MILLISECONDS
 *
 * SCENARIO is a file with two modules, `left` and `right`. The exit code is 0 if every digest is the one of a single
 * thread.
 */
#include <espat_sim.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Renode's quantum, and the lookahead. */
#define QUANTUM UINT64_C(100000)

static const char *scenario_path;
static uint64_t end;

static void check(uint32_t status)
{
    if (status != ESPAT_STATUS_OK) {
        fprintf(stderr, "FAIL: status %" PRIu32 ": %s\n", status, espat_last_error());
        exit(1);
    }
}

static espat_world *new_world(void)
{
    espat_world *world;
    espat_world_options options;

    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.scenario_path = scenario_path;
    check(espat_world_new(&options, &world));
    return world;
}

static uint64_t free_and_digest(espat_world *world)
{
    uint64_t digest;

    check(espat_world_finish(world));
    check(espat_world_digest(world, &digest));
    check(espat_world_free(world));
    return digest;
}

/* One module's MCU: asks AT+GMR every 50 ms, and takes what comes. */
struct driver {
    espat_world *world;
    uint32_t module;
    uint64_t now;
    uint64_t bytes;
};

static void attach(struct driver *driver, espat_world *world, const char *name)
{
    driver->world = world;
    driver->now = 0;
    driver->bytes = 0;
    check(espat_attach(world, name, NULL, &driver->module));
}

/* One quantum further. Answers 0 when another module must go first, which leaves everything as it was. */
static int step(struct driver *driver)
{
    static const uint8_t line[] = {'A', 'T', '+', 'G', 'M', 'R', '\r', '\n'};
    espat_uart_byte bytes[16];
    size_t count;
    uint64_t next = driver->now + QUANTUM;
    uint32_t status;

    if (next % (500 * QUANTUM) == 0) {
        status = espat_uart_write_block(driver->world, driver->module, next, line, sizeof line);
    } else {
        status = espat_advance(driver->world, driver->module, next);
    }
    if (status == ESPAT_STATUS_TOO_FAR_AHEAD) {
        return 0;
    }
    check(status);
    driver->now = next;
    do {
        check(espat_uart_take(driver->world, driver->module, bytes, 16, &count));
        driver->bytes += count;
    } while (count == 16);
    return 1;
}

/* Steps of any driver. Who must let another go first waits here for it. */
static pthread_mutex_t progress_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t progress_made = PTHREAD_COND_INITIALIZER;
static uint64_t progress;

static void *drive(void *argument)
{
    struct driver *driver = (struct driver *)argument;

    while (driver->now < end) {
        uint64_t before;
        int moved;

        pthread_mutex_lock(&progress_lock);
        before = progress;
        pthread_mutex_unlock(&progress_lock);
        moved = step(driver);
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
    return NULL;
}

static pthread_t start(void *(*run)(void *), void *argument)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, run, argument) != 0) {
        fprintf(stderr, "FAIL: no thread\n");
        exit(1);
    }
    return thread;
}

/* Both modules, on one thread or on two. */
static uint64_t run(int threads)
{
    espat_world *world = new_world();
    struct driver left, right;

    attach(&left, world, "left");
    attach(&right, world, "right");
    if (threads == 2) {
        pthread_t thread = start(drive, &left);
        drive(&right);
        pthread_join(thread, NULL);
    } else {
        while (left.now < end || right.now < end) {
            if (left.now < end) {
                step(&left);
            }
            if (right.now < end) {
                step(&right);
            }
        }
    }
    if (left.bytes == 0 || right.bytes == 0) {
        fprintf(stderr, "FAIL: a module said nothing\n");
        exit(1);
    }
    return free_and_digest(world);
}

static void *run_alone(void *digest)
{
    *(uint64_t *)digest = run(1);
    return NULL;
}

/* Drives a module that another thread drives too: time goes backwards for the slower one, and nothing else. */
static void *compete(void *argument)
{
    struct driver *driver = (struct driver *)argument;
    uint64_t tick, reached;

    for (tick = 0; tick < end / 10; tick += QUANTUM) {
        uint32_t status = espat_advance(driver->world, driver->module, tick);
        if (status == ESPAT_STATUS_TIME_BACKWARDS) {
            if (strstr(espat_last_error(), "time went backwards") == NULL) {
                fprintf(stderr, "FAIL: the last error is another thread's: %s\n", espat_last_error());
                exit(1);
            }
        } else {
            check(status);
        }
        check(espat_reached(driver->world, driver->module, &reached));
        if (reached < tick) {
            fprintf(stderr, "FAIL: time went backwards\n");
            exit(1);
        }
    }
    return NULL;
}

/* Calls a world until it is gone. */
static void *call_until_freed(void *argument)
{
    struct driver *driver = (struct driver *)argument;
    uint64_t digest;

    for (;;) {
        uint32_t status = espat_world_digest(driver->world, &digest);
        if (status == ESPAT_STATUS_INVALID_HANDLE) {
            return NULL;
        }
        check(status);
    }
}

static void expect(const char *what, uint64_t digest, uint64_t expected)
{
    printf("%s: %016" PRIx64 "\n", what, digest);
    if (digest != expected) {
        fprintf(stderr, "FAIL: %s: expected %016" PRIx64 "\n", what, expected);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    uint64_t alone, other = 0;
    espat_world *world;
    struct driver driver;
    pthread_t thread;

    if (argc != 3) {
        fprintf(stderr, "usage: threads SCENARIO MILLISECONDS\n");
        return 2;
    }
    scenario_path = argv[1];
    end = strtoull(argv[2], NULL, 10) * UINT64_C(1000000);

    alone = run(1);
    printf("one thread: %016" PRIx64 "\n", alone);

    thread = start(run_alone, &other);
    expect("a world for each thread, this one", run(1), alone);
    pthread_join(thread, NULL);
    expect("a world for each thread, the other", other, alone);

    expect("a module for each thread", run(2), alone);

    world = new_world();
    attach(&driver, world, "left");
    thread = start(compete, &driver);
    compete(&driver);
    pthread_join(thread, NULL);
    thread = start(call_until_freed, &driver);
    check(espat_world_free(world));
    pthread_join(thread, NULL);
    printf("PASS\n");
    return 0;
}
