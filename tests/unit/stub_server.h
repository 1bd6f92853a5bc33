/*
 * stub_server - a server that says what it was told to, one request after another.
 *
 * It runs in a process of its own and writes down what it was asked.
 */
#ifndef TESTS_STUB_SERVER_H
#define TESTS_STUB_SERVER_H

#include <stddef.h>
#include <sys/types.h>

struct stub_step {
	const char *status;	/* "200 OK"; NULL: cut the connection instead of answering */
	const char *type;	/* NULL: application/json */
	const char *body;
	int then_cut;		/* cut the connection behind the answer */
	int delay_ms;		/* before the answer */
	int no_length;		/* a stream: the end of the connection ends it */
};

struct stub {
	pid_t pid;
	char folder[64];
	char path[96];		/* of its socket */
	struct stub_log *log;	/* shared with the process */
};

/* Behind the last step it takes connections and never answers. */
void stub_start(struct stub *stub, const struct stub_step *steps, size_t count);
void stub_stop(struct stub *stub);
/* The text of the nth request, head and body; NULL when there was none. */
const char *stub_request(const struct stub *stub, size_t index);
size_t stub_count(const struct stub *stub);
/* The value of a header of a request, into `ret`; empty when it has none. */
void stub_header(const char *request, const char *name, char *ret, size_t size);

#endif
