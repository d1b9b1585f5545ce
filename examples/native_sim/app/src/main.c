/*
 * Joins a network with Zephyr's ESP-AT driver, fetches a page by the server's name and has a datagram echoed: PASS, or what
 * did not work. Ends the program with 0 or 1.
 */
#include <stdio.h>
#include <string.h>

#include <nsi_main.h>
#include <zephyr/kernel.h>
#include <zephyr/net/net_if.h>
#include <zephyr/net/net_mgmt.h>
#include <zephyr/net/socket.h>
#include <zephyr/net/wifi_mgmt.h>

#define SSID     "espat-sim"
#define PASSWORD "correct horse"

static K_SEM_DEFINE(joined, 0, 1);
static K_SEM_DEFINE(resolver_set, 0, 1);
static struct net_mgmt_event_callback wifi_events, dns_events;

static void fail(const char *what, int error)
{
	printf("FAIL: %s: %d\n", what, error);
	nsi_exit(1);
}

static void on_wifi(struct net_mgmt_event_callback *callback, uint64_t event, struct net_if *iface)
{
	const struct wifi_status *status = callback->info;

	ARG_UNUSED(iface);
	if (event == NET_EVENT_WIFI_CONNECT_RESULT && status->status == 0) {
		k_sem_give(&joined);
	}
}

/* The driver hands the DNS servers on that the module has from the access point, a second behind its address. */
static void on_dns(struct net_mgmt_event_callback *callback, uint64_t event, struct net_if *iface)
{
	ARG_UNUSED(callback);
	ARG_UNUSED(event);
	ARG_UNUSED(iface);
	k_sem_give(&resolver_set);
}

static void join(void)
{
	struct wifi_connect_req_params request = {
		.ssid = (const uint8_t *)SSID,
		.ssid_length = strlen(SSID),
		.psk = (const uint8_t *)PASSWORD,
		.psk_length = strlen(PASSWORD),
		.security = WIFI_SECURITY_TYPE_PSK,
		.channel = WIFI_CHANNEL_ANY,
		.band = WIFI_FREQ_BAND_2_4_GHZ,
	};
	int error;

	net_mgmt_init_event_callback(&wifi_events, on_wifi, NET_EVENT_WIFI_CONNECT_RESULT);
	net_mgmt_add_event_callback(&wifi_events);
	net_mgmt_init_event_callback(&dns_events, on_dns, NET_EVENT_DNS_SERVER_ADD);
	net_mgmt_add_event_callback(&dns_events);
	error = net_mgmt(NET_REQUEST_WIFI_CONNECT, net_if_get_default(), &request, sizeof(request));
	if (error != 0) {
		fail("the request to join", error);
	}
	if (k_sem_take(&joined, K_SECONDS(30)) != 0 || k_sem_take(&resolver_set, K_SECONDS(30)) != 0) {
		fail("joining", -ETIMEDOUT);
	}
}

static int open_socket(const char *host, const char *port, int type)
{
	struct zsock_addrinfo hints = {.ai_family = AF_INET, .ai_socktype = type};
	struct zsock_addrinfo *found;
	int error = zsock_getaddrinfo(host, port, &hints, &found);
	int sock;

	if (error != 0) {
		fail(host, error);
	}
	sock = zsock_socket(AF_INET, type, type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP);
	if (sock < 0 || zsock_connect(sock, found->ai_addr, found->ai_addrlen) != 0) {
		fail(host, -errno);
	}
	zsock_freeaddrinfo(found);
	return sock;
}

static void fetch(void)
{
	static const char request[] =
		"GET /status HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n";
	static char answer[512];
	size_t length = 0;
	ssize_t got;
	int sock = open_socket("www.example.com", "80", SOCK_STREAM);

	if (zsock_send(sock, request, strlen(request), 0) != (ssize_t)strlen(request)) {
		fail("sending the request", -errno);
	}
	while ((got = zsock_recv(sock, answer + length, sizeof(answer) - 1 - length, 0)) > 0) {
		length += got;
	}
	zsock_close(sock);
	if (strncmp(answer, "HTTP/1.1 200", 12) != 0 || strstr(answer, "\r\n\r\nespat-sim says hello\n") == NULL) {
		fail("the page", (int)length);
	}
}

static void echo(void)
{
	char answer[8];
	int sock = open_socket("echo.example.com", "7", SOCK_DGRAM);

	if (zsock_send(sock, "ping", 4, 0) != 4) {
		fail("sending a datagram", -errno);
	}
	if (zsock_recv(sock, answer, sizeof(answer), 0) != 4 || memcmp(answer, "ping", 4) != 0) {
		fail("the datagram's echo", -errno);
	}
	zsock_close(sock);
}

int main(void)
{
	join();
	fetch();
	echo();
	printf("PASS\n");
	nsi_exit(0);
	return 0;
}
