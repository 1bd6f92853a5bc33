/*
 * keyed - clients that work in processes of their own, give every command an
 * idempotency key, and note what they were told was done.
 *
 * A command whose answer did not come is sent again with its key until it
 * does, however often the daemon dies in between.
 */
#ifndef TESTS_API_KEYED_H
#define TESTS_API_KEYED_H

#include <stdatomic.h>

#include "api/fabric.h"

#define KEYED_CLIENTS 6
#define KEYED_ACKS_MAX 20000
#define KEYED_PADDING_MAX 60000

/* A command that was answered with 200, as it can be sent again. */
struct keyed_ack {
	uint64_t answer_hash;
	char method[5];
	char path[72];
	char body[96];
	char key[24];
};

struct keyed_log {
	atomic_bool stop;
	unsigned padding;
	atomic_uint refused[ERR_COUNT];
	struct keyed_client {
		atomic_uint ack_count;
		struct keyed_ack acks[KEYED_ACKS_MAX];
		pid_t pid;
	} clients[KEYED_CLIENTS];
};

/* Makes the board that they work on, and starts them. `padding` digits (one at
 * least) make each note longer. */
struct keyed_log *keyed_begin(struct fabric *fabric, unsigned padding);
unsigned keyed_ack_count(const struct keyed_log *log);
/* They finish what they are at; the daemon must run. */
void keyed_stop(struct keyed_log *log);
/*
 * Everything that was acknowledged is answered the same again, is in the
 * ledger once, and nothing else is in the ledger under a key of theirs but
 * what was on its way.
 */
void keyed_check(struct fabric *fabric, struct keyed_log *log);
void keyed_end(struct keyed_log *log);

#endif
