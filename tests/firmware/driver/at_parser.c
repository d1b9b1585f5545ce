#include "at_parser.h"

#include <string.h>

static const char ipd_prefix[] = "+IPD,";
static const char answer_prefix[] = "+CIPRECVDATA:";
static const char message_prefix[] = "+MQTTSUBRECV:";
#define IPD_PREFIX_LEN (sizeof ipd_prefix - 1u)
#define ANSWER_PREFIX_LEN (sizeof answer_prefix - 1u)
#define MESSAGE_PREFIX_LEN (sizeof message_prefix - 1u)

void at_parser_init(at_parser *parser, const at_parser_sink *sink, void *ctx)
{
    memset(parser, 0, sizeof *parser);
    parser->sink = sink;
    parser->ctx = ctx;
}

static void start_line(at_parser *parser)
{
    parser->line_len = 0;
    parser->overlong = false;
    parser->in_quotes = false;
}

void at_parser_reset(at_parser *parser)
{
    start_line(parser);
    parser->block.length = 0;
    parser->block_offset = 0;
    parser->expect_prompt = false;
}

bool at_parser_in_block(const at_parser *parser)
{
    return parser->block_offset < parser->block.length;
}

void at_parser_expect_prompt(at_parser *parser, bool expected)
{
    parser->expect_prompt = expected;
}

void at_parser_pass_through(at_parser *parser, bool on)
{
    at_parser_reset(parser);
    parser->raw_follows = on;
    parser->raw = false;
}

/* Reads a decimal number of at most `max`; moves *cursor behind it. */
static bool take_number(const char **cursor, uint32_t max, uint32_t *value)
{
    const char *p = *cursor;
    uint32_t n = 0;

    if (*p < '0' || *p > '9') {
        return false;
    }
    while (*p >= '0' && *p <= '9') {
        uint32_t digit = (uint32_t)(*p - '0');

        if (n > (max - digit) / 10u) {
            return false;
        }
        n = n * 10u + digit;
        p++;
    }
    *value = n;
    *cursor = p;
    return true;
}

void at_parser_set_answers_have_remote(at_parser *parser, bool have)
{
    parser->answers_have_remote = have;
}

/* Reads ,"ip",port if that is there; moves *cursor behind it. */
static bool take_remote(const char **cursor, at_block_header *header)
{
    const char *ip, *end, *p;
    uint32_t port;

    header->has_remote = false;
    if ((*cursor)[0] != ',' || (*cursor)[1] != '"') {
        return false;
    }
    ip = *cursor + 2;
    end = strchr(ip, '"');
    if (end == NULL || (size_t)(end - ip) >= sizeof header->remote_ip || end[1] != ',') {
        return false;
    }
    p = end + 2;
    if (!take_number(&p, UINT16_MAX, &port)) {
        return false;
    }
    memcpy(header->remote_ip, ip, (size_t)(end - ip));
    header->remote_ip[end - ip] = '\0';
    header->remote_port = (uint16_t)port;
    header->has_remote = true;
    *cursor = p;
    return true;
}

bool at_parse_ipd(const char *text, at_block_header *header)
{
    const char *p = text + IPD_PREFIX_LEN;
    uint32_t first, second;

    if (strncmp(text, ipd_prefix, IPD_PREFIX_LEN) != 0 ||
        !take_number(&p, UINT32_MAX / 2u, &first)) {
        return false;
    }
    header->kind = AT_BLOCK_IPD;
    header->link = AT_LINK_NONE;
    header->length = first;
    if (p[0] == ',' && p[1] != '"') {
        p++;
        if (first > 4u || !take_number(&p, UINT32_MAX / 2u, &second)) {
            return false;
        }
        header->link = (int)first;
        header->length = second;
    }
    take_remote(&p, header);
    return *p == '\0' && header->length > 0;
}

/* The same for "+CIPRECVDATA:", without the ',' before the payload. */
static bool parse_answer(const char *text, bool with_remote, at_block_header *header)
{
    const char *p = text + ANSWER_PREFIX_LEN;

    if (strncmp(text, answer_prefix, ANSWER_PREFIX_LEN) != 0 ||
        !take_number(&p, UINT32_MAX / 2u, &header->length)) {
        return false;
    }
    header->kind = AT_BLOCK_ANSWER;
    header->link = AT_LINK_NONE;
    header->has_remote = false;
    if (with_remote && !take_remote(&p, header)) {
        return false; /* maybe with the next comma */
    }
    return *p == '\0' && header->length > 0;
}

