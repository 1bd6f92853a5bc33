/*
 * reply - picks members out of answers.
 */
#include <stdlib.h>
#include <string.h>

#include "base/rfc3339.h"
#include "client/client.h"
#include "client/scan.h"

static struct slice reply_member(const struct ifab_reply *reply, const char *member)
{
	return scan_member(slice_of(reply->body, reply->body_len), member);
}

static bool give(char *ret_text, size_t size, struct slice text)
{
	bool fits = text.len < size;

	if (size)
		copy_text(ret_text, size, fits ? text : SLICE_EMPTY);
	return fits;
}

bool ifab_reply_text(const struct ifab_reply *reply, const char *member, char *ret_text,
		     size_t size)
{
	struct buf text = { 0 };
	bool is_text = scan_text(reply_member(reply, member), &text);
	bool fits = give(ret_text, size, buf_slice(&text));

	buf_finish(&text);
	return is_text && fits;
}

bool ifab_reply_json(const struct ifab_reply *reply, const char *member, char *ret_json,
		     size_t size)
{
	struct slice value = reply_member(reply, member);

	return give(ret_json, size, value) && value.len;
}

bool ifab_reply_int(const struct ifab_reply *reply, const char *member, int64_t *ret_value)
{
	return scan_i64(reply_member(reply, member), ret_value);
}

bool ifab_reply_bool(const struct ifab_reply *reply, const char *member, bool *ret_value)
{
	return scan_bool(reply_member(reply, member), ret_value);
}

bool ifab_reply_time(const struct ifab_reply *reply, const char *member, int64_t *ret_us)
{
	struct buf text = { 0 };
	bool is_time = scan_text(reply_member(reply, member), &text) &&
		       rfc3339_read(buf_slice(&text), ret_us);

	buf_finish(&text);
	return is_time;
}

void ifab_reply_free(struct ifab_reply *reply)
{
	free(reply->body);
	*reply = (struct ifab_reply){ 0 };
}
