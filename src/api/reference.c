#include "api/reference.h"

#include "api/bind.h"
#include "api/bind_value.h"
#include "base/error.h"
#include "fabric/command.h"
#include "fabric/event.h"

static const char *const verb_names[] = {
	[HTTP_VERB_GET] = "GET", [HTTP_VERB_POST] = "POST",
	[HTTP_VERB_PUT] = "PUT", [HTTP_VERB_DELETE] = "DELETE",
};

static const char introduction[] =
	"# The HTTP interface\n"
	"\n"
	"Made from the tables in `src/fabric/` and `src/base/error.def`; a test fails when it is\n"
	"not up to date. A running daemon answers the same as OpenAPI 3.1 at `/openapi.json`.\n"
	"\n"
	"HTTP/1.1 and JSON, on a Unix socket and, if asked for, on TCP loopback:\n"
	"\n"
	"    curl --unix-socket \"$XDG_RUNTIME_DIR/infrafabric/if.sock\" http://if/v1/boards\n"
	"\n"
	"* Arguments stand in the path, then in the query (GET, DELETE) or as members of one JSON\n"
	"  object in the body (POST, PUT). What a command does not know is refused, not left out.\n"
	"* In a query, lists are repeated keys; lists of ids and capabilities may be parted by commas\n"
	"  too. true, false, 1 and 0 are truth values.\n"
	"* Ids are 1 to 128 of `A-Z a-z 0-9 . _ : @ -`. A board in a path may be `-`, the only one\n"
	"  there is.\n"
	"* Times are RFC 3339 (`2026-11-22T19:34:07.123456Z`) or whole microseconds since 1970.\n"
	"* Money is dollars, as a number or a text such as `\"12.50\"`, exact to nine decimals.\n"
	"* What is not \"yes\" is `application/problem+json` with `code`, `detail`, `hint` and\n"
	"  `retryable`; see [Problems](#problems).\n"
	"* `Idempotency-Key: KEY`, 1 to 128 visible characters, on a command that writes: when it\n"
	"  comes again, it is answered as the first time, for ten minutes.\n"
	"* `IF-Actor: ID` says who acts, for the record. Without it a worker's command acts for its\n"
	"  `swarm`.\n"
	"* Streams of events are JSON lines, or Server-Sent Events for whoever sends\n"
	"  `Accept: text/event-stream`; `id` is the event's number, and `Last-Event-ID` or `after` go\n"
	"  on behind it.\n";

/* ---- commands ------------------------------------------------------------------------------- */

static void add_place(const struct command_info *info, const struct field *field, struct buf *out)
{
	if (field->flags & FIELD_IN_PATH)
		buf_add_lit(out, "path");
	else if (info->method == HTTP_VERB_POST || info->method == HTTP_VERB_PUT)
		buf_add_lit(out, "body");
	else
		buf_add_lit(out, "query");
}

static void add_bound(const struct field *field, int64_t value, struct buf *out)
{
	if (field->kind == FIELD_MONEY)
		buf_add_money(out, value);
	else
		buf_add_i64(out, value);
}

/* "1 to 10000", "at most 65536 bytes", or nothing where the kind says it all. */
static void add_range(const struct field *field, struct buf *out)
{
	bool is_open = field->max == INT64_MAX;

	if (field->kind == FIELD_TEXT || field->kind == FIELD_JSON || field_is_list(field->kind)) {
		buf_add_lit(out, "at most ");
		buf_add_i64(out, field->max);
		buf_add_str(out, field_is_list(field->kind) ? "" : " bytes");
	} else if (field->kind == FIELD_INT && !is_open) {
		add_bound(field, field->min, out);
		buf_add_lit(out, " to ");
		add_bound(field, field->max, out);
	} else if (field->kind == FIELD_INT || field->kind == FIELD_MONEY) {
		buf_add_lit(out, "from ");
		add_bound(field, field->min, out);
	}
}

static void add_default(const struct field *field, struct buf *out)
{
	bool is_value = field->initial >= field->min && field->initial <= field->max;

	if (field->flags & FIELD_REQUIRED)
		buf_add_lit(out, "needed");
	else if (field->kind == FIELD_ENUM && is_value)
		buf_add_str(out, field->names[field->initial]);
	else if (field->kind == FIELD_BOOL)
		buf_add_str(out, field->initial ? "true" : "false");
	else if (field->kind == FIELD_INT && is_value)
		buf_add_i64(out, field->initial);
}

static void add_argument(const struct command_info *info, const struct field *field,
			 struct buf *out)
{
	static const char *const kinds[] = {
		[FIELD_ID] = "id", [FIELD_TEXT] = "text", [FIELD_JSON] = "any JSON",
		[FIELD_INT] = "integer", [FIELD_BOOL] = "truth value", [FIELD_TIME] = "time",
		[FIELD_MONEY] = "dollars", [FIELD_RATIO] = "number", [FIELD_IDS] = "ids",
		[FIELD_TEXTS] = "texts", [FIELD_CAPS] = "capabilities", [FIELD_PATHS] = "paths",
	};

