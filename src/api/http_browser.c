#include "api/http_browser.h"

#define PORT_OF_HTTP 80		/* meant when none is named */

/* 127.x.y.z: a literal address cannot be pointed elsewhere, so all of them are safe. */
static bool is_loopback_ipv4(struct slice name)
{
	size_t parts = 0;

	if (!slice_starts(name, SLICE("127.")))
		return false;
	while (name.len > 0) {
		struct slice part = slice_cut(&name, '.');
		int64_t number;

		if (!slice_to_i64(part, &number) || number < 0 || number > 255)
			return false;
		parts++;
	}
	return parts == 4;
}

static bool is_loopback_name(struct slice name)
{
	return slice_is_nocase(name, SLICE("localhost")) || slice_is(name, SLICE("[::1]")) ||
	       is_loopback_ipv4(name);
}

/* host[:port], the host in brackets when it is an IPv6 address. */
static bool authority_is_ours(struct slice authority, int port)
{
	size_t name_len = 0;
	struct slice rest;
	int64_t named = PORT_OF_HTTP;

	if (authority.len && authority.ptr[0] == '[') {
		while (name_len < authority.len && authority.ptr[name_len] != ']')
			name_len++;
		name_len++;
	} else {
		while (name_len < authority.len && authority.ptr[name_len] != ':')
			name_len++;
	}
	if (name_len > authority.len || !is_loopback_name(slice_head(authority, name_len)))
		return false;
	rest = slice_from(authority, name_len);
	if (rest.len && (rest.ptr[0] != ':' || !slice_to_i64(slice_from(rest, 1), &named)))
		return false;
	return named == port;
}

enum err http_check_browser(const struct http_request *request, int port, const char **ret_detail)
{
	const struct slice scheme = SLICE("http://");

	if (!authority_is_ours(request->host, port)) {
		*ret_detail = "the Host is not this daemon's loopback address and port";
		return ERR_ORIGIN_DENIED;
	}
	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_header *header = &request->headers[i];

		if (!slice_is_nocase(header->name, SLICE("origin")))
			continue;
		if (!slice_starts(header->value, scheme) ||
		    !authority_is_ours(slice_from(header->value, scheme.len), port)) {
			*ret_detail = "the Origin is not this daemon";
			return ERR_ORIGIN_DENIED;
		}
	}
	return OK;
}
