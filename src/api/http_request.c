#include "api/http.h"
#include "api/http_head.h"
#include "base/text.h"

struct slice http_request_header(const struct http_request *request, const char *name)
{
	struct slice wanted = slice_of_str(name);

	for (size_t i = 0; i < request->header_count; i++) {
		if (slice_is_nocase(request->headers[i].name, wanted)) {
			struct slice value = request->headers[i].value;

			/* There, but empty, is not the same as not there. */
			return value.ptr ? value : SLICE("");
		}
	}
	return SLICE_EMPTY;
}

struct slice http_request_media_type(const struct http_request *request)
{
	struct slice value = http_request_header(request, "Content-Type");

	return slice_trim(slice_cut(&value, ';'));
}

static enum err decode_text(struct slice raw, struct arena *arena, struct slice *ret_text)
{
	struct buf decoded = { 0 };
	enum err err = OK;

	if (!http_decode(raw, true, &decoded))
		err = ERR_HTTP_SYNTAX;
	else if (!text_is_valid(buf_slice(&decoded)))
		err = ERR_TEXT_INVALID;
	else
		*ret_text = arena_copy(arena, buf_slice(&decoded));
	buf_finish(&decoded);
	return err;
}

enum err http_query_next(struct slice *rest, struct arena *arena, struct slice *ret_name,
			 struct slice *ret_value)
{
	struct slice pair = SLICE_EMPTY, name, value, raw_name;
	enum err err;

	while (pair.len == 0 && rest->len > 0)
		pair = slice_cut(rest, '&');
	if (pair.len == 0) {
		*ret_name = SLICE_EMPTY;
		*ret_value = SLICE_EMPTY;
		return OK;
	}
	raw_name = slice_cut(&pair, '=');
	err = decode_text(raw_name, arena, &name);
	if (!err)
		err = decode_text(pair, arena, &value);
	if (err)
		return err;
	*ret_name = name;
	*ret_value = value;
	return OK;
}
