#include "api/bind.h"

#include "api/bind_govern.h"
#include "api/bind_import.h"
#include "api/bind_value.h"
#include "base/map.h"
#include "base/text.h"
#include "document/board_doc.h"
#include "document/json.h"

static const struct json_limits body_limits = {
	HTTP_BODY_BYTES_MAX, BIND_JSON_DEPTH_MAX, BIND_JSON_VALUES_MAX,
};
static const struct json_limits import_limits = {
	BIND_IMPORT_BYTES_MAX, JSON_READ_DEPTH_MAX, BIND_IMPORT_VALUES_MAX,
};

struct binding {
	const struct http_request *request;
	const struct command_info *info;
	struct arena *arena;
	struct command *command;
	void *args;			/* of the command, as its row's schema describes them */
	struct buf *detail;
};

enum err bind_admission(const struct router *router, const struct http_request *request,
			struct http_admission *admission)
{
	struct route_match match;
	enum err err = route_find(router, request->method, request->path, &match);

	if (err == ERR_METHOD_NOT_ALLOWED)
		admission->headers = match.allow;
	if (err != OK || !match.info)
		return err;
	if (match.type == COMMAND_BOARD_IMPORT || bind_takes_hand_document(match.type)) {
		admission->body_bytes_max = BIND_IMPORT_BYTES_MAX;
		admission->media_types = bind_document_types;
	}
	return OK;
}

/* ---- arguments ------------------------------------------------------------------------------ */

/* Guessing is for typing errors: one or two letters, of a name that has more than those. */
#define GUESS_DISTANCE_MAX 2

static const char *nearest_name(const struct schema *schema, struct slice name)
{
	const char *nearest = NULL;
	size_t nearest_distance = GUESS_DISTANCE_MAX + 1;

	for (size_t i = 0; i < schema->count; i++) {
		struct slice known = slice_of_str(schema->fields[i].name);
		size_t distance = text_distance(name, known);

		if (schema->fields[i].flags & FIELD_IN_PATH || distance * 2 > known.len)
			continue;
		if (distance < nearest_distance) {
			nearest_distance = distance;
			nearest = schema->fields[i].name;
		}
	}
	return nearest;
}

static enum err refuse_place(struct binding *binding, struct slice name, const char *why)
{
	buf_add_lit(binding->detail, "argument ");
	bind_write_quote(name, binding->detail);
	buf_add_lit(binding->detail, ": ");
	buf_add_str(binding->detail, why);
	return ERR_ARGUMENT_UNKNOWN;
}

static enum err refuse_unknown(struct binding *binding, struct slice name)
{
	const char *nearest = nearest_name(&binding->info->args, name);
	enum err err = refuse_place(binding, name, "is not known here");

	if (nearest) {
		buf_add_lit(binding->detail, "; did you mean ");
		buf_add_str(binding->detail, nearest);
		buf_add_byte(binding->detail, '?');
	}
	return err;
}

static enum err refuse_twice(struct binding *binding, const struct field *field)
{
	bind_write_refusal(field, "is given twice", binding->detail);
	return ERR_USAGE;
}

/* The argument of this name that may stand outside of the path, noted as given. */
static enum err find_argument(struct binding *binding, struct slice name,
			      const struct field **ret_field)
{
	const struct schema *schema = &binding->info->args;
	const struct field *field = schema_find(schema, name);

	if (!field)
		return refuse_unknown(binding, name);
	if (field->flags & FIELD_IN_PATH)
		return refuse_place(binding, name, "stands in the path");
	if (binding->command->args.given & field_bit(schema, field) && !field_is_list(field->kind))
		return refuse_twice(binding, field);
	binding->command->args.given |= field_bit(schema, field);
	*ret_field = field;
	return OK;
}

/* What is not given has the value of its row. */
static void set_initial(const struct binding *binding)
{
	const struct schema *schema = &binding->info->args;

	for (size_t i = 0; i < schema->count; i++)
		if (field_is_number(schema->fields[i].kind))
			*field_number(&schema->fields[i], binding->args) =
				schema->fields[i].initial;
}

