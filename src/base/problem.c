#include "base/problem.h"

/* A name for the kind of problem that needs nobody to host a page. */
static void put_type(struct json_writer *json, const char *code)
{
	json_key(json, "type");
	json_raw(json, SLICE("\"urn:infrafabric:error:"));
	buf_add_str(json->out, code);
	buf_add_byte(json->out, '"');
}

void problem_begin(struct json_writer *json, enum err err, struct slice detail)
{
	const struct err_info *info = err_info(err);

	json_object(json);
	put_type(json, info->code);
	json_put_str(json, "title", info->message);
	json_put_i64(json, "status", info->http_status);
	json_put_str(json, "code", info->code);
	if (detail.len)
		json_put_text(json, "detail", detail);
	if (info->hint && info->hint[0])
		json_put_str(json, "hint", info->hint);
	json_put_bool(json, "retryable", info->retryable);
}

void problem_end(struct json_writer *json)
{
	json_object_end(json);
}

void problem_write(struct json_writer *json, enum err err, struct slice detail,
		   struct slice instance, struct slice members)
{
	problem_begin(json, err, detail);
	if (instance.len)
		json_put_text(json, "instance", instance);
	if (members.len) {
		buf_add_byte(json->out, ',');
		buf_add_slice(json->out, members);
	}
	problem_end(json);
}
