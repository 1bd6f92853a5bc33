#include "api/http_parse.h"

#ifdef HAVE_LLHTTP
#include <llhttp.h>
#else
#include <http_parser.h>
#endif
#include <stdlib.h>

#include "api/http_lines.h"
#include "base/alloc.h"

/*
 * Chunks of one byte each carry five of framing; beyond that, and a head's
 * worth of extensions and trailers, framing is only there to keep us busy.
 */
#define FRAMING_BYTES_MAX HTTP_HEAD_BYTES_MAX
#define FRAMING_PER_BYTE_MAX 8

/* ---- what differs between the two libraries ---- */

/* What on_headers_complete returns in both when the body is not the parser's. */
#define SKIP_BODY 1

#ifdef HAVE_LLHTTP
typedef llhttp_t parser_state;
typedef llhttp_settings_t parser_settings;

static void parser_init(parser_state *parser, const parser_settings *settings)
{
	llhttp_init(parser, HTTP_REQUEST, settings);
}

static size_t parser_run(parser_state *parser, const parser_settings *settings, struct slice bytes)
{
	(void)settings;
	if (llhttp_execute(parser, bytes.ptr, bytes.len) == HPE_OK)
		return bytes.len;
	return (size_t)(llhttp_get_error_pos(parser) - bytes.ptr);
}

static int parser_error(const parser_state *parser)
{
	return (int)llhttp_get_errno(parser);
}

static const char *parser_reason(const parser_state *parser)
{
	const char *reason = llhttp_get_error_reason(parser);

	return reason ? reason : "the request line or a header is malformed";
}

static int pause_parser(parser_state *parser)
{
	(void)parser;
	return HPE_PAUSED;
}

static bool parser_keeps_alive(const parser_state *parser)
{
	return llhttp_should_keep_alive(parser) != 0;
}

#else
typedef struct http_parser parser_state;
typedef struct http_parser_settings parser_settings;

static void parser_init(parser_state *parser, const parser_settings *settings)
{
	(void)settings;
	http_parser_init(parser, HTTP_REQUEST);
}

static size_t parser_run(parser_state *parser, const parser_settings *settings, struct slice bytes)
{
	return http_parser_execute(parser, settings, bytes.ptr, bytes.len);
}

static int parser_error(const parser_state *parser)
{
	return (int)HTTP_PARSER_ERRNO(parser);
}

static const char *parser_reason(const parser_state *parser)
{
	return http_errno_description(HTTP_PARSER_ERRNO(parser));
}

static int pause_parser(parser_state *parser)
{
	http_parser_pause(parser, 1);
	return 0;
}

static bool parser_keeps_alive(const parser_state *parser)
{
	return http_should_keep_alive(parser) != 0;
}
#endif

/* ---- heads ---- */

struct head_reader {
	struct http_header *headers;
	struct http_parsed *parsed;
	bool in_name;
	bool is_complete;
	bool has_too_many;
};

/* The parser may hand one span over in pieces; they lie behind each other. */
static void extend(struct slice *span, const char *at, size_t len)
{
	if (span->ptr && span->ptr + span->len == at)
		span->len += len;
	else
		*span = slice_of(at, len);
}

static int on_url(parser_state *parser, const char *at, size_t len)
{
	struct head_reader *reader = parser->data;

	extend(&reader->parsed->target, at, len);
	return 0;
}

static int on_header_field(parser_state *parser, const char *at, size_t len)
{
	struct head_reader *reader = parser->data;
	struct http_parsed *parsed = reader->parsed;

	if (!reader->in_name) {
		if (parsed->header_count == HTTP_HEADERS_MAX) {
			reader->has_too_many = true;
			return -1;
		}
		reader->headers[parsed->header_count++] = (struct http_header){ 0 };
	}
	reader->in_name = true;
	extend(&reader->headers[parsed->header_count - 1].name, at, len);
	return 0;
}

static int on_header_value(parser_state *parser, const char *at, size_t len)
{
	struct head_reader *reader = parser->data;

	reader->in_name = false;
	if (reader->parsed->header_count)
		extend(&reader->headers[reader->parsed->header_count - 1].value, at, len);
	return 0;
}

static int on_headers_complete(parser_state *parser)
{
	struct head_reader *reader = parser->data;

	reader->is_complete = true;
	reader->parsed->major = parser->http_major;
	reader->parsed->minor = parser->http_minor;
	reader->parsed->is_chunked = (parser->flags & F_CHUNKED) != 0;
	/* Asking before the end of the message, when an upgrade would count as its end. */
	parser->upgrade = 0;
	reader->parsed->keep_alive = parser_keeps_alive(parser);
	return SKIP_BODY;
}

