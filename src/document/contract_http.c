/*
 * contract_http - a contract's rules of what may be asked of hosts, and the
 * secrets that go along.
 */
#include "base/ensure.h"
#include "base/sort.h"
#include "document/contract_read.h"

/* ---- what the parts share -------------------------------------------------------------------- */

static int compare_slices(const void *a, const void *b)
{
	return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

struct slice_list contract_sorted(struct field_reader *reader, struct slice_list list)
{
	struct slice *items = arena_zero(reader->arena, list.count + 1, sizeof(*items));

	for (size_t i = 0; i < list.count; i++)
		items[i] = list.items[i];
	sort_items(items, list.count, sizeof(*items), compare_slices);
	return (struct slice_list){ items, list.count };
}

struct slice contract_lower(struct field_reader *reader, struct slice text)
{
	char *copy = arena_zero(reader->arena, text.len + 1, 1);

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		copy[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return slice_of(copy, text.len);
}

const struct slice *contract_denied_by(const struct contract *contract, struct slice host)
{
	for (size_t i = 0; i < contract->hosts_denied.count; i++)
		if (contract_host_covers(contract->hosts_denied.items[i], host))
			return &contract->hosts_denied.items[i];
	return NULL;
}

/* ---- a rule ---------------------------------------------------------------------------------- */

static void add_port(struct field_reader *reader, const struct tree *list, const struct tree *item,
		     size_t index, struct contract_http *http)
{
	int64_t port = 0;
	size_t at = http->port_count;

	if (item->kind != TREE_INT || !slice_to_i64(item->text, &port) || port < 1 ||
	    port > UINT16_MAX) {
		fields_item_error(reader, list, index, item->line, "\"%.*s\" is not a port, 1 to 65535",
				  SHOW(item->text));
		return;
	}
	while (at > 0 && http->ports[at - 1] > port)
		at--;
	if (at > 0 && http->ports[at - 1] == port) {
		fields_item_error(reader, list, index, item->line, "%lld occurs twice",
				  (long long)port);
		return;
	}
	for (size_t i = http->port_count; i > at; i--)
		http->ports[i] = http->ports[i - 1];
	http->ports[at] = (uint16_t)port;
	http->port_count++;
}

/* A list of numbers; one number stands for a list of one. Left out: the scheme's own. */
static void read_ports(struct field_reader *reader, const struct tree *map,
		       struct contract_http *http)
{
	const struct tree *list = tree_get(map, SLICE("ports"));
	size_t index = 0;

	if (!list) {
		http->ports[0] = http->scheme == CONTRACT_HTTPS ? 443 : 80;
		http->port_count = 1;
		return;
	}
	if (list->kind == TREE_INT) {
		add_port(reader, list, list, 0, http);
		return;
	}
	list = fields_member(reader, map, "ports", TREE_LIST);
	if (!list)
		return;
	if (list->count > CONTRACT_PORTS_MAX) {
		fields_error(reader, list->key_line, list->key, "has %zu items; the limit is %d",
			     list->count, CONTRACT_PORTS_MAX);
		return;
	}
	for (const struct tree *item = list->first; item; item = item->next)
		add_port(reader, list, item, index++, http);
}

static void check_paths(struct field_reader *reader, const struct tree *map,
			struct slice_list paths)
{
	const struct tree *list = tree_get(map, SLICE("paths"));
	const struct tree *item = list && list->kind == TREE_LIST ? list->first : list;

	for (size_t i = 0; item; i++) {
		bool was_read = item->kind != TREE_LIST && item->kind != TREE_MAP &&
				slice_list_has(paths, item->text);

		if (was_read && !contract_path_pattern_is_valid(item->text))
			fields_item_error(reader, list, i, item->line,
					  "\"%.*s\" is not a path in its normal form, with * as a "
					  "part or /** at the end", SHOW(item->text));
		item = item == list ? NULL : item->next;
	}
}

/* The host is one that the policy allows. */
static void check_host(struct field_reader *reader, const struct tree *map,
		       const struct contract *contract, const struct contract_http *http,
		       struct policy_grants *grants)
{
	const struct tree *member = tree_get(map, SLICE("host"));
	const struct slice *denied = contract_denied_by(contract, http->host);
	bool is_allowed = false;

	if (!contract_host_pattern_is_valid(http->host)) {
		fields_error(reader, member->line, member->key,
			     "\"%.*s\" is not a host such as api.example.com or *.example.com",
			     SHOW(http->host));
		return;
	}
	for (size_t i = 0; i < grants->host_count; i++) {
		if (!contract_host_covers(grants->hosts[i].host, http->host))
			continue;
		grants->hosts[i].has_rule = true;
		is_allowed = true;
	}
	if (!is_allowed)
		fields_error(reader, member->line, member->key,
			     "\"%.*s\" is not allowed by policy.permissions.network",
			     SHOW(http->host));
	else if (denied)
		fields_remark(reader, member->line, member->key,
			      "never speaks: the policy denies \"%.*s\"", SHOW(*denied));
}

static void remark_empty(struct field_reader *reader, const struct tree *map, const char *key)
{
	const struct tree *list = tree_get(map, slice_of_str(key));

	if (list && list->kind == TREE_LIST && list->count == 0)
		fields_remark(reader, list->key_line, list->key, "is empty: the rule grants nothing");
}

static void read_rule(struct field_reader *reader, const struct tree *map,
		      const struct contract *contract, struct policy_grants *grants,
		      struct contract_http *ret_http)
{
	static const char *const others[] = { "ports", NULL };
	const struct contract_http initial = contract_http_default();
	struct contract_http http;

	fields_read(reader, map, &contract_http_schema, others, "a rule of http", &http);
	http.host = contract_lower(reader, http.host);
	http.port_count = 0;
	if (!tree_get(map, SLICE("methods")))
		http.methods = initial.methods;
	if (!tree_get(map, SLICE("paths")))
		http.paths = initial.paths;
	read_ports(reader, map, &http);
	check_paths(reader, map, http.paths);
	if (http.host.len)
		check_host(reader, map, contract, &http, grants);
	remark_empty(reader, map, "methods");
	remark_empty(reader, map, "paths");
	remark_empty(reader, map, "ports");
	http.methods = contract_sorted(reader, http.methods);
	http.paths = contract_sorted(reader, http.paths);
	*ret_http = http;
}

/* ---- all rules ------------------------------------------------------------------------------- */

/* Without rules of its own, each host of the policy has the least one. */
static void default_rules(struct field_reader *reader, const struct policy_grants *grants,
			  struct contract *contract)
{
	struct contract_http *rules = arena_zero(reader->arena, CONTRACT_HTTP_MAX, sizeof(*rules));

	for (size_t i = 0; i < grants->host_count; i++) {
		rules[i] = contract_http_default();
		rules[i].host = grants->hosts[i].host;
	}
	contract->http = rules;
	contract->http_count = grants->host_count;
}

void contract_http_read(struct field_reader *reader, const struct tree *root,
			struct contract *contract, struct policy_grants *grants)
{
	const struct tree *list = fields_member(reader, root, "http", TREE_LIST);
	struct contract_http *rules;
	size_t count = 0, index = 0;

	if (!tree_get(root, SLICE("http")))
		default_rules(reader, grants, contract);
	if (!list)
		return;
	if (list->count > CONTRACT_HTTP_MAX) {
		fields_error(reader, list->key_line, list->key, "has %zu rules; the limit is %d",
			     list->count, CONTRACT_HTTP_MAX);
		return;
	}
	rules = arena_zero(reader->arena, CONTRACT_HTTP_MAX, sizeof(*rules));
	for (const struct tree *map = list->first; map; map = map->next, index++) {
		fields_enter(reader, "http[%zu]", index);
		if (map->kind == TREE_MAP)
			read_rule(reader, map, contract, grants, &rules[count++]);
		else
			fields_error(reader, map->line, SLICE_EMPTY, "is %s, not a map",
				     tree_kind_name(map->kind));
	}
	contract->http = rules;
	contract->http_count = count;
	for (size_t i = 0; i < grants->host_count; i++) {
		fields_enter(reader, "policy.permissions.network.allow[%zu]", grants->hosts[i].index);
		if (!grants->hosts[i].has_rule)
			fields_remark(reader, grants->hosts[i].line, SLICE("host"),
				      "no rule of http is for it: nothing can be asked of it");
	}
	fields_leave(reader);
}

/* ---- credentials ----------------------------------------------------------------------------- */

static void read_endpoint(struct field_reader *reader, const struct tree *map,
			  const struct contract *contract, struct contract_credential *credential)
{
	const struct tree *member = tree_get(map, SLICE("endpoint"));
	struct contract_request place;
	struct buf canonical = { 0 };

	if (credential->endpoint.len == 0)
		return;
	if (!contract_endpoint_read(credential->endpoint, &place)) {
		fields_error(reader, member->line, member->key,
			     "\"%.*s\" is not https://host or https://host:port, with no path",
			     SHOW(credential->endpoint));
		return;
	}
	if (!contract_reaches(contract, &place))
		fields_error(reader, member->line, member->key,
			     "no rule of http is for \"%.*s\": the secret would go nowhere",
			     SHOW(credential->endpoint));
	else if (place.scheme == CONTRACT_HTTP_PLAIN)
		fields_remark(reader, member->line, member->key,
			      "is http: everybody on the way can read the secret");
	contract_endpoint_write(&place, &canonical);
	credential->endpoint = arena_copy(reader->arena, buf_slice(&canonical));
	buf_finish(&canonical);
}

static bool is_printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e)
			return false;
	return true;
}

