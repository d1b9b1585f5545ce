/*
 * The program: reads the command line, makes the world, and runs the firmware's main(), which the Makefile calls
 * firmware_main(), until it returns.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation.h"

int firmware_main(void);

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s [--scenario FILE] [--seed N] [--capture FILE] [--input-log FILE]\n", program);
    return 2;
}

int main(int argc, char **argv)
{
    simulation_options options = {0};

    for (int i = 1; i < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];

        if (value == NULL) {
            return usage(argv[0]);
        } else if (strcmp(name, "--scenario") == 0) {
            options.scenario = value;
        } else if (strcmp(name, "--capture") == 0) {
            options.capture = value;
        } else if (strcmp(name, "--input-log") == 0) {
            options.input_log = value;
        } else if (strcmp(name, "--seed") == 0) {
            char *end;

            errno = 0;
            options.seed = strtoull(value, &end, 10);
            options.seed_given = true;
            if (errno != 0 || *end != '\0' || *value < '0' || *value > '9') {
                return usage(argv[0]);
            }
        } else {
            return usage(argv[0]);
        }
    }
    simulation_begin(&options);
    return simulation_end(firmware_main());
}