	buf_add_lit(out, "| `");
	buf_add_str(out, field->name);
	buf_add_lit(out, "` | ");
	add_place(info, field, out);
	buf_add_lit(out, " | ");
	if (field->kind == FIELD_ENUM)
		bind_write_kind(field, out);
	else
		buf_add_str(out, kinds[field->kind]);
	buf_add_lit(out, " | ");
	add_range(field, out);
	buf_add_lit(out, " | ");
	add_default(field, out);
	buf_add_lit(out, " | ");
	buf_add_str(out, field->help);
	buf_add_lit(out, " |\n");
}

static const char import_note[] =
	"\nThe body is the document itself (`text/markdown`, `application/yaml`, with the other\n"
	"arguments in the query), an object of these arguments, or a board as\n"
	"`GET /v1/boards/{board}` shows it. Without `format` the ending of `file` says what it is.\n";

static void add_command(const struct command_info *info, struct buf *out)
{
	static const char *const roles[] = {
		[ROLE_READER] = "For anybody; changes nothing.",
		[ROLE_WORKER] = "For workers.",
		[ROLE_ORCHESTRATOR] = "For whoever steers the board.",
	};

	buf_add_lit(out, "\n### ");
	buf_add_str(out, verb_names[info->method]);
	buf_add_byte(out, ' ');
	buf_add_str(out, info->path);
	buf_add_lit(out, "\n\n");
	buf_add_str(out, info->summary);
	buf_add_lit(out, ". ");
	buf_add_str(out, roles[info->role]);
	if (info->way == WAY_FEED)
		buf_add_lit(out, " Answers with a stream of events.");
	buf_add_lit(out, "\n\n    ");
	buf_add_str(out, info->example);
	buf_add_byte(out, '\n');
	if (info == &command_table[COMMAND_BOARD_IMPORT])
		buf_add_str(out, import_note);
	if (info->args.count == 0)
		return;
	buf_add_lit(out, "\n| argument | in | kind | range | default | |\n|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < info->args.count; i++)
		add_argument(info, &info->args.fields[i], out);
}

static void add_title(const char *part, struct buf *out)
{
	size_t from = out->len;

	buf_add_lit(out, "\n## ");
	buf_add_str(out, part);
	out->ptr[from + sizeof("\n## ") - 1] &= ~0x20;	/* upper case */
	buf_add_byte(out, '\n');
}

static void add_commands(struct buf *out)
{
	const char *part = "";

	for (int type = 0; type < COMMAND_COUNT; type++) {
		const struct command_info *info = &command_table[type];

		if (!slice_is_str(slice_of_str(part), info->part))
			add_title(info->part, out);
		part = info->part;
		add_command(info, out);
	}
}

/* ---- the other tables ----------------------------------------------------------------------- */

static void add_problems(struct buf *out)
{
	buf_add_lit(out, "\n## Problems\n\n"
		    "`exit` is the exit code of the command line. A retryable one may succeed\n"
		    "later as it is.\n\n"
		    "| code | status | exit | retryable | what it says |\n|---|---|---|---|---|\n");
	for (int err = OK + 1; err < ERR_COUNT; err++) {
		const struct err_info *info = err_info((enum err)err);

		buf_add_lit(out, "| `");
		buf_add_str(out, info->code);
		buf_add_lit(out, "` | ");
		buf_add_i64(out, info->http_status);
		buf_add_lit(out, " | ");
		buf_add_i64(out, info->exit_code);
		buf_add_str(out, info->retryable ? " | yes | " : " | | ");
		buf_add_str(out, info->message);
		buf_add_lit(out, " |\n");
	}
}

static void add_events(struct buf *out)
{
	buf_add_lit(out, "\n## Kinds of events\n\n"
		    "Every event also has `event` (its number), `at`, `kind`, `part` and, if somebody\n"
		    "asked for it, `by`; where `by` is the person who decides, that is `actor`.\n"
		    "`spec` is a task as it was described: what task add takes. Members of\n"
		    "policy.ruled are in `rule`.\n\n"
		    "| kind | part | what it says | members |\n|---|---|---|---|\n");
	for (size_t i = 0; i < event_count; i++) {
		const struct event_info *info = event_table[i];

		buf_add_lit(out, "| `");
		buf_add_str(out, info->kind);
		buf_add_lit(out, "` | ");
		buf_add_str(out, part_names[info->part]);
		buf_add_lit(out, " | ");
		buf_add_str(out, info->meaning);
		buf_add_lit(out, " | ");
		for (size_t f = 0; f < info->fields.count; f++) {
			buf_add_str(out, f ? ", " : "");
			buf_add_str(out, info->fields.fields[f].name);
		}
		buf_add_str(out, info->has_spec ? ", spec |\n" : " |\n");
	}
}

static void add_limits(struct buf *out)
{
	buf_add_lit(out, "\n## Limits\n\n| limit | value | why |\n|---|---|---|\n");
	for (size_t i = 0; i < limit_count; i++) {
		buf_add_lit(out, "| ");
		buf_add_str(out, limit_table[i].name);
		buf_add_lit(out, " | ");
		buf_add_i64(out, limit_table[i].value);
		buf_add_lit(out, " | ");
		buf_add_str(out, limit_table[i].reason);
		buf_add_lit(out, " |\n");
	}
}

void reference_write_markdown(struct buf *out)
{
	buf_add_str(out, introduction);
	add_commands(out);
	add_problems(out);
	add_events(out);
	add_limits(out);
}
