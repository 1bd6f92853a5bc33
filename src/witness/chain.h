/*
 * chain - where a ledger stands after a record, and whether the next one
 * follows from there.
 *
 * Every record carries the hash of the one before it, so whoever knows one
 * hash can check everything before it, and a change anywhere shows.
 */
#ifndef WITNESS_CHAIN_H
#define WITNESS_CHAIN_H

#include "witness/record.h"

struct chain {
	uint64_t seq;		/* of the last record; 0 before the first */
	struct hash hash;	/* of the last record; zeros before the first */
	uint64_t epoch;
	int64_t at_us;
	uint64_t next_event;	/* the number that the next event gets */
};

#define CHAIN_BYTES 64

/* Before record 1. */
struct chain chain_genesis(void);
/* After this record, if it is where it belongs. */
struct chain chain_after(const struct record *record);

/*
 * Whether what is kept as record `kept_seq` follows: it decodes, it is the
 * next one, it names the hash of the last one, and neither epoch, time nor
 * event numbers go back. Then the record is in `ret_record` and the chain
 * has moved on; otherwise the chain stays and the finding says what is wrong.
 */
MUST_USE bool chain_follow(struct chain *chain, uint64_t kept_seq, struct slice bytes,
			   struct record *ret_record, struct finding *ret_finding);

/* CHAIN_BYTES bytes, for a part of something that is checked as a whole. */
void chain_encode(const struct chain *chain, struct buf *out);
struct chain chain_decode(const char bytes[CHAIN_BYTES]);

/*
 * What trimmed records leave behind: the chain as it stood after the last
 * of them, with a hash of its own.
 */
void anchor_encode(const struct chain *chain, struct buf *out);
MUST_USE bool anchor_decode(struct slice bytes, struct chain *ret_chain);

#endif
