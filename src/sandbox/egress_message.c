#include "sandbox/egress_message.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "document/json.h"
#include "sandbox/egress.h"

#define GRANT_VALUES_MAX 32
#define METHOD_BYTES_MAX 16

static enum err refuse(enum err err, struct buf *detail, const char *why, struct slice which)
{
	buf_add_str(detail, why);
	buf_add_slice(detail, slice_head(which, 128));
	return err;
}

/* ---- headers --------------------------------------------------------------------------------- */

/*
 * Headers that say where a message ends, through whom it goes, or that are
 * ours to set: none of them comes from a guest.
 */
static const char *const kept_headers[] = {
	"connection", "content-length", "expect", "host", "http2-settings", "keep-alive",
	"proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
	"transfer-encoding", "upgrade", "via",
};

static bool is_token(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			       (c >= '0' && c <= '9');

		if (!is_word && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return name.len > 0;
}

static bool is_one_line(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char byte = (unsigned char)value.ptr[i];

		if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			return false;
	}
	return true;
}

static enum err check_header(const struct egress_header *header, struct buf *detail)
{
	if (!is_token(header->name))
		return refuse(ERR_EGRESS_REQUEST, detail, "a header's name is malformed", SLICE_EMPTY);
	if (!is_one_line(header->value))
		return refuse(ERR_EGRESS_REQUEST, detail,
			      "a control character stands in the value of header ", header->name);
	for (size_t i = 0; i < ARRAY_LEN(kept_headers); i++)
		if (slice_is_nocase(header->name, slice_of_str(kept_headers[i])))
			return refuse(ERR_EGRESS_REQUEST, detail,
				      "this header is not for guests to set: ", header->name);
	return OK;
}

/* ---- grants --------------------------------------------------------------------------------- */

void egress_put_who(const struct egress_who *who, struct json_writer *json)
{
	json_put_text(json, "swarm", who->swarm);
	if (who->board.len)
		json_put_text(json, "board", who->board);
	if (who->task.len)
		json_put_text(json, "task", who->task);
	if (who->fence)
		json_put_i64(json, "fence", who->fence);
	if (who->token.len)
		json_put_text(json, "token", who->token);
}

void egress_write_grant(const struct egress_who *who, const struct contract *contract, bool listen,
			struct buf *out)
{
	struct json_writer json = json_begin(out);
	struct buf bytes = { 0 }, text = { 0 };

	contract_encode(contract, &bytes);
	hash_add_base64(&text, buf_slice(&bytes));
	json_object(&json);
	egress_put_who(who, &json);
	if (who->daemon.len)
		json_put_text(&json, "daemon", who->daemon);
	if (listen)
		json_put_bool(&json, "listen", true);
	json_put_text(&json, "contract", buf_slice(&text));
	json_object_end(&json);
	buf_finish(&bytes);
	buf_finish(&text);
}

/* One member of a grant; false when it is of another kind, or not known. */
static bool read_grant_member(struct slice key, const struct json_value *value, struct arena *arena,
			      struct egress_grant *grant, struct slice *ret_contract)
{
	struct slice text;

	if (slice_is(key, SLICE("fence")))
		return json_get_i64(value, &grant->who.fence) && grant->who.fence >= 0;
	if (slice_is(key, SLICE("listen")))
		return json_get_bool(value, &grant->listen);
	if (!json_get_text(value, &text))
		return false;
	if (slice_is(key, SLICE("contract")))
		*ret_contract = text;
	else if (slice_is(key, SLICE("token")))
		grant->who.token = arena_copy(arena, text);
	else if (slice_is(key, SLICE("daemon")))
		grant->who.daemon = arena_copy(arena, text);
	else if (!id_is_valid(text))
		return false;
	else if (slice_is(key, SLICE("swarm")))
		grant->who.swarm = arena_copy(arena, text);
	else if (slice_is(key, SLICE("board")))
		grant->who.board = arena_copy(arena, text);
	else if (slice_is(key, SLICE("task")))
		grant->who.task = arena_copy(arena, text);
	else
		return false;
	return true;
}

static enum err read_contract(struct slice text, struct arena *arena, struct contract *ret_contract,
			      struct buf *detail)
{
	struct buf bytes = { 0 };
	bool is_read = text.len && hash_from_base64(text, &bytes) &&
		       contract_decode(arena_copy(arena, buf_slice(&bytes)), arena, ret_contract);

	buf_finish(&bytes);
	return is_read ? OK : refuse(ERR_EGRESS_GRANT, detail, "its contract is none", SLICE_EMPTY);
}

