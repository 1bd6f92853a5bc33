/*
 * wire - messages between a supervisor and if-chassis, made from wire.def.
 *
 * A frame: length of what follows (4 bytes, little-endian), kind (1 byte),
 * length of the fields (4 bytes), the fields in their schema's binary form,
 * the tail. Either end may be in the hands of somebody else's code, so all
 * that is read is checked against its row.
 */
#ifndef SANDBOX_WIRE_H
#define SANDBOX_WIRE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/schema.h"

#include "sandbox/wire.def"

enum wire_kind {
	WIRE_NONE,
#define WIRE(number, NAME, name) WIRE_##NAME = (number),
#include "sandbox/wire.def"
#undef WIRE
	WIRE_KIND_END
};

#define WIRE_MEMBER(T, kind, name, ...) FIELD_C_##kind name;
#define WIRE(number, NAME, name)               \
	struct wire_##name {                   \
		FIELDS_##NAME(WIRE_MEMBER, )   \
	};
#include "sandbox/wire.def"
#undef WIRE
#undef WIRE_MEMBER

#define WIRE_HEAD_BYTES 9
/* The fields of one message; the tail comes on top. */
#define WIRE_FIELDS_BYTES_MAX (CONTRACT_BYTES_MAX + 3 * PATH_BYTES_MOST + KIB)

/* One message; points into what it was read from. */
struct wire_frame {
	enum wire_kind kind;
	struct slice fields;
	struct slice tail;
};

/* Appends a whole frame. `message` is the struct of the kind. */
void wire_add(struct buf *out, enum wire_kind kind, const void *message, struct slice tail);

/*
 * Takes a frame off the front of what has come. ERR_LIMIT_EXCEEDED when it says that its tail is
 * longer than `tail_max`, ERR_ARGUMENT_TYPE when it is none. *ret_bytes: how many it took; 0: it is
 * not all there yet.
 */
MUST_USE enum err wire_cut(struct slice come, size_t tail_max, struct wire_frame *ret_frame,
			   size_t *ret_bytes);

/* The fields of a frame of this kind. Lists live in the arena, texts in the frame. */
MUST_USE enum err wire_read(const struct wire_frame *frame, enum wire_kind kind,
			    struct arena *arena, void *ret_message);

#endif
