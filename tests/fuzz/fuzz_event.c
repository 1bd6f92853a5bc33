/*
 * Bodies of records from arbitrary bytes. Whatever replays must leave a
 * sound state, and every event that decodes must encode to what decodes to
 * the same again.
 */
#include <stdlib.h>

#include "../fuzz/fuzz_machine.h"

#define AT_US INT64_C(1800000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode_again(struct slice body)
{
	struct arena arena = { 0 };
	struct buf bytes = { 0 }, json = { 0 };
	struct event event, again;

	while (body.len && event_decode(&body, AT_US, &arena, &event) == OK) {
		struct json_writer writer = json_begin(&json);
		struct slice encoded;

		buf_clear(&bytes);
		event_encode(&event, AT_US, &bytes);
		encoded = buf_slice(&bytes);
		ENSURE(event_decode(&encoded, AT_US, &arena, &again) == OK && encoded.len == 0);
		ENSURE(again.type == event.type && again.at_us == event.at_us);
		buf_clear(&json);
		event_write_json(&event, &writer);
	}
	buf_finish(&bytes);
	buf_finish(&json);
	arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice body = slice_of(data, size);
	struct machine machine;
	enum err err;

	encode_again(body);
	machine_init(&machine, 1, FUZZ_BODY_BYTES_MAX);
	err = machine_replay(&machine, body, AT_US, 1);
	ENSURE(err == OK || err == ERR_LEDGER_CORRUPT || err == ERR_LEDGER_TOO_NEW);
	if (err == OK)
		fuzz_use(&machine);
	machine_finish(&machine);
	return 0;
}
