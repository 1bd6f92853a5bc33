/*
 * The client's picker of members against the reader of documents: what that
 * one reads as an object, this one goes through to its end, with the same
 * members in the same order.
 */
#include <stdlib.h>

#include "base/ensure.h"
#include "client/scan.h"
#include "document/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare_text(const struct json_value *value, struct slice raw)
{
	struct buf text = { 0 };
	struct slice expected;
	bool is_text = json_get_text(value, &expected);

	ENSURE(scan_text(raw, &text) == is_text);
	if (is_text)
		ENSURE(slice_is(buf_slice(&text), expected));
	buf_finish(&text);
}

static void compare(const struct json_value *root, struct slice text)
{
	struct json_member member = { 0 };
	struct scan scan = scan_begin(text);
	int64_t expected, number;

	ENSURE(scan_is_object(text));
	while (json_next(root, &member)) {
		ENSURE(scan_next(&scan));
		compare_text(member.value, scan.value);
		if (json_get_i64(member.value, &expected))
			ENSURE(scan_i64(scan.value, &number) && number == expected);
	}
	ENSURE(!scan_next(&scan));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct json_limits limits = { 1 << 20, JSON_READ_DEPTH_MAX, 1 << 20 };
	struct slice text = slice_of(data, size);
	struct scan scan = scan_begin(text);
	struct json_value *root;
	struct buf decoded = { 0 };

	while (scan_next(&scan)) {
		ENSURE(scan.value.len > 0);
		scan_text(scan.value, &decoded);
	}
	buf_finish(&decoded);
	if (json_parse(text, &limits, &root, NULL) != OK)
		return 0;
	if (json_kind(root) == JSON_KIND_OBJECT)
		compare(root, text);
	json_free(root);
	return 0;
}