static const parser_settings head_settings = {
	.on_url = on_url,
	.on_header_field = on_header_field,
	.on_header_value = on_header_value,
	.on_headers_complete = on_headers_complete,
};

enum err http_parse_head(struct slice head, struct http_header headers[HTTP_HEADERS_MAX],
			 struct http_parsed *ret_parsed, const char **ret_detail)
{
	struct head_reader reader = { .headers = headers, .parsed = ret_parsed };
	parser_state parser;

	*ret_parsed = (struct http_parsed){ 0 };
	parser_init(&parser, &head_settings);
	parser.data = &reader;
	parser_run(&parser, &head_settings, head);
	if (reader.is_complete && parser_error(&parser) == HPE_OK) {
		for (size_t i = 0; i < ret_parsed->header_count; i++)
			headers[i].value = slice_trim(headers[i].value);
		return OK;
	}
	if (reader.has_too_many) {
		*ret_detail = "http_headers_max: a request may have "
			      HTTP_TEXT_OF(HTTP_HEADERS_MAX) " headers";
		return ERR_LIMIT_EXCEEDED;
	}
	*ret_detail = parser_error(&parser) ? parser_reason(&parser) : "the head is not complete";
	return parser_error(&parser) == HPE_INVALID_VERSION ? ERR_HTTP_VERSION : ERR_HTTP_SYNTAX;
}

/* ---- chunks ---- */

struct http_dechunk {
	parser_state parser;
	http_dechunk_fn *fn;
	void *context;
	const char *scanned;		/* framing before this was looked at */
	size_t framing_len;
	size_t data_len;
	uint8_t line_state;
	bool is_bad;
	bool is_done;
};

/* The parser is lenient about the lines between the data; we are not. */
static void check_framing(struct http_dechunk *dechunk, const char *end)
{
	struct slice rest = slice_of(dechunk->scanned, (size_t)(end - dechunk->scanned));

	dechunk->framing_len += rest.len;
	dechunk->scanned = end;
	while (rest.len && !dechunk->is_bad) {
		size_t used = rest.len;

		if (http_lines_scan(&dechunk->line_state, rest, &used) == HTTP_LINES_BAD)
			dechunk->is_bad = true;
		rest = slice_from(rest, used);
	}
	if (dechunk->framing_len > FRAMING_BYTES_MAX + FRAMING_PER_BYTE_MAX * dechunk->data_len)
		dechunk->is_bad = true;
}

static int on_body(parser_state *parser, const char *at, size_t len)
{
	struct http_dechunk *dechunk = parser->data;

	check_framing(dechunk, at);
	if (dechunk->is_bad)
		return -1;
	dechunk->scanned = at + len;
	dechunk->data_len += len;
	dechunk->fn(dechunk->context, slice_of(at, len));
	return 0;
}

static int on_message_complete(parser_state *parser)
{
	struct http_dechunk *dechunk = parser->data;

	/* The head of dechunk_create has no body of its own to complete. */
	dechunk->is_done = true;
	return pause_parser(parser);
}

static const parser_settings chunk_settings = {
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

struct http_dechunk *http_dechunk_create(void)
{
	/* Brings the parser to where it expects the first chunk. */
	const struct slice head = SLICE("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
	struct http_dechunk *dechunk = alloc_zero(1, sizeof(*dechunk));

	parser_init(&dechunk->parser, &chunk_settings);
	dechunk->parser.data = dechunk;
	ENSURE(parser_run(&dechunk->parser, &chunk_settings, head) == head.len);
	ENSURE(parser_error(&dechunk->parser) == HPE_OK && !dechunk->is_done);
	return dechunk;
}

void http_dechunk_destroy(struct http_dechunk *dechunk)
{
	free(dechunk);
}

enum http_dechunk_result http_dechunk_feed(struct http_dechunk *dechunk, struct slice bytes,
					   http_dechunk_fn *fn, void *context, size_t *ret_used)
{
	size_t used;

	dechunk->fn = fn;
	dechunk->context = context;
	dechunk->scanned = bytes.ptr;
	used = parser_run(&dechunk->parser, &chunk_settings, bytes);
	check_framing(dechunk, bytes.ptr + used);
	if (dechunk->is_bad)
		return HTTP_DECHUNK_BAD;
	if (dechunk->is_done && parser_error(&dechunk->parser) == HPE_PAUSED) {
		*ret_used = used;
		return HTTP_DECHUNK_DONE;
	}
	if (parser_error(&dechunk->parser) != HPE_OK)
		return HTTP_DECHUNK_BAD;
	*ret_used = bytes.len;
	return HTTP_DECHUNK_MORE;
}
