/*
 * Any bytes as messages between a supervisor and if-chassis: each is refused, or comes back the
 * same when it is written again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "sandbox/wire.h"

#define TAIL_MAX 4096

/* The largest of all messages. */
union message {
#define WIRE(number, NAME, name) struct wire_##name name;
#include "sandbox/wire.def"
#undef WIRE
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size);
	struct arena arena = { 0 };
	struct wire_frame frame;
	union message message, again;
	size_t bytes;

	while (wire_cut(rest, TAIL_MAX, &frame, &bytes) == OK && bytes > 0) {
		struct buf copy = { 0 };
		struct wire_frame second;
		size_t second_bytes;

		ENSURE(bytes <= rest.len && frame.tail.len <= TAIL_MAX);
		if (wire_read(&frame, frame.kind, &arena, &message) == OK) {
			wire_add(&copy, frame.kind, &message, frame.tail);
			ENSURE(wire_cut(buf_slice(&copy), TAIL_MAX, &second, &second_bytes) == OK);
			ENSURE(second_bytes == copy.len && second.kind == frame.kind);
			ENSURE(slice_is(second.tail, frame.tail));
			ENSURE(wire_read(&second, frame.kind, &arena, &again) == OK);
		}
		buf_finish(&copy);
		rest = slice_from(rest, bytes);
	}
	arena_finish(&arena);
	return 0;
}
