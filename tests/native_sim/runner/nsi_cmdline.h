/* Options of the command line, --name=value. */
#ifndef NSI_CMDLINE_H
#define NSI_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

struct args_struct_t {
    bool manual, is_mandatory, is_switch;
    char *option;
    char *name;
    char type; /* 's', a text (NULL when it was not given), or 'U', a uint64_t (UINT64_MAX) */
    void *dest;
    void (*call_when_found)(char *argument, int offset);
    char *descript;
};

#define ARG_TABLE_ENDMARKER {.option = NULL}

void nsi_add_command_line_opts(struct args_struct_t *table);

#endif
