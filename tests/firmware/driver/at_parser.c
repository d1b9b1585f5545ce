#include "at_parser.h"

#include <string.h>

static const char ipd_prefix[] = "+IPD,";
#define IPD_PREFIX_LEN (sizeof ipd_prefix - 1u)

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
    parser->ipd.length = 0;
    parser->ipd_offset = 0;
    parser->expect_prompt = false;
}

bool at_parser_in_block(const at_parser *parser)
{
    return parser->ipd_offset < parser->ipd.length;
}

void at_parser_expect_prompt(at_parser *parser, bool expected)
{
    parser->expect_prompt = expected;
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

bool at_parse_ipd_header(const char *text, at_ipd_header *header)
{
    const char *p = text + IPD_PREFIX_LEN;
    uint32_t first, second;

    if (strncmp(text, ipd_prefix, IPD_PREFIX_LEN) != 0 ||
        !take_number(&p, UINT32_MAX / 2u, &first)) {
        return false;
    }
    header->link = AT_LINK_NONE;
    header->length = first;
    header->has_remote = false;
    if (p[0] == ',' && p[1] != '"') {
        p++;
        if (first > 4u || !take_number(&p, UINT32_MAX / 2u, &second)) {
            return false;
        }
        header->link = (int)first;
        header->length = second;
    }
    if (p[0] == ',' && p[1] == '"') {
        const char *ip = p + 2;
        const char *end = strchr(ip, '"');
        uint32_t port;

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
    }
    return *p == '\0' && header->length > 0;
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

/* One byte outside a +IPD payload. */
static void take_text(at_parser *parser, uint8_t byte)
{
    if (byte == '\n') {
        end_line(parser);
        return;
    }
    if (parser->line_len == 0) {
        if (byte == '>' && parser->expect_prompt) {
            parser->expect_prompt = false;
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
    if (byte == ':' && !parser->in_quotes && parser->line_len > IPD_PREFIX_LEN &&
        memcmp(parser->line, ipd_prefix, IPD_PREFIX_LEN) == 0) {
        parser->line[parser->line_len] = '\0';
        if (at_parse_ipd_header(parser->line, &parser->ipd)) {
            parser->ipd_offset = 0;
            start_line(parser);
            return;
        }
        parser->ipd.length = 0;
        parser->ipd_offset = 0;
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

void at_parser_feed(at_parser *parser, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        uint32_t missing = parser->ipd.length - parser->ipd_offset;

        if (missing > 0) {
            size_t chunk = count < missing ? count : missing;
            uint32_t offset = parser->ipd_offset;

            parser->ipd_offset += (uint32_t)chunk;
            parser->sink->payload(parser->ctx, &parser->ipd, offset, bytes, chunk);
            bytes += chunk;
            count -= chunk;
        } else {
            take_text(parser, *bytes);
            bytes++;
            count--;
        }
    }
}
