#include "api/http_head.h"

#include "api/http_parse.h"
#include "base/text.h"

/* The headers that decide where a request ends and whom it is for. */
struct found {
	size_t hosts;
	size_t lengths;
	size_t encodings;
	struct slice host;
	struct slice length;
	struct slice encoding;
	struct slice expect;
};

static enum err refuse(enum err err, const char *detail, const char **ret_detail)
{
	*ret_detail = detail;
	return err;
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

/* The byte that the escape at the start of `text` stands for; 0 when it is none that may be. */
static unsigned char unescape(struct slice text)
{
	int high = text.len >= 3 ? hex_value(text.ptr[1]) : -1;
	int low = text.len >= 3 ? hex_value(text.ptr[2]) : -1;

	return high < 0 || low < 0 ? 0 : (unsigned char)(high * 16 + low);
}

bool http_decode(struct slice text, bool plus_is_space, struct buf *out)
{
	buf_reserve(out, text.len);
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.ptr[i];

		if (byte == '%') {
			byte = (char)unescape(slice_from(text, i));
			if (byte == '\0')
				return false;
			i += 2;
		} else if (byte == '+' && plus_is_space) {
			byte = ' ';
		}
		buf_add_byte(out, byte);
	}
	return true;
}

/* RFC 9110 token: what a header's name may be made of. */
static bool byte_is_token(char byte)
{
	if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	    (byte >= '0' && byte <= '9') || byte == '-')
		return true;
	return byte != '\0' && strchr("!#$%&'*+.^_`|~", byte) != NULL;
}

static bool is_token(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!byte_is_token(name.ptr[i]))
			return false;
	}
	return name.len > 0;
}

static void note_header(struct found *found, const struct http_header *header)
{
	switch (header->name.len) {
	case 4:
		if (slice_is_nocase(header->name, SLICE("host"))) {
			found->hosts++;
			found->host = header->value;
		}
		break;
	case 6:
		if (slice_is_nocase(header->name, SLICE("expect")))
			found->expect = header->value;
		break;
	case 14:
		if (slice_is_nocase(header->name, SLICE("content-length"))) {
			found->lengths++;
			found->length = header->value;
		}
		break;
	case 17:
		if (slice_is_nocase(header->name, SLICE("transfer-encoding"))) {
			found->encodings++;
			found->encoding = header->value;
		}
		break;
	default:
		break;
	}
}

static bool length_of(struct slice text, size_t *ret_len)
{
	int64_t len;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
	}
	if (!slice_to_i64(text, &len))
		return false;
	*ret_len = (size_t)len;
	return true;
}

/* Where the body ends must be said once, in one way. */
static enum err read_framing(const struct found *found, bool parser_says_chunked,
			     struct http_head *head, const char **ret_detail)
{
	if (found->lengths > 1)
		return refuse(ERR_HTTP_SYNTAX, "Content-Length is given more than once", ret_detail);
	if (found->encodings > 1)
		return refuse(ERR_HTTP_SYNTAX, "Transfer-Encoding is given more than once",
			      ret_detail);
	if (found->lengths && found->encodings)
		return refuse(ERR_HTTP_SYNTAX, "both Content-Length and Transfer-Encoding are given",
			      ret_detail);
	if (found->encodings && head->request.is_http_1_0)
		return refuse(ERR_HTTP_SYNTAX, "HTTP/1.0 has no Transfer-Encoding", ret_detail);
	if (found->encodings && !slice_is_nocase(found->encoding, SLICE("chunked")))
		return refuse(ERR_HTTP_SYNTAX, "the only Transfer-Encoding taken is chunked",
			      ret_detail);
	if (parser_says_chunked != (found->encodings == 1))
		return refuse(ERR_HTTP_SYNTAX, "Transfer-Encoding is not clear", ret_detail);
	if (found->lengths && !length_of(found->length, &head->body_len))
		return refuse(ERR_HTTP_SYNTAX, "Content-Length is not a number of bytes",
			      ret_detail);
	head->is_chunked = found->encodings == 1;
	head->request.has_body = found->lengths || found->encodings;
	return OK;
}

static enum err read_host(const struct found *found, struct http_head *head,
			  const char **ret_detail)
{
	if (found->hosts > 1)
		return refuse(ERR_HTTP_SYNTAX, "Host is given more than once", ret_detail);
	if (found->hosts == 0 && !head->request.is_http_1_0)
		return refuse(ERR_HTTP_SYNTAX, "HTTP/1.1 needs a Host header", ret_detail);
	head->request.host = found->host;
	return OK;
}

static enum err read_expect(const struct found *found, struct http_head *head,
			    const char **ret_detail)
{
	if (!found->expect.ptr || head->request.is_http_1_0)
		return OK;
	if (!slice_is_nocase(found->expect, SLICE("100-continue")))
		return refuse(ERR_EXPECTATION_FAILED, NULL, ret_detail);
	head->expects_continue = true;
	return OK;
}