static enum err check_required(const struct binding *binding)
{
	const struct schema *schema = &binding->info->args;

	for (size_t i = 0; i < schema->count; i++) {
		const struct field *field = &schema->fields[i];

		if (field->flags & FIELD_REQUIRED &&
		    !(binding->command->args.given & field_bit(schema, field))) {
			bind_write_refusal(field, "is missing", binding->detail);
			return ERR_ARGUMENT_MISSING;
		}
	}
	return OK;
}

/* The row's first arguments are those of the path, in its order: see route.c. */
static enum err bind_path(struct binding *binding, const struct route_match *match)
{
	const struct schema *schema = &binding->info->args;
	enum err err = OK;

	for (size_t i = 0; err == OK && i < match->arg_count; i++) {
		const struct field *field = &schema->fields[i];

		binding->command->args.given |= field_bit(schema, field);
		err = bind_text_value(field, arena_copy(binding->arena, match->args[i]),
				      binding->arena, binding->args, binding->detail);
	}
	return err;
}

static enum err bind_pair(struct binding *binding, struct slice name, struct slice value)
{
	const struct field *field;
	enum err err = find_argument(binding, name, &field);

	if (err != OK)
		return err;
	return bind_text_value(field, value, binding->arena, binding->args, binding->detail);
}

static enum err bind_query(struct binding *binding)
{
	struct slice rest = binding->request->query, name, value;

	for (size_t pairs = 0; rest.len; pairs++) {
		enum err err;

		if (pairs == BIND_QUERY_ARGS_MAX) {
			buf_add_lit(binding->detail, "the query has more arguments than the limit, "
				    HTTP_TEXT_OF(BIND_QUERY_ARGS_MAX));
			return ERR_LIMIT_EXCEEDED;
		}
		err = http_query_next(&rest, binding->arena, &name, &value);
		if (err != OK) {
			buf_add_lit(binding->detail, "the query is not valid");
			return err;
		}
		if (name.ptr)
			err = bind_pair(binding, name, value);
		if (err != OK)
			return err;
	}
	return OK;
}

static enum err bind_members(struct binding *binding, const struct json_value *object)
{
	struct json_member member = { 0 };
	const struct field *field;

	while (json_next(object, &member)) {
		enum err err = find_argument(binding, member.key, &field);

		if (err == OK)
			err = bind_json_value(field, member.value, binding->arena, binding->args,
					      binding->detail);
		if (err != OK)
			return err;
	}
	return OK;
}

static void write_fault(const struct json_fault *fault, struct buf *out)
{
	buf_add_lit(out, "the body: ");
	if (fault->line) {
		buf_add_lit(out, "line ");
		buf_add_i64(out, fault->line);
		buf_add_lit(out, ", column ");
		buf_add_i64(out, fault->column);
		buf_add_lit(out, ": ");
	}
	buf_add_str(out, fault->text);
}

/* An object; the caller frees it. */
static enum err parse_body(struct binding *binding, const struct json_limits *limits,
			   struct json_value **ret_object)
{
	struct json_fault fault;
	enum err err = json_parse(binding->request->body, limits, ret_object, &fault);

	if (err != OK) {
		write_fault(&fault, binding->detail);
	} else if (json_kind(*ret_object) != JSON_KIND_OBJECT) {
		buf_add_lit(binding->detail, "the body: takes an object, not ");
		buf_add_str(binding->detail, json_kind_name(json_kind(*ret_object)));
		json_free(*ret_object);
		err = ERR_ARGUMENT_TYPE;
	}
	return err;
}

static enum err refuse_query(struct binding *binding)
{
	struct slice rest = binding->request->query, name, value;
	enum err err = http_query_next(&rest, binding->arena, &name, &value);

	if (err != OK || !name.ptr)
		return err;
	return refuse_place(binding, name, "stands in the query; this method takes it in the body");
}

static enum err bind_body(struct binding *binding)
{
	struct json_value *object;
	enum err err = binding->request->query.len ? refuse_query(binding) : OK;

	if (err != OK || binding->request->body.len == 0)
		return err;
	err = parse_body(binding, &body_limits, &object);
	if (err != OK)
		return err;
	err = bind_members(binding, object);
	json_free(object);
	return err;
}

