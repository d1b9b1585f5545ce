/*
 * The simulated world of a program that is firmware built for this machine. Virtual time stands still while the
 * program computes, and passes where firmware waits: in simulation_sleep(), and a little each time it looks at the clock.
 */
#ifndef SIMULATION_H
#define SIMULATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <espat_sim.h>

/* What the command line says. NULL, and 0 for `seed_given`: the default. */
typedef struct {
    const char *scenario;
    const char *capture;
    const char *input_log;
    uint64_t seed;
    bool seed_given;
} simulation_options;

/* Makes the world and attaches to the scenario's only module. Ends the program with a sentence when that fails. */
void simulation_begin(const simulation_options *options);

/* Virtual time since the start, in ns. Each look costs a microsecond, so that a loop that polls the clock ends. */
uint64_t simulation_look(void);

/* Lets time pass until a byte has come or `until` (ns) is there. */
void simulation_sleep(uint64_t until);

/* The MCU stores bytes into its UART: the wire takes them one after the other. */
void simulation_store(const uint8_t *bytes, size_t count);

/* Takes what has come off the wire. */
size_t simulation_take(uint8_t *out, size_t capacity);

/* Bytes stored that have not left the wire yet. */
uint64_t simulation_queued(void);

/* The MCU sets its UART. */
void simulation_set_baud(uint32_t baud);

/* Writes the files, says what there is to say, and answers `code`, or 2 when a file could not be written. */
int simulation_end(int code);

#endif
