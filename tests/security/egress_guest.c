/*
 * egress_guest - what a guest's process does: requests under a grant, one a line.
 *
 * usage: egress_guest SOCKET CONTRACT SWARM <REQUESTS >REPLIES
 *
 * GUEST_DAEMON and GUEST_TOKEN name a coordinator, and a token that it knows; GUEST_TASK and
 * GUEST_FENCE whose work it says that it is; GUEST_BURST sends all requests before it reads a
 * reply. An answer that refuses the grant is printed, and ends it with 1.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "document/contract_doc.h"
#include "sandbox/egress.h"
#include "sandbox/egress_message.h"
#include "sys/files.h"
#include "sys/local_socket.h"

#define PATIENCE_MS 60000

static bool read_contract(const char *path, struct buf *text, struct arena *arena,
			  struct contract *ret_contract)
{
	struct contract_doc doc;

	if (file_read(path, 1 << 20, text) != OK)
		return false;
	if (contract_doc_read(buf_slice(text), HAND_YAML, NULL, arena, &doc) != OK) {
		for (size_t i = 0; i < doc.error_count; i++)
			fprintf(stderr, "%s:%d: %.*s\n", path, doc.errors[i].line,
				(int)doc.errors[i].text.len, doc.errors[i].text.ptr);
		return false;
	}
	*ret_contract = doc.contract;
	return true;
}

static int ask(int fd)
{
	struct buf reply = { 0 };
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int code = 0;

	while (code == 0 && (len = getline(&line, &size, stdin)) > 0) {
		enum err err;

		line[len - 1] = '\0';
		buf_clear(&reply);
		err = egress_call(fd, slice_of(line, (size_t)len - 1), EGRESS_MESSAGE_BYTES_MAX,
				  PATIENCE_MS, &reply);
		if (err == OK)
			printf("%.*s\n", (int)reply.len, reply.ptr);
		else
			printf("%s\n", err_info(err)->code);
		fflush(stdout);
		code = err != OK;
	}
	free(line);
	buf_finish(&reply);
	return code;
}

/* Against the rules: all requests at once, and only then a look at the replies. */
static int ask_all_at_once(int fd)
{
	struct buf requests = { 0 }, reply = { 0 };
	char *line = NULL, length[EGRESS_LENGTH_BYTES];
	size_t size = 0, count = 0;
	ssize_t len;
	int code = 0;

	while ((len = getline(&line, &size, stdin)) > 0) {
		egress_add_length(&requests, (size_t)len - 1);
		buf_add(&requests, line, (size_t)len - 1);
		count++;
	}
	code = local_socket_send(fd, buf_slice(&requests), PATIENCE_MS) != OK;
	sleep(1);
	for (size_t i = 0; i < count && code == 0; i++) {
		buf_clear(&reply);
		code = local_socket_receive(fd, length, sizeof(length), PATIENCE_MS) != OK ||
		       local_socket_receive(fd, buf_reserve(&reply, egress_length(length)),
					    egress_length(length), PATIENCE_MS) != OK;
		printf("%.*s\n", code ? 0 : (int)egress_length(length), reply.ptr);
	}
	free(line);
	buf_finish(&requests);
	buf_finish(&reply);
	return code;
}

static const char *variable(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value ? value : otherwise;
}

int main(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct buf text = { 0 }, grant = { 0 }, answer = { 0 };
	struct contract contract;
	int fd = -1, code = 1;

	signal(SIGPIPE, SIG_IGN);
	if (argc != 4 || !read_contract(argv[2], &text, &arena, &contract))
		return 2;
	egress_write_grant(&(struct egress_who){
				   .swarm = slice_of_str(argv[3]), .board = SLICE("demo"),
				   .task = slice_of_str(variable("GUEST_TASK", "T-1")),
				   .fence = strtoll(variable("GUEST_FENCE", "7"), NULL, 10),
				   .daemon = slice_of_str(getenv("GUEST_DAEMON")),
				   .token = slice_of_str(getenv("GUEST_TOKEN")),
			   }, &contract, false, &grant);
	if (egress_open(argv[1], buf_slice(&grant), PATIENCE_MS, &fd, &answer) == OK)
		code = getenv("GUEST_BURST") ? ask_all_at_once(fd) : ask(fd);
	else
		printf("%.*s\n", (int)answer.len, answer.ptr);
	if (fd >= 0)
		close(fd);
	buf_finish(&text);
	buf_finish(&grant);
	buf_finish(&answer);
	arena_finish(&arena);
	return code;
}
