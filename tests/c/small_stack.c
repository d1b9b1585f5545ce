/*
 * A world in a thread with little stack: 64 KiB, which is what an emulator or the host port of an RTOS often gives. Makes
 * worlds, lets the module start and answer, makes the same again from the input log.
 *
 *     small_stack SCENARIO...      (each a file)
 */
#include <espat_sim.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STACK (64 * 1024)

static int files;
static char **paths;

static void check(uint32_t status)
{
    if (status != ESPAT_STATUS_OK) {
        fprintf(stderr, "FAIL: %s\n", espat_last_error());
        exit(1);
    }
}

static void run(const char *scenario)
{
    static uint8_t log[1 << 20];
    espat_world_options options;
    espat_replay_result result;
    espat_world *world, *again;
    uint32_t module;
    size_t length;
    const char *name;

    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.scenario_path = scenario;
    options.record = ESPAT_RECORD_INPUT_LOG;
    check(espat_world_new(&options, &world));
    check(espat_module_name(world, 0, &name));
    check(espat_attach(world, name, NULL, &module));
    check(espat_advance(world, module, 1000000000));
    check(espat_uart_write_block(world, module, 1000000000, (const uint8_t *)"AT+GMR\r\n", 8));
    check(espat_world_console(world, "status", NULL));
    check(espat_detach(world, module));
    check(espat_world_finish(world));
    check(espat_input_log_take(world, log, sizeof log, &length));
    check(espat_world_free(world));

    memset(&result, 0, sizeof result);
    result.size = sizeof result;
    check(espat_world_replay(log, length, NULL, &result, &again));
    if (result.outcome != ESPAT_REPLAY_OUTCOME_SAME) {
        fprintf(stderr, "FAIL: the replay came out differently\n");
        exit(1);
    }
    check(espat_world_free(again));
}

static void *thread(void *unused)
{
    int i;

    for (i = 0; i < files; i++) {
        run(paths[i]);
    }
    return unused;
}

int main(int argc, char **argv)
{
    pthread_attr_t attributes;
    pthread_t id;

    files = argc - 1;
    paths = argv + 1;
    if (pthread_attr_init(&attributes) || pthread_attr_setstacksize(&attributes, STACK) ||
        pthread_create(&id, &attributes, thread, NULL) || pthread_join(id, NULL)) {
        return puts("FAIL: no thread"), 1;
    }
    return puts("PASS"), 0;
}