static bool target_is_plain(struct slice target)
{
	for (size_t i = 0; i < target.len; i++) {
		unsigned char byte = (unsigned char)target.ptr[i];

		if (byte <= ' ' || byte >= 0x7f || byte == '#')
			return false;
	}
	return target.len > 0;
}

/*
 * Cuts "http://host" off an absolute target, which names the host that
 * counts. False when it is none.
 */
static bool cut_authority(struct slice *target, struct slice *ret_host)
{
	struct slice rest = slice_from(*target, 7);
	size_t end = 0;

	if (!slice_is_nocase(slice_head(*target, 7), SLICE("http://")))
		return false;
	while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
		end++;
	if (end == 0 || slice_find_byte(slice_head(rest, end), '@') >= 0)
		return false;
	*ret_host = slice_head(rest, end);
	*target = slice_from(rest, end);
	return true;
}

/*
 * An escaped slash is refused: decoded it would be taken for one that
 * parts the path, and what a path means must not depend on who decodes it.
 */
static enum err decode_path(struct slice raw, struct buf *path, struct slice *ret_path,
			    const char **ret_detail)
{
	if (slice_find_byte(raw, '%') < 0) {
		*ret_path = raw;
		return OK;
	}
	if (slice_find(raw, SLICE("%2F")) >= 0 || slice_find(raw, SLICE("%2f")) >= 0)
		return refuse(ERR_HTTP_SYNTAX, "the path holds an escaped slash", ret_detail);
	buf_clear(path);
	if (!http_decode(raw, false, path))
		return refuse(ERR_HTTP_SYNTAX, "the path holds a bad escape", ret_detail);
	if (!text_is_valid(buf_slice(path)))
		return refuse(ERR_TEXT_INVALID, "the path is not UTF-8", ret_detail);
	*ret_path = buf_slice(path);
	return OK;
}

static enum err read_target(struct slice target, struct buf *path, bool is_proxy,
			    struct http_head *head, const char **ret_detail)
{
	struct http_request *request = &head->request;
	struct slice raw;

	if (target.len > HTTP_URL_BYTES_MAX)
		return refuse(ERR_LIMIT_EXCEEDED, "http_url_bytes_max: the URL may take "
			      HTTP_TEXT_OF(HTTP_URL_BYTES_MAX) " bytes", ret_detail);
	if (!target_is_plain(target))
		return refuse(ERR_HTTP_SYNTAX, "the URL holds a byte that must be escaped",
			      ret_detail);
	request->target = target;
	if (is_proxy) {
		request->path = target;
		return OK;
	}
	if (slice_is(target, SLICE("*")) && slice_is(request->method, SLICE("OPTIONS"))) {
		request->path = target;
		return OK;
	}
	if (target.ptr[0] != '/' && !cut_authority(&target, &request->host))
		return refuse(ERR_HTTP_SYNTAX, "the URL is neither a path nor begins with http://",
			      ret_detail);
	raw = slice_cut(&target, '?');
	request->query = target;
	if (raw.len == 0)
		raw = SLICE("/");
	return decode_path(raw, path, &request->path, ret_detail);
}

enum err http_head_read(struct slice bytes, struct http_header headers[HTTP_HEADERS_MAX],
			struct buf *path, bool is_proxy, struct http_head *ret_head,
			const char **ret_detail)
{
	struct http_parsed parsed;
	struct found found = { 0 };
	enum err err;

	*ret_head = (struct http_head){ 0 };
	*ret_detail = NULL;
	if (slice_starts(bytes, SLICE("PRI * HTTP/2.0\r\n")))
		return refuse(ERR_HTTP_VERSION, "HTTP/2 is not spoken here", ret_detail);
	err = http_parse_head(bytes, headers, &parsed, ret_detail);
	if (err)
		return err;
	if (parsed.major != 1 || parsed.minor > 1)
		return refuse(ERR_HTTP_VERSION, NULL, ret_detail);
	for (size_t i = 0; i < parsed.header_count; i++) {
		if (!is_token(headers[i].name))
			return refuse(ERR_HTTP_SYNTAX, "a header's name is malformed", ret_detail);
		note_header(&found, &headers[i]);
	}
	ret_head->request.method = slice_head(bytes, (size_t)slice_find_byte(bytes, ' '));
	ret_head->request.headers = headers;
	ret_head->request.header_count = parsed.header_count;
	ret_head->request.is_http_1_0 = parsed.minor == 0;
	ret_head->keep_alive = parsed.keep_alive;
	err = read_framing(&found, parsed.is_chunked, ret_head, ret_detail);
	if (!err)
		err = read_host(&found, ret_head, ret_detail);
	if (!err)
		err = read_target(parsed.target, path, is_proxy, ret_head, ret_detail);
	return err ? err : read_expect(&found, ret_head, ret_detail);
}