enum err egress_read_grant(struct slice text, struct arena *arena, struct egress_grant *ret_grant,
			   struct buf *detail)
{
	static const struct json_limits limits = {
		.bytes_max = EGRESS_MESSAGE_BYTES_MAX, .depth_max = 1,
		.values_max = GRANT_VALUES_MAX,
	};
	struct egress_grant grant = { .who.fence = 0 };
	struct json_member member = { 0 };
	struct json_value *root = NULL;
	struct json_fault fault = { 0 };
	struct slice contract = SLICE_EMPTY;
	enum err err = OK;

	if (json_parse(text, &limits, &root, &fault) != OK)
		return refuse(ERR_EGRESS_GRANT, detail, fault.text, SLICE_EMPTY);
	while (err == OK && json_next(root, &member))
		if (!read_grant_member(member.key, member.value, arena, &grant, &contract))
			err = refuse(ERR_EGRESS_GRANT, detail, "this is not right, or not known: ",
				     member.key);
	if (err == OK && !grant.who.swarm.len)
		err = refuse(ERR_EGRESS_GRANT, detail, "it does not say for which swarm it is",
			     SLICE_EMPTY);
	if (err == OK && grant.who.token.len && !grant.who.daemon.len)
		err = refuse(ERR_EGRESS_GRANT, detail, "it has a token, and nobody to check it",
			     SLICE_EMPTY);
	if (err == OK)
		err = read_contract(contract, arena, &grant.contract, detail);
	json_free(root);
	if (err == OK)
		*ret_grant = grant;
	return err;
}

/* ---- checking requests ---------------------------------------------------------------------- */

enum err egress_check_request(struct slice url, struct egress_asked *asked, struct buf *detail)
{
	size_t head_bytes = 0;

	if (!is_token(asked->method) || asked->method.len > METHOD_BYTES_MAX)
		return refuse(ERR_EGRESS_REQUEST, detail, "the method is malformed", SLICE_EMPTY);
	for (size_t i = 0; i < asked->header_count; i++) {
		enum err err = check_header(&asked->headers[i], detail);

		if (err != OK)
			return err;
		head_bytes += asked->headers[i].name.len + asked->headers[i].value.len + 4;
	}
	if (head_bytes > EGRESS_HEAD_BYTES_MAX)
		return refuse(ERR_LIMIT_EXCEEDED, detail,
			      "egress_head_bytes_max: headers may take 65536 bytes", SLICE_EMPTY);
	return egress_url_read(url, &asked->url, detail);
}

void egress_asked_finish(struct egress_asked *asked)
{
	egress_url_finish(&asked->url);
	*asked = (struct egress_asked){ .header_count = 0 };
}

/* ---- requests as JSON ----------------------------------------------------------------------- */

static enum err read_headers(const struct json_value *value, struct arena *arena,
			     struct egress_asked *asked, struct buf *detail)
{
	struct json_member member = { 0 };
	struct slice text;

	if (json_kind(value) != JSON_KIND_OBJECT)
		return refuse(ERR_EGRESS_REQUEST, detail, "headers are an object", SLICE_EMPTY);
	if (json_count(value) > EGRESS_HEADERS_MAX)
		return refuse(ERR_LIMIT_EXCEEDED, detail,
			      "egress_headers_max: a request may have 64 headers", SLICE_EMPTY);
	while (json_next(value, &member)) {
		if (!json_get_text(member.value, &text))
			return refuse(ERR_EGRESS_REQUEST, detail, "a header is a text: ", member.key);
		asked->headers[asked->header_count++] = (struct egress_header){
			arena_copy(arena, member.key), arena_copy(arena, text),
		};
	}
	return OK;
}

static enum err read_body(struct slice text, size_t body_bytes_max, struct buf *body,
			  struct buf *detail)
{
	if (text.len / 4 * 3 > body_bytes_max + 3)
		return refuse(ERR_LIMIT_EXCEEDED, detail,
			      "request_bytes: the body is longer than any rule allows", SLICE_EMPTY);
	if (!hash_from_base64(text, body))
		return refuse(ERR_EGRESS_REQUEST, detail, "the body is no base64", SLICE_EMPTY);
	return OK;
}

static enum err read_member(struct slice key, const struct json_value *value, size_t body_bytes_max,
			    struct arena *arena, struct buf *body, struct egress_asked *asked,
			    struct slice *ret_url, struct buf *detail)
{
	struct slice text;

	if (slice_is(key, SLICE("headers")))
		return read_headers(value, arena, asked, detail);
	if (!json_get_text(value, &text))
		return refuse(ERR_EGRESS_REQUEST, detail, "this is no text, or not known: ", key);
	if (slice_is(key, SLICE("method")))
		asked->method = arena_copy(arena, text);
	else if (slice_is(key, SLICE("url")))
		*ret_url = arena_copy(arena, text);
	else if (slice_is(key, SLICE("body")))
		return read_body(text, body_bytes_max, body, detail);
	else
		return refuse(ERR_EGRESS_REQUEST, detail, "this is not known: ", key);
	return OK;
}

