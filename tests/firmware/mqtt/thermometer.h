/*
 * A thermometer that reports to a broker. A reading is published until the broker has
 * acknowledged it, in order, however often the connection is lost meanwhile; then it may
 * come twice, and nothing is missing. Commands are a topic and a word.
 *
 *   thermometer/status    "online" or, as the last will, "offline"; retained
 *   thermometer/reading   {"n":1,"t":21.5}
 *   thermometer/set/NAME  commands, of which the last one is kept
 *   thermometer/did       NAME and word of each command
 */
#ifndef THERMOMETER_H
#define THERMOMETER_H

#include "app.h"

typedef struct {
    char name[24];
    char word[24];
} thermometer_command;

typedef struct {
    application *app;
    uint32_t taken, published;    /* readings so far; those between wait to be published */
    uint32_t next_ms;             /* when the next one is taken */
    uint32_t repeated;            /* attempts that failed */
    uint32_t commands;            /* that were obeyed */
    bool greeted;                 /* the broker knows that we are there */
    bool came;                    /* `command` is to be obeyed */
    bool news;                    /* something to look at */
    bool overlong;                /* a message that is no command has come */
    size_t word_len;              /* of the command that arrives */
    thermometer_command command;
} thermometer;

/* Connects and subscribes, whatever there was before. */
bool thermometer_start(application *app, thermometer *t);

/* Handles input for half a second at most, takes a reading when it is time, and publishes what
   there is. False after report_failure(). */
bool thermometer_run(thermometer *t);

/* Says farewell and ends the session. */
bool thermometer_stop(thermometer *t);

/* The steps. */
bool step_connect(application *app);
bool step_work(application *app);
bool step_restart(application *app);
bool step_outage(application *app);
bool step_farewell(application *app);

#endif