static void read_credential(struct field_reader *reader, const struct tree *map,
			    const struct contract *contract, struct contract_credential *all,
			    size_t count)
{
	struct contract_credential *credential = &all[count];

	fields_read(reader, map, &contract_credential_schema, NULL, "a credential", credential);
	if (credential->header.len && !contract_header_is_valid(credential->header))
		fields_error(reader, tree_get(map, SLICE("header"))->line, SLICE("header"),
			     "\"%.*s\" is not a header that may be written", SHOW(credential->header));
	if (!is_printable(credential->prefix))
		fields_error(reader, tree_get(map, SLICE("prefix"))->line, SLICE("prefix"),
			     "holds what is not printable ASCII");
	read_endpoint(reader, map, contract, credential);
	for (size_t i = 0; i < count; i++) {
		if (!slice_is(all[i].endpoint, credential->endpoint) ||
		    !slice_is_nocase(all[i].header, credential->header))
			continue;
		fields_error(reader, map->line, SLICE_EMPTY,
			     "another credential goes into this header, too");
		return;
	}
}

static int compare_credentials(const void *a, const void *b)
{
	const struct contract_credential *left = a, *right = b;
	int by_place = slice_compare(left->endpoint, right->endpoint);

	return by_place ? by_place : slice_compare(left->header, right->header);
}

void contract_credentials_read(struct field_reader *reader, const struct tree *root,
			       struct contract *contract)
{
	const struct tree *list = fields_member(reader, root, "credentials", TREE_LIST);
	struct contract_credential *all;
	size_t count = 0, index = 0;

	if (!list)
		return;
	if (list->count > CONTRACT_CREDENTIALS_MAX) {
		fields_error(reader, list->key_line, list->key, "has %zu credentials; the limit is %d",
			     list->count, CONTRACT_CREDENTIALS_MAX);
		return;
	}
	all = arena_zero(reader->arena, CONTRACT_CREDENTIALS_MAX, sizeof(*all));
	for (const struct tree *map = list->first; map; map = map->next, index++) {
		fields_enter(reader, "credentials[%zu]", index);
		if (map->kind == TREE_MAP)
			read_credential(reader, map, contract, all, count++);
		else
			fields_error(reader, map->line, SLICE_EMPTY, "is %s, not a map",
				     tree_kind_name(map->kind));
	}
	fields_leave(reader);
	sort_items(all, count, sizeof(*all), compare_credentials);
	contract->credentials = all;
	contract->credential_count = count;
}
