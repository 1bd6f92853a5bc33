/*
 * record - one append: a header, many events, and the hash of both.
 *
 * Little endian, without padding:
 *
 *	 0   4  "IFrc"
 *	 4   2  version, 1
 *	 6   2  reserved, 0
 *	 8   8  seq: 1, 2, 3 ...
 *	16   8  epoch: the reign of the leader who appended it, at least 1
 *	24   8  at_us: when, microseconds since 1970 UTC, by the leader's clock
 *	32   8  first_event: number of its first event, at least 1
 *	40   4  event_count
 *	44   4  body_len
 *	48  32  SHA-256 that the record before it carries; zeros in record 1
 *	80   n  body
 *	80+n 32 SHA-256 of all bytes before
 *
 * A record that was ever written keeps this form; another form gets another
 * version.
 */
#ifndef WITNESS_RECORD_H
#define WITNESS_RECORD_H

#include "base/buf.h"
#include "bus/bus.h"
#include "crypto/hash.h"

#define RECORD_VERSION 1
#define RECORD_HEADER_BYTES 80
#define RECORD_BYTES_MIN (RECORD_HEADER_BYTES + HASH_BYTES)
#define RECORD_BODY_BYTES_MAX (BUS_RECORD_BYTES_MAX - RECORD_BYTES_MIN)

struct record {
	uint64_t seq;
	uint64_t epoch;
	int64_t at_us;
	uint64_t first_event;
	uint32_t event_count;	/* may be 0: a leader that only marks its reign */
	struct hash previous;
	struct slice body;	/* not owned */
	struct hash own;
};

enum flaw {
	FLAW_NONE,
#define FLAW(name, ...) FLAW_##name,
#include "witness/flaw.def"
#undef FLAW
	FLAW_COUNT
};

/* What is wrong, and where. `expected` and `found` mean what the flaw says they show. */
struct finding {
	enum flaw flaw;
	uint64_t seq;
	uint64_t expected_number;
	uint64_t found_number;
	struct hash expected_hash;
	struct hash found_hash;
};

/* Appends the record and sets `own`. The numbers must be ones that decode accepts. */
void record_encode(struct record *record, struct buf *out);

/*
 * Reads a record that may be anything. False with the first flaw in
 * `ret_finding` (all but its seq); the body points into `bytes`.
 */
MUST_USE bool record_decode(struct slice bytes, struct record *ret_record,
			    struct finding *ret_finding);

/* "record 17 goes back in time: ..." */
void finding_describe(const struct finding *finding, struct buf *out);

/* ERR_LEDGER_TOO_NEW or ERR_LEDGER_CORRUPT; OK without a flaw. */
enum err finding_err(const struct finding *finding);

#endif
