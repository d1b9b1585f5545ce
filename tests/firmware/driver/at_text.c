#include "at_text.h"

#include <stdlib.h>
#include <string.h>

at_quoted at_quote(const char *in)
{
    at_quoted q = {.fits = true};
    size_t n = 0;

    q.text[n++] = '"';
    for (; *in != '\0'; in++) {
        if (n + 4u > sizeof q.text) {
            q.fits = false;
            break;
        }
        if (*in == '"' || *in == ',' || *in == '\\') {
            q.text[n++] = '\\';
        }
        q.text[n++] = *in;
    }
    q.text[n++] = '"';
    q.text[n] = '\0';
    return q;
}

const char *at_after(const char *line, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(line, prefix, len) == 0 ? line + len : NULL;
}

const char *at_take_text(const char *p, char *out, size_t cap)
{
    char stop = ',';
    size_t n = 0;

    if (*p == '"') {
        stop = '"';
        p++;
    }
    while (*p != '\0' && *p != stop) {
        if (n + 1u < cap) {
            out[n++] = *p;
        }
        p++;
    }
    out[n] = '\0';
    return stop == '"' && *p == '"' ? p + 1 : p;
}

const char *at_take_number(const char *p, unsigned long max, unsigned long *value)
{
    char *end;

    if (p == NULL || p[0] != ',' || p[1] < '0' || p[1] > '9') {
        return NULL;
    }
    *value = strtoul(p + 1, &end, 10);
    return *value <= max ? end : NULL;
}
