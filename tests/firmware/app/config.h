/* What the application talks to. Each can be replaced with -D, see the Makefile's DEFS. */
#ifndef CONFIG_H
#define CONFIG_H

#ifndef HTTP_HOST
#define HTTP_HOST "www.example.com"
#endif
#ifndef HTTP_PORT
#define HTTP_PORT 80
#endif
#ifndef HTTP_PATH
#define HTTP_PATH "/status"
#endif
#ifndef HTTP_BODY
#define HTTP_BODY "espat-sim says hello\n"
#endif

/* The same body over SSL. The certificate must be for this name. */
#ifndef HTTPS_HOST
#define HTTPS_HOST "api.example.com"
#endif
#ifndef HTTPS_PORT
#define HTTPS_PORT 443
#endif
#ifndef HTTPS_PATH
#define HTTPS_PATH "/v1/status"
#endif

#ifndef UDP_ECHO_HOST
#define UDP_ECHO_HOST "echo.example.com"
#endif
#ifndef TCP_ECHO_HOST
#define TCP_ECHO_HOST "nas.lan"
#endif
#ifndef ECHO_PORT
#define ECHO_PORT 7
#endif

#ifndef PING_ADDRESS
#define PING_ADDRESS "192.168.1.1"
#endif
#ifndef PING_NAME
#define PING_NAME "www.example.com"
#endif

#endif
