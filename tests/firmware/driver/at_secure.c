/* Links over SSL: the time, because certificates have dates, what is verified, and the server. */
#include "at_commands.h"

#include <stdio.h>

#include "at_text.h"

at_result at_start_clock(at_driver *at)
{
    return at_ask(at, NULL, NULL, "AT+CIPSNTPCFG=1,0");
}

static void clock_line(void *ctx, const char *line)
{
    const char *p = at_after(line, "+CIPSNTPTIME:");

    if (p != NULL) {
        snprintf(ctx, AT_CLOCK_TEXT_MAX, "%s", p);
    }
}

at_result at_read_clock(at_driver *at, char text[AT_CLOCK_TEXT_MAX])
{
    at_result result;

    text[0] = '\0';
    result = at_ask(at, clock_line, text, "AT+CIPSNTPTIME?");
    return result == AT_OK && text[0] == '\0' ? AT_BAD_REPLY : result;
}

at_result at_verify_server(at_driver *at, int link, const char *name)
{
    at_quoted n = at_quote(name);
    char line[AT_COMMAND_MAX], id[8] = "";
    at_result result;

    if (!n.fits) {
        return AT_BAD_ARGUMENT;
    }
    if (at->multiple) {
        snprintf(id, sizeof id, "%d,", link);
    }
    snprintf(line, sizeof line, "AT+CIPSSLCCONF=%s2,0,0", id);
    result = at_ask(at, NULL, NULL, line);
    if (result != AT_OK) {
        return result;
    }
    snprintf(line, sizeof line, "AT+CIPSSLCSNI=%s%s", id, n.text);
    return at_ask(at, NULL, NULL, line);
}

at_result at_start_secure_server(at_driver *at, uint16_t port)
{
    return at_command(at, AT_SETTING_MS, NULL, NULL, "AT+CIPSERVER=1,%u,\"SSL\"", port);
}
