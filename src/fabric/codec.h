/*
 * codec - a state's parts as bytes, and back.
 *
 * One function serves both directions: what is read is by construction what
 * was written.
 */
#ifndef FABRIC_CODEC_H
#define FABRIC_CODEC_H

#include "base/arena.h"
#include "base/buf.h"
#include "fabric/snapshot.h"

#define CODEC_SINK_BYTES 65536

struct codec {
	bool reading;
	bool bad;		/* what is read is not a snapshot */
	struct slice in;
	struct buf out;
	struct arena arena;	/* of lists that are read */
	state_sink_fn *sink;
	void *context;
};

/* Hands on what was written, once there are `least` bytes of it. */
void code_flush(struct codec *codec, size_t least);
void code_i64(struct codec *codec, int64_t *value);

/* A number of the given type, 0 to `most`. */
#define CODE(codec, place, most)                                              \
	do {                                                                  \
		int64_t coded_ = (int64_t)(place);                            \
		code_i64((codec), &coded_);                                   \
		if (coded_ < 0 || (uint64_t)coded_ > (uint64_t)(most))        \
			(codec)->bad = true;                                  \
		else                                                          \
			(place) = (__typeof__(place))coded_;                  \
	} while (0)

void code_time(struct codec *codec, int64_t *at_us);
void code_duration(struct codec *codec, int64_t *ms);
/* A number of things, below `count`, or INDEX_NONE: written as 0, others as one more. */
void code_number(struct codec *codec, uint32_t *number, uint32_t count);
/* What is read points into the snapshot. */
void code_bytes(struct codec *codec, struct slice *bytes);
void code_owned(struct codec *codec, struct slice *owned);
void code_owned_list(struct codec *codec, struct slice_list *owned);
/* How many there are; a count that cannot be is refused before anything is made of it. */
uint32_t code_count(struct codec *codec, uint64_t count);

/* What the governor keeps; the tasks, swarms and claims are there already. */
void code_govern(struct codec *codec, struct state *state);
/* What the chassis keeps; so are they. */
void code_chassis(struct codec *codec, struct state *state);

#endif
