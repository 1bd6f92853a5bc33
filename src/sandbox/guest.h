/*
 * guest - one run of a module: what it was given, what it did, how it ended.
 *
 * The functions that a guest can call (host.def) work on this and know
 * nothing of the engine; so they can be tested without one.
 */
#ifndef SANDBOX_GUEST_H
#define SANDBOX_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "chassis/contract.h"
#include "chassis/verdict.h"
#include "sandbox/limit.h"

/* What a file of the guest is. Numbers 0 to 2 are its streams, then come its folders. */
enum guest_file_kind {
	GUEST_NO_FILE, GUEST_STDIN, GUEST_STDOUT, GUEST_STDERR, GUEST_FOLDER, GUEST_PLAIN
};

struct guest_file {
	enum guest_file_kind kind;
	bool is_granted;	/* a folder that the contract names: stays open, has its name */
	int fd;
	struct slice path;	/* as the contract spells it; of opened ones on the heap */
};

struct guest {
	/* What it may, and was given. */
	const struct contract *contract;
	struct slice input;
	struct slice_list args;
	struct slice_list environment;
	int64_t started_us;		/* monotonic */
	int64_t deadline_us;
	int socket;			/* to its supervisor; -1: log lines are only counted */
	int egress;			/* to the proxy, under a grant; -1: none */

	/*
	 * Its linear memory, during one call: between calls it may grow, which moves
	 * it. Not NULL: look for it first. Many calls need none, and looking costs
	 * more than they do.
	 */
	void (*look)(struct guest *guest);
	void *looked_in;		/* whoever looks knows what this is */
	uint8_t *memory;
	uint64_t memory_len;

	struct guest_file files[GUEST_FILES_MAX];
	size_t input_at;		/* how much of stdin it has read */
	struct buf output;		/* stdout */
	struct buf result;
	bool has_result;
	struct buf answer;		/* to its last request */
	uint64_t random_drawn;		/* bytes, of a contract with a seed */
	struct buf log_line;		/* stderr, up to the next end of a line */

	/* How it ended; once set, it stays. */
	bool has_ended;
	bool has_exited;		/* by itself, with this status */
	int64_t exit_status;
	enum chassis_verdict verdict;
	char reason[NAME_BYTES_MAX];	/* a trap's or a grant's name, in one word */
	struct buf detail;		/* a sentence for people */

	/* What it used. */
	int64_t fuel_used;
	uint64_t memory_bytes;		/* at most */
	int64_t host_calls;
	int64_t log_bytes;		/* also those that were too many to be kept */
	int64_t http_requests;
	int64_t denials;
	char denied[NAME_BYTES_MAX];	/* the first: which grant is missing */
};

/* The contract outlives the guest. Nothing is open yet but its streams. */
void guest_init(struct guest *guest, const struct contract *contract);
void guest_finish(struct guest *guest);

/*
 * Memory of the guest from `at`, or NULL when not all of it lies inside. Good
 * until the guest runs on. Never NULL for no bytes inside.
 */
static inline uint8_t *guest_bytes(struct guest *guest, uint32_t at, uint64_t len)
{
	if (guest->look)
		guest->look(guest);
	return guest->memory && (uint64_t)at + len <= guest->memory_len ? guest->memory + at : NULL;
}

/* The first end counts. */
void guest_end(struct guest *guest, enum chassis_verdict verdict, const char *reason,
	       const char *detail);
/* It asked for what it was not granted; it may go on, and if it fails, that is why. */
void guest_deny(struct guest *guest, const char *grant, struct slice what);
/* Ends it when its time is over, for functions that take long. */
bool guest_is_late(struct guest *guest);
/* At most this long may anything wait; 0: not at all. Rounded up. */
int64_t guest_left_ms(const struct guest *guest);

/* Adds to what it logs, to be told line by line. Beyond the contract's limit it is only counted. */
void guest_log(struct guest *guest, int level, struct slice text);
void guest_log_stream(struct guest *guest, struct slice bytes);
void guest_log_flush(struct guest *guest);

/* Unpredictable, or from the contract's seed. False when time ran out. */
bool guest_random(struct guest *guest, uint8_t *ret_bytes, size_t len);
/* Nanoseconds: the world's clock, and since the run began. A contract may let both stand still. */
int64_t guest_wall_ns(const struct guest *guest);
int64_t guest_run_ns(const struct guest *guest);

#endif
