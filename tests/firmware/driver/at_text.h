/* Parameters of commands and lines of replies: quoting the ones, taking the others apart. */
#ifndef AT_TEXT_H
#define AT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A string parameter in quotes, escaped as the module wants it. */
typedef struct {
    char text[2u * 64u + 3u];
    bool fits;
} at_quoted;

at_quoted at_quote(const char *in);

/* If `line` starts with `prefix`, what stands behind it, otherwise NULL. */
const char *at_after(const char *line, const char *prefix);

/* Copies a value up to the closing quote (or `,`, or the end) and returns what follows. */
const char *at_take_text(const char *p, char *out, size_t cap);

/* Wants `,<number>` at p; returns what follows, or NULL. */
const char *at_take_number(const char *p, unsigned long max, unsigned long *value);

#endif