bool at_parse_message(const char *text, at_block_header *header)
{
    const char *p = text + MESSAGE_PREFIX_LEN, *end = strrchr(text, '"');
    uint32_t link;

    if (strncmp(text, message_prefix, MESSAGE_PREFIX_LEN) != 0 || !take_number(&p, 0, &link) ||
        p[0] != ',' || p[1] != '"' || end < p + 2 || (size_t)(end - p - 2) >= sizeof header->topic) {
        return false;
    }
    memcpy(header->topic, p + 2, (size_t)(end - p - 2)); /* as it is, quotes and all */
    header->topic[end - p - 2] = '\0';
    p = end + 2;
    if (end[1] != ',' || !take_number(&p, UINT32_MAX / 2u, &header->length)) {
        return false;
    }
    header->kind = AT_BLOCK_MESSAGE;
    header->link = (int)link;
    header->has_remote = false;
    return *p == '\0' || (*p == ',' && p[1] == '\0');
}

static void end_line(at_parser *parser)
{
    while (parser->line_len > 0 && parser->line[parser->line_len - 1u] == '\r') {
        parser->line_len--;
    }
    parser->line[parser->line_len] = '\0';
    if (parser->overlong) {
        parser->overlong_lines++;
    } else if (parser->line_len > 0) {
        parser->sink->line(parser->ctx, parser->line);
    }
    start_line(parser);
}

/* Whether the line so far is a header and `byte` ends it. */
static bool starts_block(at_parser *parser, uint8_t byte)
{
    at_block_header header;

    if (parser->in_quotes || parser->line[0] != '+') {
        return false;
    }
    parser->line[parser->line_len] = '\0';
    if (byte == ':' ? at_parse_ipd(parser->line, &header)
                    : parse_answer(parser->line, parser->answers_have_remote, &header) ||
                          (at_parse_message(parser->line, &header) && header.length > 0)) {
        parser->block = header;
        return true;
    }
    return false;
}

/* One byte outside a block. */
static void take_text(at_parser *parser, uint8_t byte)
{
    if (byte == '\n') {
        end_line(parser);
        return;
    }
    if (parser->line_len == 0) {
        if (byte == '>' && parser->expect_prompt) {
            parser->expect_prompt = false;
            parser->raw = parser->raw_follows;
            parser->sink->prompt(parser->ctx);
            return;
        }
        if (byte == ' ' || byte == '\r') { /* some releases print "> " */
            return;
        }
    }
    if (byte == '\0') { /* line noise while the module starts */
        return;
    }
    if ((byte == ':' || byte == ',') && starts_block(parser, byte)) {
        parser->block_offset = 0;
        start_line(parser);
        return;
    }
    if (parser->line_len >= AT_LINE_MAX) {
        parser->overlong = true;
        return;
    }
    if (byte == '"') {
        parser->in_quotes = !parser->in_quotes;
    }
    parser->line[parser->line_len++] = (char)byte;
}

static void take_raw(at_parser *parser, const uint8_t *bytes, size_t count)
{
    const at_block_header header = {
        .kind = AT_BLOCK_RAW, .link = AT_LINK_NONE, .length = (uint32_t)count};

    parser->sink->payload(parser->ctx, &header, 0, bytes, count);
}

void at_parser_feed(at_parser *parser, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        if (parser->raw) {
            take_raw(parser, bytes, count);
            return;
        }
        uint32_t missing = parser->block.length - parser->block_offset;

        if (missing > 0) {
            size_t chunk = count < missing ? count : missing;
            uint32_t offset = parser->block_offset;

            parser->block_offset += (uint32_t)chunk;
            parser->sink->payload(parser->ctx, &parser->block, offset, bytes, chunk);
            bytes += chunk;
            count -= chunk;
        } else {
            take_text(parser, *bytes);
            bytes++;
            count--;
        }
    }
}
