#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "load/backend.h"
#include "load/figures.h"

#define RECEIVE_BYTES 16384
#define PATIENCE_MS 60000	/* a server that says nothing for so long is stuck */

static int connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? fd : -1;
}

static int connect_tcp(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

void socket_open(struct client *client)
{
	const struct target *target = client->target;

	client->fd = target->unix_path ? connect_unix(target->unix_path) :
					 connect_tcp(target->port);
	if (client->fd < 0)
		die(target->name);
}

void socket_close(struct client *client)
{
	close(client->fd);
	buf_finish(&client->in);
	buf_finish(&client->out);
}

static void wait_for(const struct client *client, short events)
{
	struct pollfd watched = { .fd = client->fd, .events = events };

	errno = 0;
	if (poll(&watched, 1, PATIENCE_MS) <= 0)
		die(client->target->name);
}

void socket_send(struct client *client)
{
	size_t sent = 0;

	while (sent < client->out.len) {
		ssize_t put = send(client->fd, client->out.ptr + sent, client->out.len - sent,
				   MSG_NOSIGNAL | MSG_DONTWAIT);

		if (put >= 0)
			sent += (size_t)put;
		else if (errno == EAGAIN)
			wait_for(client, POLLOUT);
		else if (errno != EINTR)
			die(client->target->name);
	}
	buf_clear(&client->out);
}

void socket_receive(struct client *client, bool waits)
{
	char *at = buf_reserve(&client->in, RECEIVE_BYTES);
	ssize_t got;

	if (waits)
		wait_for(client, POLLIN);
	got = recv(client->fd, at, RECEIVE_BYTES, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0)
		backend_fault(client, got == 0 ? SLICE("the end") : SLICE("an error"));
	client->in.len += (size_t)got;
}

enum answer socket_ask(struct client *client)
{
	enum answer answer;

	socket_send(client);
	while ((answer = client->target->backend->take(client)) == ANSWER_NONE)
		socket_receive(client, true);
	return answer;
}

void payload_write(uint64_t task, struct buf *out)
{
	buf_add_lit(out, "{\"number\":");
	buf_add_u64(out, task);
	buf_add_lit(out, ",\"goal\":\"make the parser refuse what it cannot read\","
			 "\"files\":[\"src/parser.c\"]}");
}

void backend_fault(const struct client *client, struct slice said)
{
	fprintf(stderr, "bench: %s said: %.*s\n", client->target->name, (int)said.len, said.ptr);
	exit(EXIT_FAILURE);
}