enum err egress_read_request(struct slice text, size_t body_bytes_max, struct arena *arena,
			     struct buf *body, struct egress_asked *ret_asked, struct buf *detail)
{
	static const struct json_limits limits = {
		.bytes_max = EGRESS_MESSAGE_BYTES_MAX, .depth_max = 2,
		.values_max = EGRESS_HEADERS_MAX + 16,
	};
	struct json_member member = { 0 };
	struct json_value *root = NULL;
	struct json_fault fault = { 0 };
	struct slice url = SLICE_EMPTY;
	enum err err = OK;

	*ret_asked = (struct egress_asked){ .method = SLICE("GET") };
	if (json_parse(text, &limits, &root, &fault) != OK)
		return refuse(ERR_EGRESS_REQUEST, detail, fault.text, SLICE_EMPTY);
	if (json_kind(root) != JSON_KIND_OBJECT)
		err = refuse(ERR_EGRESS_REQUEST, detail, "a request is an object", SLICE_EMPTY);
	while (err == OK && json_next(root, &member))
		err = read_member(member.key, member.value, body_bytes_max, arena, body, ret_asked,
				  &url, detail);
	json_free(root);
	ret_asked->body = buf_slice(body);
	return err == OK ? egress_check_request(url, ret_asked, detail) : err;
}

/* ---- replies -------------------------------------------------------------------------------- */

/* Heads need not be UTF-8, and JSON is. Bytes above ASCII are Latin-1, as HTTP has it of old. */
static void add_latin1(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char bytes[4];
		unsigned char byte = (unsigned char)text.ptr[i];

		buf_add(out, bytes, text_encode(byte ? byte : ' ', bytes));
	}
}

static struct slice cut_line(struct slice *head)
{
	struct slice line = slice_cut(head, '\n');

	return slice_trim(line);
}

/* The name of a line, in lower case. */
static void name_of(struct slice line, struct buf *ret_name)
{
	struct slice name = slice_trim(slice_cut(&line, ':'));

	buf_clear(ret_name);
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		buf_add_byte(ret_name, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
	}
}

/* The values of all lines of this name from here on; false when one stood before. */
static bool gather(struct slice head, size_t from, struct slice name, struct buf *ret_value)
{
	struct slice rest = head;
	struct buf other = { 0 };
	bool is_first = true, is_later = false;

	buf_clear(ret_value);
	while (rest.len && is_first) {
		size_t at = head.len - rest.len;
		struct slice line = cut_line(&rest);
		struct slice value = line;

		name_of(line, &other);
		if (!slice_is(buf_slice(&other), name))
			continue;
		is_first = at >= from;
		slice_cut(&value, ':');
		if (is_later)
			buf_add_str(ret_value, slice_is(name, SLICE("set-cookie")) ? "\n" : ", ");
		add_latin1(ret_value, slice_trim(value));
		is_later = true;
	}
	buf_finish(&other);
	return is_first;
}

static void write_headers(struct json_writer *json, struct slice head)
{
	struct slice rest = head;
	struct buf name = { 0 }, value = { 0 }, key = { 0 };

	json_key(json, "headers");
	json_object(json);
	while (rest.len) {
		size_t at = head.len - rest.len;

		name_of(cut_line(&rest), &name);
		if (!is_token(buf_slice(&name)) || !gather(head, at, buf_slice(&name), &value))
			continue;
		buf_clear(&key);
		add_latin1(&key, buf_slice(&name));
		json_key_slice(json, buf_slice(&key));
		json_text(json, buf_slice(&value));
	}
	json_object_end(json);
	buf_finish(&name);
	buf_finish(&value);
	buf_finish(&key);
}

void egress_write_reply(int status, struct slice head, struct slice body, struct buf *out)
{
	struct json_writer json = json_begin(out);
	struct buf text = { 0 };

	json_object(&json);
	json_put_i64(&json, "status", status);
	write_headers(&json, head);
	if (body.len) {
		hash_add_base64(&text, body);
		json_put_text(&json, "body", buf_slice(&text));
	}
	json_object_end(&json);
	buf_finish(&text);
}

void egress_write_error(enum err err, struct slice detail, int64_t retry_after_ms, struct buf *out)
{
	const struct err_info *info = err_info(err);
	struct json_writer json = json_begin(out);

	json_object(&json);
	json_key(&json, "error");
	json_object(&json);
	json_put_str(&json, "code", info->code);
	json_put_i64(&json, "status", info->http_status);
	json_put_str(&json, "title", info->message);
	if (detail.len)
		json_put_text(&json, "detail", detail);
	json_put_str(&json, "hint", info->hint);
	json_put_bool(&json, "retryable", info->retryable);
	if (retry_after_ms)
		json_put_i64(&json, "retry_after_ms", retry_after_ms);
	json_object_end(&json);
	json_object_end(&json);
}
