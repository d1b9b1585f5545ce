/*
 * Byte-fed tokeniser for what an ESP-AT module sends: text lines, the send
 * prompt, and +IPD blocks whose payload may contain anything. It keeps no
 * opinion about commands; at_driver.c gives lines their meaning.
 *
 * Bytes may arrive in pieces of any size. Nothing is allocated.
 */
#ifndef AT_PARSER_H
#define AT_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest line kept, in bytes. Longer ones are dropped whole and counted. */
#define AT_LINE_MAX 256u

/* Link number of a +IPD without one (AT+CIPMUX=0). */
#define AT_LINK_NONE (-1)

/* Room for an IPv6 address in text. */
#define AT_IP_TEXT_MAX 46u

/* The part of +IPD,[link,]length[,"ip",port]: before the payload. */
typedef struct {
    int link;                     /* 0..4, or AT_LINK_NONE */
    uint32_t length;              /* payload bytes that follow */
    bool has_remote;              /* AT+CIPDINFO=1: the next two are valid */
    char remote_ip[AT_IP_TEXT_MAX];
    uint16_t remote_port;
} at_ipd_header;

/* Where tokens go. All are called from at_parser_feed(). */
typedef struct {
    /* A line without its CR LF, never empty, NUL-terminated. */
    void (*line)(void *ctx, const char *text);
    /* The '>' that asks for payload; only while a prompt is expected. */
    void (*prompt)(void *ctx);
    /* `count` payload bytes at `offset` of the block; count is at least 1. */
    void (*payload)(void *ctx, const at_ipd_header *header, uint32_t offset,
                    const uint8_t *bytes, size_t count);
} at_parser_sink;

typedef struct {
    const at_parser_sink *sink;
    void *ctx;
    bool expect_prompt;
    bool overlong;
    bool in_quotes;
    size_t line_len;
    char line[AT_LINE_MAX + 1u];
    at_ipd_header ipd;
    uint32_t ipd_offset;          /* == ipd.length outside a block */
    uint32_t overlong_lines;      /* statistics */
} at_parser;

void at_parser_init(at_parser *parser, const at_parser_sink *sink, void *ctx);

/* Forgets a half-received line or block, for use after the module restarted. */
void at_parser_reset(at_parser *parser);

/* Whether a +IPD block has begun and is not complete. */
bool at_parser_in_block(const at_parser *parser);

/* While expected, a '>' at the start of a line is a prompt and not text. */
void at_parser_expect_prompt(at_parser *parser, bool expected);

void at_parser_feed(at_parser *parser, const uint8_t *bytes, size_t count);

/* Parses a whole header, from "+IPD," up to and without the ':'. */
bool at_parse_ipd_header(const char *text, at_ipd_header *header);

#endif
