#include "client/route.h"

#include <string.h>

#include "client/client.h"
#include "client/scan.h"

static const struct route routes[] = {
#define COMMAND(NAME, name, part, verb, METHOD, path, role, way, ...) \
	{ part, verb, #METHOD, path, #way },
#include "fabric/command.def"
#undef COMMAND
};

/* A verb of two words has a dot between them. */
static bool is_verb(struct slice name, const char *verb)
{
	for (size_t i = 0; i < name.len; i++)
		if (verb[i] != name.ptr[i] && !(verb[i] == ' ' && name.ptr[i] == '.'))
			return false;
	return verb[name.len] == '\0';
}

/* "task.claim"; a part whose verb is empty goes by its own name: "events". */
const struct route *route_of(struct slice name)
{
	struct slice verb = name;
	struct slice part = slice_cut(&verb, '.');

	for (size_t i = 0; i < ARRAY_LEN(routes); i++)
		if (slice_is_str(part, routes[i].part) && is_verb(verb, routes[i].verb))
			return &routes[i];
	return NULL;
}

static bool path_names(const char *path, struct slice name)
{
	struct slice rest = slice_of_str(path);

	while (rest.len) {
		slice_cut(&rest, '{');
		if (rest.len && slice_is(slice_cut(&rest, '}'), name))
			return true;
	}
	return false;
}

/* Fills the {names} of the path with arguments; a board that is not given is the only one. */
static enum err add_path(struct buf *out, const char *path, struct slice args, struct buf *detail)
{
	struct slice rest = slice_of_str(path);
	struct buf text = { 0 };
	enum err err = OK;

	buf_add_slice(out, slice_cut(&rest, '{'));
	while (err == OK && rest.len) {
		struct slice name = slice_cut(&rest, '}');
		char key[64];

		copy_text(key, sizeof(key), name);
		buf_clear(&text);
		if (scan_text(scan_member(args, key), &text) && text.len) {
			path_add_encoded(out, buf_slice(&text));
		} else if (slice_is(name, SLICE("board"))) {
			buf_add_byte(out, '-');
		} else {
			buf_add_lit(detail, "argument ");
			buf_add_slice(detail, name);
			err = ERR_ARGUMENT_MISSING;
		}
		buf_add_slice(out, slice_cut(&rest, '{'));
	}
	buf_finish(&text);
	return err;
}

static void add_query_value(struct buf *out, char *separator, struct slice key, struct slice value)
{
	struct buf text = { 0 };

	if (slice_is(value, SLICE("null")))
		return;
	buf_add_byte(out, *separator);
	*separator = '&';
	buf_add_slice(out, key);
	buf_add_byte(out, '=');
	if (scan_text(value, &text))
		path_add_encoded(out, buf_slice(&text));
	else
		path_add_encoded(out, value);
	buf_finish(&text);
}

/* What is not in the path becomes the query; a list's key stands once for each item. */
static void add_query(struct buf *out, const char *path, struct slice args)
{
	struct scan member = scan_begin(args);
	char separator = '?';

	while (scan_next(&member)) {
		struct scan item = scan_begin(member.value);

		if (path_names(path, member.key))
			continue;
		if (item.end != ']')
			add_query_value(out, &separator, member.key, member.value);
		while (item.end == ']' && scan_next(&item))
			add_query_value(out, &separator, member.key, item.value);
	}
}

static void add_body(struct buf *out, const char *path, struct slice args)
{
	struct scan member = scan_begin(args);
	bool is_first = true;

	buf_add_byte(out, '{');
	while (scan_next(&member)) {
		if (path_names(path, member.key))
			continue;
		if (!is_first)
			buf_add_byte(out, ',');
		is_first = false;
		buf_add_byte(out, '"');
		buf_add_slice(out, member.key);
		buf_add_lit(out, "\":");
		buf_add_slice(out, member.value);
	}
	buf_add_byte(out, '}');
}

/* Keys go into a query as they stand. */
static bool keys_are_plain(struct slice args)
{
	struct scan member = scan_begin(args);

	while (scan_next(&member))
		for (size_t i = 0; i < member.key.len; i++) {
			char c = member.key.ptr[i];

			if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_')
				return false;
		}
	return true;
}

bool route_takes_body(const struct route *route)
{
	return strcmp(route->method, "POST") == 0 || strcmp(route->method, "PUT") == 0;
}

enum err route_path(const struct route *route, struct slice args, struct buf *out,
		    struct buf *detail)
{
	enum err err = add_path(out, route->path, args, detail);

	if (err == OK && !route_takes_body(route))
		add_query(out, route->path, args);
	return err;
}

enum ifab_status command_prepare(struct ifab_client *client, const char *name,
				 const char *args_json, struct ifab_request *ret_request)
{
	const struct route *route = route_of(slice_of_str(name));
	struct slice args = args_json ? slice_of_str(args_json) : SLICE("{}");
	struct ifab_request request = { 0 };
	enum err err;

	if (!route)
		return client_refuse(client, ERR_ROUTE_UNKNOWN, slice_of_str(name));
	if (!scan_is_object(args) || !keys_are_plain(args))
		return client_refuse(client, ERR_JSON_SYNTAX,
				     SLICE("the arguments are not one JSON object with plain names"));
	buf_clear(&client->path);
	buf_clear(&client->body);
	buf_clear(&client->reason);
	err = route_path(route, args, &client->path, &client->reason);
	if (err != OK)
		return client_refuse(client, err, buf_slice(&client->reason));
	request.method = route->method;
	request.path = buf_str(&client->path);
	if (strcmp(route->way, "FEED") == 0)
		request.accept = "application/x-ndjson";
	scan_i64(scan_member(args, "wait_ms"), &request.wait_ms);
	if (route_takes_body(route)) {
		add_body(&client->body, route->path, args);
		request.body = buf_str(&client->body);
		request.body_len = client->body.len;
	}
	*ret_request = request;
	return IFAB_OK;
}

enum ifab_status ifab_command_once(struct ifab_client *client, const char *name,
				   const char *args_json, const char *idempotency_key,
				   struct ifab_reply *reply)
{
	struct ifab_request request = { 0 };
	enum ifab_status status = command_prepare(client, name, args_json, &request);

	if (status != IFAB_OK)
		return status;
	if (request.method && strcmp(request.method, "GET") != 0)
		request.idempotency_key = idempotency_key;
	return ifab_call(client, &request, reply);
}

enum ifab_status ifab_command(struct ifab_client *client, const char *name, const char *args_json,
			      struct ifab_reply *reply)
{
	return ifab_command_once(client, name, args_json, NULL, reply);
}
