#include "client/client.h"

#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "client/scan.h"

#define ACTOR_DEFAULT "anonymous"
#define USER_ENTRY_BYTES 4096

int64_t client_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool client_pause(const struct ifab_client *client, int64_t pause_ms)
{
	struct pollfd wake = { .fd = client->interrupt_fd, .events = POLLIN };
	int64_t until = client_now_ms() + pause_ms;

	for (int64_t left = pause_ms; left > 0; left = until - client_now_ms())
		if (poll(&wake, 1, (int)(left < CLIENT_WAIT_MOST_MS ? left : CLIENT_WAIT_MOST_MS)) > 0)
			return false;
	return true;
}

/* Ids have no blanks, user names may: what an id cannot hold becomes a dash. */
static void add_as_id(struct buf *out, const char *name)
{
	size_t before = out->len;

	for (size_t i = 0; i < ID_BYTES_MAX && name[i]; i++) {
		struct slice byte = slice_of(name + i, 1);

		buf_add_byte(out, id_is_valid(byte) ? name[i] : '-');
	}
	if (!id_is_valid(slice_from(buf_slice(out), before))) {
		out->len = before;
		buf_add_lit(out, ACTOR_DEFAULT);
	}
}

static void set_actor(struct ifab_client *client, const char *actor)
{
	buf_clear(&client->actor_header);
	buf_add_lit(&client->actor_header, "IF-Actor: ");
	add_as_id(&client->actor_header, actor);
	buf_str(&client->actor_header);
}

static void set_default_actor(struct ifab_client *client)
{
	const char *actor = getenv("IF_SWARM_ID");
	const char *const names[] = { getenv("USER"), getenv("LOGNAME") };
	struct passwd entry, *found = NULL;
	char memory[USER_ENTRY_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(names) && (!actor || !actor[0]); i++)
		actor = names[i];
	/* Asked last: where users come from a network, this may take a while. */
	if ((!actor || !actor[0]) &&
	    getpwuid_r(geteuid(), &entry, memory, sizeof(memory), &found) == 0 && found)
		actor = found->pw_name;
	set_actor(client, actor ? actor : "");
}

struct ifab_client *ifab_open(const char *address, struct ifab_error *ret_error)
{
	struct ifab_client *client = calloc(1, sizeof(*client));
	struct buf detail = { 0 };
	enum err err = client ? address_read(address, &client->address, &detail) : ERR_OS;

	if (err == OK) {
		client->transport = transport_open(&client->address);
		err = client->transport ? OK : ERR_OS;
	}
	if (err == OK) {
		client->timeout_ms = CLIENT_TIMEOUT_MS;
		client->retry_ms = CLIENT_RETRY_MS;
		client->interrupt_fd = -1;
		set_default_actor(client);
	} else {
		if (ret_error)
			error_fill(ret_error, err, buf_slice(&detail));
		ifab_close(client);
		client = NULL;
	}
	buf_finish(&detail);
	return client;
}

void ifab_close(struct ifab_client *client)
{
	if (!client)
		return;
	pending_drop_all(client);
	transport_close(client->transport);
	address_finish(&client->address);
	ifab_reply_free(&client->reply);
	buf_finish(&client->actor_header);
	buf_finish(&client->body);
	buf_finish(&client->path);
	buf_finish(&client->reason);
	free(client);
}

enum ifab_status ifab_set_actor(struct ifab_client *client, const char *actor)
{
	if (!actor || !id_is_valid(slice_of_str(actor)))
		return client_refuse(client, ERR_ID_INVALID, slice_of_str(actor));
	set_actor(client, actor);
	return IFAB_OK;
}

void ifab_set_timeout(struct ifab_client *client, int64_t timeout_ms)
{
	client->timeout_ms = timeout_ms > 0 ? timeout_ms : 0;
}

void ifab_set_retry(struct ifab_client *client, int64_t retry_ms)
{
	client->retry_ms = retry_ms > 0 ? retry_ms : 0;
}

void ifab_interrupt_on(struct ifab_client *client, int fd)
{
	client->interrupt_fd = fd;
}

const struct ifab_error *ifab_last_error(const struct ifab_client *client)
{
	return &client->error;
}

const char *ifab_address(const struct ifab_client *client)
{
	return client->address.text.ptr;
}

const char *ifab_version(void)
{
	return IF_VERSION;
}
