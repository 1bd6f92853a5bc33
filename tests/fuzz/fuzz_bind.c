/*
 * Binds whatever comes. A first line "METHOD TARGET MEDIA-TYPE KEY ACTOR", of
 * which the end may be missing, then the body.
 *
 * What is bound holds to its row, has a binary form that reads again, and is
 * valid JSON; what is refused is a problem that is valid JSON.
 */
#include "api/bind.h"

#include <stdlib.h>

#include "api/bind_value.h"
#include "base/ensure.h"
#include "base/problem.h"
#include "document/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bound {
	struct arena arena;
	struct command command;
	struct buf detail, members;
};

static void ensure_json(struct slice text)
{
	const struct json_limits limits = { SIZE_MAX, JSON_READ_DEPTH_MAX, SIZE_MAX };
	struct json_value *root;

	ENSURE(json_parse(text, &limits, &root, NULL) == OK);
	json_free(root);
}

static void ensure_bound(struct bound *bound)
{
	const struct schema *schema = &command_table[bound->command.type].args;
	struct buf json_text = { 0 }, binary = { 0 }, again = { 0 };
	struct json_writer json = json_begin(&json_text);
	struct command copy = bound->command;

	for (size_t i = 0; i < schema->count; i++)
		if (bound->command.args.given & field_bit(schema, &schema->fields[i]))
			ENSURE(bind_check(&schema->fields[i], &bound->command.args,
					  &bound->detail) == OK);
	json_object(&json);
	schema_write_json(schema, &bound->command.args, &json);
	json_object_end(&json);
	ensure_json(buf_slice(&json_text));
	schema_encode(schema, &bound->command.args, &binary);
	ENSURE(schema_decode(schema, buf_slice(&binary), &bound->arena, &copy.args));
	schema_encode(schema, &copy.args, &again);
	ENSURE(slice_is(buf_slice(&binary), buf_slice(&again)));
	if (bound->command.import_remarks.len)
		ensure_json(bound->command.import_remarks);
	buf_finish(&json_text);
	buf_finish(&binary);
	buf_finish(&again);
}

static void ensure_refused(const struct bound *bound, enum err err)
{
	struct buf text = { 0 };
	struct json_writer json = json_begin(&text);

	problem_write(&json, err, buf_slice(&bound->detail), SLICE_EMPTY,
		      buf_slice(&bound->members));
	ensure_json(buf_slice(&text));
	buf_finish(&text);
}

static void bind(const struct router *router, const struct http_request *request)
{
	struct http_admission admission = { .body_bytes_max = HTTP_BODY_BYTES_MAX };
	struct bound bound = { 0 };
	struct route_match match;
	enum err admitted = bind_admission(router, request, &admission);
	enum err err = route_find(router, request->method, request->path, &match);

	ENSURE(admitted == err);
	ENSURE((err == OK && match.info != NULL) || err == ERR_ROUTE_UNKNOWN || match.allow.len);
	if (err != OK || !match.info)
		return;
	err = bind_command(request, &match, &bound.arena, &bound.command, &bound.detail,
			   &bound.members);
	if (err == OK)
		ensure_bound(&bound);
	else
		ensure_refused(&bound, err);
	arena_finish(&bound.arena);
	buf_finish(&bound.detail);
	buf_finish(&bound.members);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct router router;
	struct slice body = slice_of(data, size);
	struct slice line = slice_cut(&body, '\n');
	struct http_header headers[3] = {
		{ .name = SLICE("Content-Type") }, { .name = SLICE("Idempotency-Key") },
		{ .name = SLICE("IF-Actor") },
	};
	struct http_request request = { .headers = headers, .body = body };

	if (router.node_count == 0)
		router_init(&router);
	request.method = slice_cut(&line, ' ');
	request.query = slice_cut(&line, ' ');
	request.path = slice_cut(&request.query, '?');
	while (line.len && request.header_count < ARRAY_LEN(headers))
		headers[request.header_count++].value = slice_cut(&line, ' ');
	bind(&router, &request);
	return 0;
}
