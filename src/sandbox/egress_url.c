#include "sandbox/egress_url.h"

#include <curl/curl.h>
#include <stddef.h>

static enum err refuse(struct buf *detail, const char *why)
{
	buf_add_lit(detail, "the URL ");
	buf_add_str(detail, why);
	return ERR_EGRESS_REQUEST;
}

void egress_url_finish(struct egress_url *url)
{
	buf_finish(&url->host);
	buf_finish(&url->path);
	buf_finish(&url->whole);
}

static enum err check_bytes(struct slice text, struct buf *detail)
{
	if (text.len > EGRESS_URL_BYTES_MAX)
		return refuse(detail, "takes more than 8192 bytes");
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.ptr[i];

		if (byte <= 0x20 || byte >= 0x7f)
			return refuse(detail, "holds a byte that must be escaped; names of hosts are "
					      "written in ASCII (xn--...)");
		if (byte == '\\')
			return refuse(detail, "holds a backslash, which some read as a slash");
		if (byte == '#')
			return refuse(detail, "has a fragment, which is never sent");
	}
	return OK;
}

static bool part_of(CURLU *parts, CURLUPart which, unsigned flags, struct buf *out)
{
	char *text = NULL;

	if (curl_url_get(parts, which, &text, flags) != CURLUE_OK || !text)
		return false;
	buf_add_str(out, text);
	curl_free(text);
	return true;
}

/* What stands between the two slashes and the path, as it was written. */
static struct slice written_authority(struct slice text)
{
	ptrdiff_t at = slice_find(text, SLICE("://"));
	struct slice rest = at < 0 ? SLICE_EMPTY : slice_from(text, (size_t)at + 3);
	size_t len = 0;

	while (len < rest.len && rest.ptr[len] != '/' && rest.ptr[len] != '?')
		len++;
	return slice_head(rest, len);
}

/* host, or host:port with the port in plain digits. */
static bool is_as_written(struct slice authority, const struct egress_url *url, bool has_port)
{
	struct slice rest = authority;
	struct slice host = slice_cut(&rest, ':');
	int64_t port;

	if (!slice_is_nocase(host, buf_slice(&url->host)))
		return false;
	if (host.len == authority.len)
		return !has_port;
	return has_port && rest.len >= 1 && rest.len <= 5 && rest.ptr[0] != '0' &&
	       rest.ptr[0] != '+' && slice_to_i64(rest, &port) && port == url->port;
}

static bool read_scheme(struct slice name, struct egress_url *url)
{
	if (slice_is(name, SLICE("https")))
		url->scheme = CONTRACT_HTTPS;
	else if (slice_is(name, SLICE("http")))
		url->scheme = CONTRACT_HTTP_PLAIN;
	else
		return false;
	url->port = url->scheme == CONTRACT_HTTPS ? 443 : 80;
	return true;
}

static enum err read_parts(CURLU *parts, struct slice text, struct egress_url *url,
			   struct buf *detail)
{
	struct buf scheme = { 0 }, port = { 0 }, query = { 0 };
	bool has_scheme = part_of(parts, CURLUPART_SCHEME, 0, &scheme) &&
			  read_scheme(buf_slice(&scheme), url);
	bool has_port = part_of(parts, CURLUPART_PORT, 0, &port);
	int64_t number;
	enum err err = OK;

	if (has_port && slice_to_i64(buf_slice(&port), &number) && number > 0 && number <= 65535)
		url->port = (uint16_t)number;
	else if (has_port)
		err = refuse(detail, "has a port that is none");
	if (err == OK && !has_scheme)
		err = refuse(detail, "does not begin with https:// or http://");
	if (err == OK && !part_of(parts, CURLUPART_HOST, 0, &url->host))
		err = refuse(detail, "names no host");
	for (size_t i = 0; i < url->host.len; i++)
		if (url->host.ptr[i] >= 'A' && url->host.ptr[i] <= 'Z')
			url->host.ptr[i] = (char)(url->host.ptr[i] - 'A' + 'a');
	if (err == OK && !part_of(parts, CURLUPART_PATH, 0, &url->path))
		err = refuse(detail, "has no path");
	if (err == OK && !is_as_written(written_authority(text), url, has_port))
		err = refuse(detail,
			     "names its host or port otherwise than it would be understood");
	if (err == OK) {
		buf_add_slice(&url->whole, buf_slice(&scheme));
		buf_add_lit(&url->whole, "://");
		buf_add_slice(&url->whole, buf_slice(&url->host));
		buf_add_byte(&url->whole, ':');
		buf_add_u64(&url->whole, url->port);
		buf_add_slice(&url->whole, buf_slice(&url->path));
		if (part_of(parts, CURLUPART_QUERY, 0, &query)) {
			buf_add_byte(&url->whole, '?');
			buf_add_slice(&url->whole, buf_slice(&query));
		}
	}
	buf_finish(&scheme);
	buf_finish(&port);
	buf_finish(&query);
	return err;
}

enum err egress_url_read(struct slice text, struct egress_url *ret_url, struct buf *detail)
{
	struct egress_url url = { 0 };
	struct buf copy = { 0 };
	CURLU *parts;
	enum err err = check_bytes(text, detail);

	if (err != OK)
		return err;
	parts = curl_url();
	buf_add_slice(&copy, text);
	/* As it is: a path that would have to be mended is judged as it was written. */
	if (!parts || curl_url_set(parts, CURLUPART_URL, buf_str(&copy),
				   CURLU_DISALLOW_USER | CURLU_PATH_AS_IS |
					   CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		err = refuse(detail, "is none that libcurl takes, or holds a name or password");
	else
		err = read_parts(parts, text, &url, detail);
	curl_url_cleanup(parts);
	buf_finish(&copy);
	if (err == OK)
		*ret_url = url;
	else
		egress_url_finish(&url);
	return err;
}
