/*
 * Byte-fed tokeniser for what an ESP-AT module sends: text lines, the send
 * prompt, and blocks of payload that may contain anything: +IPD, the answer to
 * AT+CIPRECVDATA, MQTT messages, and in passthrough everything. It keeps no
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

/* Link number of a block without one (AT+CIPMUX=0, +CIPRECVDATA). */
#define AT_LINK_NONE (-1)

/* Room for an IPv6 address in text. */
#define AT_IP_TEXT_MAX 46u

/* Room for a topic of MQTT. */
#define AT_TOPIC_MAX 129u

typedef enum {
    AT_BLOCK_IPD,                 /* +IPD,[link,]length[,"ip",port]: */
    AT_BLOCK_ANSWER,              /* +CIPRECVDATA:length,["ip",port,] */
    AT_BLOCK_MESSAGE,             /* +MQTTSUBRECV:link,"topic",length, */
    AT_BLOCK_RAW,                 /* what has come at once in passthrough, without a header */
} at_block_kind;

/* The part before the payload. */
typedef struct {
    at_block_kind kind;
    int link;                     /* 0..4, or AT_LINK_NONE */
    uint32_t length;              /* payload bytes that follow */
    bool has_remote;              /* AT+CIPDINFO=1: the next two are valid */
    char remote_ip[AT_IP_TEXT_MAX];
    uint16_t remote_port;
    char topic[AT_TOPIC_MAX];     /* of an MQTT message, otherwise undefined */
} at_block_header;

/* Where tokens go. All are called from at_parser_feed(). */
typedef struct {
    /* A line without its CR LF, never empty, NUL-terminated. */
    void (*line)(void *ctx, const char *text);
    /* The '>' that asks for payload; only while a prompt is expected. */
    void (*prompt)(void *ctx);
    /* `count` payload bytes at `offset` of the block; count is at least 1. */
    void (*payload)(void *ctx, const at_block_header *header, uint32_t offset,
                    const uint8_t *bytes, size_t count);
} at_parser_sink;

typedef struct {
    const at_parser_sink *sink;
    void *ctx;
    bool expect_prompt;
    bool answers_have_remote;
    bool raw_follows;             /* the prompt that is expected begins passthrough */
    bool raw;
    bool overlong;
    bool in_quotes;
    size_t line_len;
    char line[AT_LINE_MAX + 1u];
    at_block_header block;
    uint32_t block_offset;        /* == block.length outside a block */
    uint32_t overlong_lines;      /* statistics */
} at_parser;

void at_parser_init(at_parser *parser, const at_parser_sink *sink, void *ctx);

/* Forgets a half-received line or block, for use after the module restarted. */
void at_parser_reset(at_parser *parser);

/* Whether a block has begun and is not complete. */
bool at_parser_in_block(const at_parser *parser);

/* While expected, a '>' at the start of a line is a prompt and not text. */
void at_parser_expect_prompt(at_parser *parser, bool expected);

/* Passthrough: everything is payload behind the next prompt, or no longer from now on. */
void at_parser_pass_through(at_parser *parser, bool on);

/* Whether "ip" and port stand in +CIPRECVDATA, as with AT+CIPDINFO=1: the payload
   could look the same, so this cannot be seen from the bytes. */
void at_parser_set_answers_have_remote(at_parser *parser, bool have);

void at_parser_feed(at_parser *parser, const uint8_t *bytes, size_t count);

/* Parses a whole header, from "+IPD," up to and without the ':'. In passive
   receive mode a line without ':' and payload, which says what waits. */
bool at_parse_ipd(const char *text, at_block_header *header);

/* The same from "+MQTTSUBRECV:" on, up to and without the ',' before the payload. Its
   length may be 0; then no block follows, and the header comes as a line with the ','. */
bool at_parse_message(const char *text, at_block_header *header);

#endif