/* ---- board.import ---------------------------------------------------------------------------- */

/* Of a JSON board, which is a document as it stands: the one member that is not the reader's. */
static enum err bind_board_members(struct binding *binding, const struct json_value *board)
{
	struct cmd_board_import *args = &binding->command->args.board_import;
	const struct json_value *dry_run = json_get(board, SLICE("dry_run"));
	const struct field *field;
	enum err err = OK;

	if (dry_run) {
		err = find_argument(binding, SLICE("dry_run"), &field);
		if (err == OK)
			err = bind_json_value(field, dry_run, binding->arena, binding->args,
					      binding->detail);
	}
	args->document = binding->request->body;
	args->format = BOARD_JSON;
	return err;
}

static enum err bind_import_body(struct binding *binding)
{
	struct cmd_board_import *args = &binding->command->args.board_import;
	struct slice media_type = http_request_media_type(binding->request);
	struct json_value *object;
	bool is_board;
	enum err err;

	if (media_type.len && !slice_is_nocase(media_type, SLICE("application/json"))) {
		const struct field *field;

		err = find_argument(binding, SLICE("document"), &field);
		if (err != OK)
			return err;
		args->document = binding->request->body;
		if (!command_has(binding->command, "format"))
			args->format = bind_document_format(media_type);
		return bind_check(field, args, binding->detail);
	}
	if (binding->request->body.len == 0)
		return OK;
	err = parse_body(binding, &import_limits, &object);
	if (err != OK)
		return err;
	is_board = json_get(object, SLICE("tasks")) != NULL;
	err = is_board ? bind_board_members(binding, object) : bind_members(binding, object);
	json_free(object);
	/* Of a document that comes as text only its file's name says what it is. */
	if (err == OK && !is_board && !command_has(binding->command, "format"))
		args->format = (int64_t)board_format_of(args->file);
	return err;
}

static enum err bind_import(struct binding *binding, struct buf *ret_members)
{
	struct cmd_board_import *args = &binding->command->args.board_import;
	enum err err = bind_query(binding);

	if (err == OK)
		err = bind_import_body(binding);
	if (err != OK)
		return err;
	if (args->document.len == 0 && !command_has(binding->command, "document")) {
		buf_add_lit(binding->detail, "argument document: is missing");
		return ERR_ARGUMENT_MISSING;
	}
	/* Tasks point into the document. */
	if (args->document.ptr == binding->request->body.ptr)
		args->document = arena_copy(binding->arena, args->document);
	return bind_document(binding->arena, binding->command, binding->detail, ret_members);
}

/* ---- policies and manifests ------------------------------------------------------------------- */

/* All of these commands begin with the same arguments. */
static enum err bind_hand_body(struct binding *binding)
{
	struct cmd_policy_apply *args = &binding->command->args.policy_apply;
	struct slice media_type = http_request_media_type(binding->request);
	bool is_json = media_type.len == 0 ||
		       slice_is_nocase(media_type, SLICE("application/json"));
	struct json_value *object;
	const struct field *field;
	enum err err;

	if (binding->request->body.len == 0)
		return OK;
	if (is_json) {
		bool is_wrapped;

		err = parse_body(binding, &import_limits, &object);
		if (err != OK)
			return err;
		is_wrapped = json_get(object, SLICE("document")) != NULL;
		if (is_wrapped)
			err = bind_members(binding, object);
		json_free(object);
		if (is_wrapped)
			return err;
		args->format = TREE_FORMAT_JSON;
	} else if (!command_has(binding->command, "format")) {
		args->format = TREE_FORMAT_YAML;
	}
	err = find_argument(binding, SLICE("document"), &field);
	if (err != OK)
		return err;
	args->document = binding->request->body;
	return bind_check(field, args, binding->detail);
}

static enum err bind_hand(struct binding *binding, struct buf *ret_members)
{
	struct cmd_policy_apply *args = &binding->command->args.policy_apply;
	enum err err = bind_query(binding);

