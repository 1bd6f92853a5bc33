/*
 * contract_match - the one spelling of hosts, paths and files, and whether a
 * contract covers what is asked.
 */
#include "base/ensure.h"
#include "base/text.h"
#include "chassis/contract.h"

#define HOST_BYTES_MAX 253	/* of a name, by RFC 1035 */
#define LABEL_BYTES_MAX 63
#define URL_PATH_BYTES_MAX 4096
#define FILE_BYTES_MAX 1024
#define VARIABLE_BYTES_MAX 128
#define HEADER_BYTES_MAX 64
#define PORT_MAX 65535

static const uint16_t scheme_ports[] = { [CONTRACT_HTTPS] = 443, [CONTRACT_HTTP_PLAIN] = 80 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(char c, const char *bytes)
{
	return c != '\0' && strchr(bytes, c) != NULL;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The value of a hex digit, or -1. */
static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Cuts a part off; whether a separator, and so another part, came behind it. */
static struct slice cut_part(struct slice *rest, char separator, bool *ret_more)
{
	*ret_more = slice_find_byte(*rest, separator) >= 0;
	return slice_cut(rest, separator);
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static bool label_is_valid(struct slice label)
{
	if (label.len == 0 || label.len > LABEL_BYTES_MAX || label.ptr[0] == '-' ||
	    label.ptr[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!is_alnum(label.ptr[i]) && label.ptr[i] != '-' && label.ptr[i] != '_')
			return false;
	return true;
}

/* What some readers take for a number: 7, 0x7f, 010. */
static bool label_is_number(struct slice label)
{
	size_t i = 0;

	if (label.len >= 2 && label.ptr[0] == '0' && lower(label.ptr[1]) == 'x') {
		for (i = 2; i < label.len && hex_value(label.ptr[i]) >= 0; i++)
			;
		return i == label.len;
	}
	while (i < label.len && is_digit(label.ptr[i]))
		i++;
	return i == label.len;
}

static bool label_is_octet(struct slice label)
{
	int64_t value;

	return label.len <= 3 && is_digit(label.ptr[0]) && (label.len == 1 || label.ptr[0] != '0') &&
	       slice_to_i64(label, &value) && value <= 255;
}

static bool ends_in_number(struct slice host)
{
	size_t start = host.len;

	while (start > 0 && host.ptr[start - 1] != '.')
		start--;
	return label_is_number(slice_from(host, start));
}

bool contract_host_is_valid(struct slice host)
{
	size_t labels = 0, octets = 0;
	struct slice rest = host;
	bool more = true;

	if (host.len == 0 || host.len > HOST_BYTES_MAX)
		return false;
	while (more) {
		struct slice label = cut_part(&rest, '.', &more);

		if (!label_is_valid(label))
			return false;
		labels++;
		octets += label_is_octet(label);
	}
	/* Whoever reads a number at the end reads an address, and some read odd ones. */
	return !ends_in_number(host) || (labels == 4 && octets == 4);
}

bool contract_host_pattern_is_valid(struct slice pattern)
{
	struct slice below = slice_from(pattern, 2);

	if (!slice_starts(pattern, SLICE("*.")))
		return contract_host_is_valid(pattern);
	return contract_host_is_valid(below) && slice_find_byte(below, '.') > 0 &&
	       !ends_in_number(below);
}

/* `name` is `host` itself or a name below it. */
static bool is_at_or_below(struct slice name, struct slice host)
{
	struct slice end;

	if (name.len < host.len)
		return false;
	end = slice_from(name, name.len - host.len);
	return slice_is_nocase(end, host) &&
	       (name.len == host.len || name.ptr[name.len - host.len - 1] == '.');
}

bool contract_host_covers(struct slice wide, struct slice narrow)
{
	bool is_pattern = slice_starts(narrow, SLICE("*."));
	struct slice below;

	if (slice_is_str(wide, "*"))
		return true;
	if (!slice_starts(wide, SLICE("*.")))
		return !is_pattern && slice_is_nocase(wide, narrow);
	below = slice_from(wide, 2);
	if (is_pattern)
		return is_at_or_below(slice_from(narrow, 2), below);
	/* With a label before the dot. */
	return narrow.len > below.len + 1 && is_at_or_below(narrow, below);
}

bool contract_endpoint_read(struct slice endpoint, struct contract_request *ret_place)
{
	struct contract_request place = { .host = SLICE_EMPTY };
	int64_t port;
	bool has_port;

	if (slice_starts(endpoint, SLICE("https://"))) {
		place.scheme = CONTRACT_HTTPS;
		endpoint = slice_from(endpoint, sizeof("https://") - 1);
	} else if (slice_starts(endpoint, SLICE("http://"))) {
		place.scheme = CONTRACT_HTTP_PLAIN;
		endpoint = slice_from(endpoint, sizeof("http://") - 1);
	} else {
		return false;
	}
	place.host = cut_part(&endpoint, ':', &has_port);
	place.port = scheme_ports[place.scheme];
	if (!contract_host_is_valid(place.host))
		return false;
	if (has_port) {
		if (endpoint.len == 0 || !is_digit(endpoint.ptr[0]) || endpoint.ptr[0] == '0' ||
		    !slice_to_i64(endpoint, &port) || port > PORT_MAX)
			return false;
		place.port = (uint16_t)port;
	}
	*ret_place = place;
	return true;
}

void contract_endpoint_write(const struct contract_request *place, struct buf *out)
{
	buf_add_str(out, contract_scheme_names[place->scheme]);
	buf_add_lit(out, "://");
	for (size_t i = 0; i < place->host.len; i++)
		buf_add_byte(out, lower(place->host.ptr[i]));
	if (place->port != scheme_ports[place->scheme]) {
		buf_add_byte(out, ':');
		buf_add_u64(out, place->port);
	}
}

bool contract_credential_fits(const struct contract_credential *credential,
			      const struct contract_request *request)
{
	struct contract_request place;

	return contract_endpoint_read(credential->endpoint, &place) &&
	       contract_host_is_valid(request->host) && place.scheme == request->scheme &&
	       place.port == request->port && slice_is_nocase(place.host, request->host);
}

/* ---- paths of URLs --------------------------------------------------------------------------- */

/* Decodes %XX at the start of the text; false when it is none or has no business there. */
static bool decode_percent(struct slice text, char *ret_byte)
{
	int high = text.len >= 3 ? hex_value(text.ptr[1]) : -1;
	int low = text.len >= 3 ? hex_value(text.ptr[2]) : -1;
	int byte = high * 16 + low;

	if (high < 0 || low < 0 || byte < 0x20 || byte == 0x7f)
		return false;
	*ret_byte = (char)byte;
	return !is_alnum((char)byte) && !is_one_of((char)byte, "-._~/\\%");
}

/* `.` and `..`, also with a parameter behind it, which some servers cut off. */
static bool is_dot_part(struct slice part)
{
	struct slice name = slice_cut(&part, ';');

	return slice_is_str(name, ".") || slice_is_str(name, "..");
}

bool contract_path_is_normal(struct slice path)
{
	char decoded[URL_PATH_BYTES_MAX];
	size_t len = 0;
	struct slice rest;
	bool more = true;

	if (path.len == 0 || path.len > URL_PATH_BYTES_MAX || path.ptr[0] != '/')
		return false;
	for (size_t i = 0; i < path.len; i++, len++) {
		decoded[len] = path.ptr[i];
		if (path.ptr[i] == '%') {
			if (!decode_percent(slice_from(path, i), &decoded[len]))
				return false;
			i += 2;
		} else if (!is_alnum(path.ptr[i]) &&
			   !is_one_of(path.ptr[i], "-._~!$&'()*+,;=:@/")) {
			return false;
		}
	}
	rest = slice_of(decoded + 1, len - 1);
	while (more) {
		struct slice part = cut_part(&rest, '/', &more);

		if (is_dot_part(part) || (part.len == 0 && more))
			return false;
	}
	/* Over-long UTF-8 is a slash to some. */
	return text_is_valid(slice_of(decoded, len));
}

bool contract_path_pattern_is_valid(struct slice pattern)
{
	struct slice rest = slice_from(pattern, 1);
	bool more = true;

	if (!contract_path_is_normal(pattern))
		return false;
	while (more) {
		struct slice part = cut_part(&rest, '/', &more);
		bool is_star = slice_is_str(part, "*") || (!more && slice_is_str(part, "**"));

		if (!is_star && slice_find_byte(part, '*') >= 0)
			return false;
	}
	return true;
}

/* Byte for byte, but %c3 is %C3. */
static bool same_part(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		bool in_hex = (i >= 1 && a.ptr[i - 1] == '%') || (i >= 2 && a.ptr[i - 2] == '%');

		if (a.ptr[i] != b.ptr[i] && !(in_hex && lower(a.ptr[i]) == lower(b.ptr[i])))
			return false;
	}
	return true;
}

/* Of a pattern that is one and a path in its normal form. */
static bool matches(struct slice pattern, struct slice path)
{
	bool more = true;

	pattern = slice_from(pattern, 1);
	path = slice_from(path, 1);
	while (more) {
		bool more_path;
		struct slice wanted = cut_part(&pattern, '/', &more), part;

		if (!more && slice_is_str(wanted, "**"))
			return true;
		part = cut_part(&path, '/', &more_path);
		if (more != more_path)
			return false;
		if (slice_is_str(wanted, "*") ? part.len == 0 : !same_part(wanted, part))
			return false;
	}
	return true;
}

bool contract_path_covers(struct slice pattern, struct slice path)
{
	return contract_path_pattern_is_valid(pattern) && contract_path_is_normal(path) &&
	       matches(pattern, path);
}

/* ---- requests -------------------------------------------------------------------------------- */

static bool is_on_port(const struct contract_http *rule, const struct contract_request *request)
{
	for (size_t i = 0; i < rule->port_count; i++)
		if (rule->ports[i] == request->port)
			return rule->scheme == (int64_t)request->scheme;
	return false;
}

/* How far the rule goes along with the request, whose host and path are spelt right. */
static enum contract_ground rule_covers(const struct contract_http *rule,
					const struct contract_request *request)
{
	if (!contract_host_covers(rule->host, request->host))
		return CONTRACT_NO_HOST;
	if (!is_on_port(rule, request))
		return CONTRACT_NO_PORT;
	if (!slice_list_has(rule->methods, request->method))
		return CONTRACT_NO_METHOD;
	for (size_t i = 0; i < rule->paths.count; i++)
		if (matches(rule->paths.items[i], request->path))
			return CONTRACT_COVERED;
	return CONTRACT_NO_PATH;
}

static bool host_is_denied(const struct contract *contract, struct slice host)
{
	for (size_t i = 0; i < contract->hosts_denied.count; i++)
		if (contract_host_covers(contract->hosts_denied.items[i], host))
			return true;
	return false;
}

int contract_http_rule(const struct contract *contract, const struct contract_request *request,
		       enum contract_ground *ret_ground)
{
	*ret_ground = CONTRACT_NO_HOST;
	if (!contract_host_is_valid(request->host))
		*ret_ground = CONTRACT_HOST_ODD;
	else if (!contract_path_is_normal(request->path))
		*ret_ground = CONTRACT_PATH_ODD;
	else if (host_is_denied(contract, request->host))
		*ret_ground = CONTRACT_HOST_DENIED;
	if (*ret_ground != CONTRACT_NO_HOST)
		return CONTRACT_NO_RULE;
	for (size_t i = 0; i < contract->http_count; i++) {
		enum contract_ground ground = rule_covers(&contract->http[i], request);

		if (ground == CONTRACT_COVERED) {
			*ret_ground = ground;
			return (int)i;
		}
		/* They stand in the order in which a rule is gone through. */
		if (ground > *ret_ground)
			*ret_ground = ground;
	}
	return CONTRACT_NO_RULE;
}

bool contract_reaches(const struct contract *contract, const struct contract_request *place)
{
	if (!contract_host_is_valid(place->host) || host_is_denied(contract, place->host))
		return false;
	for (size_t i = 0; i < contract->http_count; i++)
		if (is_on_port(&contract->http[i], place) &&
		    contract_host_covers(contract->http[i].host, place->host))
			return true;
	return false;
}

static void add_place(struct buf *out, const struct contract_request *request)
{
	buf_add_str(out, contract_scheme_names[request->scheme]);
	buf_add_lit(out, " on port ");
	buf_add_u64(out, request->port);
	buf_add_lit(out, " of ");
	buf_add_slice(out, request->host);
}

void contract_ground_explain(const struct contract_request *request, enum contract_ground ground,
			     struct buf *out)
{
	switch (ground) {
	case CONTRACT_COVERED:
		buf_add_lit(out, "the contract allows it");
		return;
	case CONTRACT_HOST_ODD:
		buf_add_lit(out, "the host is not written in the one way that is taken");
		return;
	case CONTRACT_PATH_ODD:
		buf_add_lit(out, "the path is not in its normal form");
		return;
	case CONTRACT_HOST_DENIED:
		buf_add_lit(out, "the contract denies host ");
		buf_add_slice(out, request->host);
		return;
	case CONTRACT_NO_HOST:
		buf_add_lit(out, "no rule of the contract is for host ");
		buf_add_slice(out, request->host);
		return;
	case CONTRACT_NO_PORT:
		buf_add_lit(out, "no rule of the contract is for ");
		add_place(out, request);
		return;
	case CONTRACT_NO_METHOD:
		buf_add_lit(out, "no rule of the contract allows this method for ");
		add_place(out, request);
		return;
	case CONTRACT_NO_PATH:
		buf_add_lit(out, "no rule of the contract allows this path for ");
		add_place(out, request);
		return;
	case CONTRACT_GROUND_COUNT:
	default:
		BUG("a ground");
	}
}

/* ---- files and variables --------------------------------------------------------------------- */

/* Controls, and what changes how the rest of a line looks. */
static bool is_unseen(uint32_t code_point)
{
	return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) ||
	       (code_point >= 0x200b && code_point <= 0x200f) ||
	       (code_point >= 0x2028 && code_point <= 0x202e) ||
	       (code_point >= 0x2060 && code_point <= 0x206f) || code_point == 0xfeff;
}

static bool is_all_seen(struct slice text)
{
	while (text.len) {
		uint32_t code_point;
		size_t len = text_decode(text, &code_point);

		if (len == 0 || is_unseen(code_point))
			return false;
		text = slice_from(text, len);
	}
	return true;
}

bool contract_file_is_normal(struct slice path)
{
	bool more = true;

	if (path.len == 0 || path.len > FILE_BYTES_MAX || !is_all_seen(path))
		return false;
	if (slice_is_str(path, "."))
		return true;
	if (path.ptr[0] == '/')
		path = slice_from(path, 1);
	while (more) {
		struct slice part = cut_part(&path, '/', &more);

		if (part.len == 0 || slice_is_str(part, ".") || slice_is_str(part, ".."))
			return false;
	}
	return true;
}

bool contract_file_is_grantable(struct slice path)
{
	for (size_t i = 0; i < path.len; i++)
		if (is_one_of(path.ptr[i], "*?#%[]\\"))
			return false;
	return contract_file_is_normal(path);
}

/* The part of `path` below `folder`, which is empty for the folder itself; false: not below. */
static bool cut_folder(struct slice path, struct slice folder, struct slice *ret_below)
{
	*ret_below = SLICE_EMPTY;
	if (slice_is(path, folder))
		return true;
	if (slice_is_str(folder, ".")) {
		*ret_below = path;
		return path.ptr[0] != '/';
	}
	if (!slice_starts(path, folder) || path.ptr[folder.len] != '/')
		return false;
	*ret_below = slice_from(path, folder.len + 1);
	return true;
}

static bool storage_covers(const struct contract_storage *storage, struct slice path)
{
	struct slice below;

	if (!cut_folder(path, storage->path, &below))
		return false;
	switch ((enum contract_reach)storage->reach) {
	case CONTRACT_REACH_SELF: return below.len == 0;
	case CONTRACT_REACH_CHILDREN: return slice_find_byte(below, '/') < 0;
	case CONTRACT_REACH_TREE: return true;
	case CONTRACT_REACH_COUNT:
	default: BUG("a reach");
	}
}

bool contract_may_read(const struct contract *contract, struct slice path)
{
	struct slice below;

	if (!contract_file_is_normal(path))
		return false;
	for (size_t i = 0; i < contract->files_denied.count; i++)
		if (cut_folder(path, contract->files_denied.items[i], &below))
			return false;
	for (size_t i = 0; i < contract->storage_count; i++)
		if (storage_covers(&contract->storage[i], path))
			return true;
	return false;
}

bool contract_variable_is_valid(struct slice name)
{
	if (name.len == 0 || name.len > VARIABLE_BYTES_MAX || is_digit(name.ptr[0]))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_alnum(name.ptr[i]) && name.ptr[i] != '_')
			return false;
	return true;
}

bool contract_may_see_variable(const struct contract *contract, struct slice name)
{
	return slice_list_has(contract->environment, name);
}

bool contract_requires(const struct contract *contract, enum contract_layer layer)
{
	return slice_list_has(contract->requires, slice_of_str(contract_layer_names[layer]));
}

bool contract_header_is_valid(struct slice name)
{
	/* They say how the message is sent, or to whom: the proxy's to write. */
	static const char *const kept[] = {
		"connection", "content-length", "expect", "host", "http2-settings", "keep-alive",
		"proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
	};

	if (name.len == 0 || name.len > HEADER_BYTES_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_alnum(name.ptr[i]) && !is_one_of(name.ptr[i], "-_"))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (slice_is_nocase(name, slice_of_str(kept[i])))
			return false;
	return true;
}
