/*
 * failure - how a call that did not succeed is told.
 */
#include "client/client.h"

#include <string.h>

#include "base/rfc3339.h"
#include "base/text.h"
#include "client/scan.h"

void copy_text(char *ret_text, size_t size, struct slice text)
{
	size_t len = text.len < size ? text.len : size - 1;

	while (len < text.len && len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
		len--;
	if (len)
		memcpy(ret_text, text.ptr, len);
	ret_text[len] = '\0';
}

void error_fill(struct ifab_error *error, enum err err, struct slice detail)
{
	const struct err_info *info = err_info(err);

	*error = (struct ifab_error){
		.status = (enum ifab_status)info->exit_code,
		.retryable = info->retryable,
	};
	copy_text(error->code, sizeof(error->code), slice_of_str(info->code));
	copy_text(error->title, sizeof(error->title), slice_of_str(info->message));
	copy_text(error->hint, sizeof(error->hint), slice_of_str(info->hint));
	copy_text(error->detail, sizeof(error->detail), detail);
}

enum ifab_status client_refuse(struct ifab_client *client, enum err err, struct slice detail)
{
	error_fill(&client->error, err, detail);
	return client->error.status;
}

static void copy_member(char *ret_text, size_t size, struct slice body, const char *member)
{
	struct buf text = { 0 };

	if (scan_text(scan_member(body, member), &text))
		copy_text(ret_text, size, buf_slice(&text));
	buf_finish(&text);
}

/* For an answer without a code that we know: from a proxy, or from a later version. */
static enum ifab_status status_of_http(int http_status)
{
	switch (http_status) {
	case 401: case 403: return IFAB_DENIED;
	case 402: return IFAB_BUDGET;
	case 404: case 410: return IFAB_NOT_FOUND;
	case 409: return IFAB_CONFLICT;
	case 408: case 504: return IFAB_TIMEOUT;
	case 502: case 503: return IFAB_UNREACHABLE;
	default: return http_status >= 400 && http_status < 500 ? IFAB_USAGE : IFAB_FAILED;
	}
}

static void read_problem(struct ifab_error *error, struct slice body)
{
	struct buf until = { 0 };

	copy_member(error->code, sizeof(error->code), body, "code");
	copy_member(error->title, sizeof(error->title), body, "title");
	copy_member(error->detail, sizeof(error->detail), body, "detail");
	copy_member(error->hint, sizeof(error->hint), body, "hint");
	copy_member(error->holder, sizeof(error->holder), body, "holder");
	scan_bool(scan_member(body, "retryable"), &error->retryable);
	if (scan_text(scan_member(body, "until"), &until) &&
	    !rfc3339_read(buf_slice(&until), &error->until_us))
		error->until_us = 0;
	buf_finish(&until);
}

enum ifab_status client_refuse_reply(struct ifab_client *client, int http_status, struct slice body)
{
	struct ifab_error *error = &client->error;
	enum err err;

	*error = (struct ifab_error){ .http_status = http_status };
	if (scan_is_object(body))
		read_problem(error, body);
	err = err_of_code(slice_of_str(error->code));
	error->status = err == ERR_COUNT || err == OK ? status_of_http(http_status) :
			(enum ifab_status)err_info(err)->exit_code;
	if (!error->title[0]) {
		struct buf title = { 0 };

		buf_add_lit(&title, "an answer that is none of ours, with status ");
		buf_add_i64(&title, http_status);
		copy_text(error->title, sizeof(error->title), buf_slice(&title));
		buf_finish(&title);
	}
	return error->status;
}

enum ifab_status client_refuse_end(struct ifab_client *client, enum transport_end end)
{
	struct ifab_error *error = &client->error;

	switch (end) {
	case TRANSPORT_UNREACHABLE:
		/* libcurl's own reason speaks of a port where there is a path. */
		buf_clear(&client->reason);
		buf_add_lit(&client->reason, "nobody listens at ");
		buf_add_slice(&client->reason, buf_slice(&client->address.text));
		return client_refuse(client, ERR_DAEMON_UNREACHABLE, buf_slice(&client->reason));
	case TRANSPORT_BROKEN:
		buf_add_lit(&client->reason, "; the connection broke: ");
		buf_add_slice(&client->reason, buf_slice(&client->address.text));
		return client_refuse(client, ERR_DAEMON_UNREACHABLE, buf_slice(&client->reason));
	case TRANSPORT_TIMEOUT:
		return client_refuse(client, ERR_TIMEOUT, buf_slice(&client->reason));
	case TRANSPORT_INTERRUPTED:
		*error = (struct ifab_error){ .status = IFAB_INTERRUPTED, .retryable = true };
		copy_text(error->code, sizeof(error->code), SLICE("interrupted"));
		copy_text(error->title, sizeof(error->title), SLICE("the call was interrupted"));
		return error->status;
	case TRANSPORT_REFUSED:
	case TRANSPORT_DONE:
	default:
		return client_refuse(client, ERR_OS, buf_slice(&client->reason));
	}
}

void path_add_encoded(struct buf *path, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (id_is_valid(slice_of(&c, 1)) || c == '-' || c == '~') {
			buf_add_byte(path, c);
		} else {
			buf_add_byte(path, '%');
			buf_add_hex(path, &c, 1);
		}
	}
}