	if (err == OK)
		err = bind_hand_body(binding);
	if (err != OK)
		return err;
	if (args->document.len == 0 && !command_has(binding->command, "document")) {
		buf_add_lit(binding->detail, "argument document: is missing");
		return ERR_ARGUMENT_MISSING;
	}
	if (args->document.ptr == binding->request->body.ptr)
		args->document = arena_copy(binding->arena, args->document);
	return bind_hand_document(binding->arena, binding->command, binding->detail, ret_members);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static enum err bind_key(struct binding *binding)
{
	struct slice key = http_request_header(binding->request, "Idempotency-Key");

	if (!key.ptr)
		return OK;
	if (key.len >= 2 && key.ptr[0] == '"' && key.ptr[key.len - 1] == '"')
		key = slice_of(key.ptr + 1, key.len - 2);
	if (key.len > (size_t)LIMIT_KEY_BYTES) {
		buf_add_lit(binding->detail, "header Idempotency-Key: the limit is ");
		buf_add_i64(binding->detail, LIMIT_KEY_BYTES);
		buf_add_lit(binding->detail, " bytes");
		return ERR_LIMIT_EXCEEDED;
	}
	for (size_t i = 0; i < key.len; i++)
		if (key.ptr[i] <= ' ' || key.ptr[i] > '~')
			key.len = 0;
	if (key.len == 0) {
		buf_add_lit(binding->detail,
			    "header Idempotency-Key: takes visible ASCII characters");
		return ERR_ARGUMENT_TYPE;
	}
	binding->command->key = arena_copy(binding->arena, key);
	return OK;
}

static enum err bind_actor(struct binding *binding)
{
	struct slice actor = http_request_header(binding->request, "IF-Actor");
	const struct field *swarm;

	if (actor.ptr) {
		if (!id_is_valid(actor)) {
			buf_add_lit(binding->detail,
				    "header IF-Actor: is not 1 to 128 of A-Z a-z 0-9 . _ : @ -");
			return ERR_ID_INVALID;
		}
		binding->command->actor = arena_copy(binding->arena, actor);
	} else if (binding->info->role == ROLE_WORKER) {
		swarm = schema_find(&binding->info->args, SLICE("swarm"));
		if (swarm)
			binding->command->actor = *field_slice(swarm, binding->args);
	}
	return OK;
}

static uint64_t fingerprint(const struct http_request *request, enum command_type type)
{
	uint64_t hash = hash_bytes((uint64_t)type + 1, request->path.ptr, request->path.len);

	hash = hash_bytes(hash, request->query.ptr, request->query.len);
	return hash_bytes(hash, request->body.ptr, request->body.len);
}

static bool verb_has_body(enum http_verb verb)
{
	return verb == HTTP_VERB_POST || verb == HTTP_VERB_PUT;
}

static enum err bind_rest(struct binding *binding, struct buf *ret_members)
{
	if (binding->command->type == COMMAND_BOARD_IMPORT)
		return bind_import(binding, ret_members);
	if (bind_takes_hand_document(binding->command->type))
		return bind_hand(binding, ret_members);
	if (verb_has_body(binding->info->method))
		return bind_body(binding);
	if (binding->request->body.len) {
		buf_add_lit(binding->detail, "this method takes its arguments in the query");
		return ERR_USAGE;
	}
	return bind_query(binding);
}

enum err bind_command(const struct http_request *request, const struct route_match *match,
		      struct arena *arena, struct command *ret_command, struct buf *ret_detail,
		      struct buf *ret_members)
{
	struct binding binding = {
		.request = request, .info = match->info, .arena = arena, .command = ret_command,
		.args = &ret_command->args, .detail = ret_detail,
	};
	enum err err;

	memset(ret_command, 0, offsetof(struct command, args) + match->info->args.size);
	ret_command->type = match->type;
	ret_command->fingerprint = fingerprint(request, match->type);
	set_initial(&binding);
	err = bind_path(&binding, match);
	if (err == OK)
		err = bind_rest(&binding, ret_members);
	if (err == OK)
		err = check_required(&binding);
	if (err == OK)
		err = bind_key(&binding);
	return err == OK ? bind_actor(&binding) : err;
}
