/*
 * contract_form - a contract as bytes and as its canonical document.
 */
#include "base/ensure.h"
#include "base/rfc3339.h"
#include "chassis/contract.h"

/* ---- bytes ----------------------------------------------------------------------------------- */

/* What stands in the policy of a document and is no map of its own. */
#define LISTS(F, T)                                                                      \
	F(T, TEXTS, files_denied, 0, 0, CONTRACT_FILES_DENIED_MAX, 0, NULL, "")          \
	F(T, TEXTS, hosts_denied, 0, 0, CONTRACT_HOSTS_DENIED_MAX, 0, NULL, "")          \
	F(T, TEXTS, environment, 0, 0, CONTRACT_ENVIRONMENT_MAX, 0, NULL, "")

struct lists {
	LISTS(CONTRACT_MEMBER, )
};

#define ROW(T, kind, name, flags, min, max, initial, names, help) \
	{ #name, FIELD_##kind, flags, offsetof(struct T, name), min, max, initial, names, help },

static const struct field lists_fields[] = { LISTS(ROW, lists) };
static const struct schema lists_schema = {
	"policy", lists_fields, ARRAY_LEN(lists_fields), sizeof(struct lists),
};

static void pack_http(const struct contract_http *http, struct buf *out)
{
	schema_pack(&contract_http_schema, http, out);
	varint_add(out, http->port_count);
	for (size_t i = 0; i < http->port_count; i++)
		varint_add(out, http->ports[i]);
}

void contract_encode(const struct contract *contract, struct buf *out)
{
	struct lists lists = {
		contract->files_denied, contract->hosts_denied, contract->environment,
	};

	schema_pack(&contract_root_schema, contract, out);
	schema_pack(&contract_limits_schema, &contract->limits, out);
	schema_pack(&contract_rates_schema, &contract->rates, out);
	schema_pack(&contract_slos_schema, &contract->slos, out);
	schema_pack(&contract_determinism_schema, &contract->determinism, out);
	schema_pack(&lists_schema, &lists, out);
	varint_add(out, contract->http_count);
	for (size_t i = 0; i < contract->http_count; i++)
		pack_http(&contract->http[i], out);
	varint_add(out, contract->credential_count);
	for (size_t i = 0; i < contract->credential_count; i++)
		schema_pack(&contract_credential_schema, &contract->credentials[i], out);
	varint_add(out, contract->storage_count);
	for (size_t i = 0; i < contract->storage_count; i++)
		schema_pack(&contract_storage_schema, &contract->storage[i], out);
}

static bool unpack_http(struct slice *bytes, struct arena *arena, struct contract_http *ret_http)
{
	uint64_t count, port;

	if (!schema_unpack(&contract_http_schema, bytes, arena, ret_http) ||
	    !varint_cut(bytes, &count) || count > CONTRACT_PORTS_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!varint_cut(bytes, &port) || port > UINT16_MAX)
			return false;
		ret_http->ports[i] = (uint16_t)port;
	}
	ret_http->port_count = count;
	return true;
}

/* Objects of one schema behind their number; NULL, and no number, when they are none. */
static void *unpack_list(const struct schema *schema, struct slice *bytes, struct arena *arena,
			 size_t max, size_t *ret_count)
{
	uint64_t count;
	char *items;

	if (!varint_cut(bytes, &count) || count > max)
		return NULL;
	items = arena_zero(arena, count + 1, schema->size);
	for (size_t i = 0; i < count; i++) {
		bool read = schema == &contract_http_schema ?
			unpack_http(bytes, arena, (void *)(items + i * schema->size)) :
			schema_unpack(schema, bytes, arena, items + i * schema->size);

		if (!read)
			return NULL;
	}
	*ret_count = count;
	return items;
}

static bool unpack(struct slice bytes, struct arena *arena, struct contract *contract)
{
	struct lists lists;

	if (!schema_unpack(&contract_root_schema, &bytes, arena, contract) ||
	    !schema_unpack(&contract_limits_schema, &bytes, arena, &contract->limits) ||
	    !schema_unpack(&contract_rates_schema, &bytes, arena, &contract->rates) ||
	    !schema_unpack(&contract_slos_schema, &bytes, arena, &contract->slos) ||
	    !schema_unpack(&contract_determinism_schema, &bytes, arena, &contract->determinism) ||
	    !schema_unpack(&lists_schema, &bytes, arena, &lists))
		return false;
	contract->files_denied = lists.files_denied;
	contract->hosts_denied = lists.hosts_denied;
	contract->environment = lists.environment;
	if (!rfc3339_read(contract->determinism.clock, &contract->determinism.clock_us))
		contract->determinism.clock_us = -1;
	contract->http = unpack_list(&contract_http_schema, &bytes, arena, CONTRACT_HTTP_MAX,
				     &contract->http_count);
	if (contract->http)
		contract->credentials = unpack_list(&contract_credential_schema, &bytes, arena,
						    CONTRACT_CREDENTIALS_MAX,
						    &contract->credential_count);
	if (contract->credentials)
		contract->storage = unpack_list(&contract_storage_schema, &bytes, arena,
						CONTRACT_STORAGE_MAX, &contract->storage_count);
	return contract->storage && bytes.len == 0;
}

bool contract_decode(struct slice bytes, struct arena *arena, struct contract *ret_contract)
{
	struct contract contract = contract_default();
	struct buf detail = { 0 };
	bool right = unpack(bytes, arena, &contract) && contract_check(&contract, &detail) == OK;

	buf_finish(&detail);
	if (right)
		*ret_contract = contract;
	return right;
}

/* ---- the canonical document ------------------------------------------------------------------ */

static void put_object(struct json_writer *json, const char *key, const struct schema *schema,
		       const void *object)
{
	json_key(json, key);
	json_object(json);
	/* Numbers of -1 stand for nothing that could be written. */
	if (schema == &contract_slos_schema || schema == &contract_determinism_schema)
		schema_write_json_set(schema, object, json);
	else
		schema_write_json(schema, object, json);
	json_object_end(json);
}

static void put_file(struct json_writer *json, struct slice path, enum contract_reach reach)
{
	static const char *const ends[] = {
		[CONTRACT_REACH_SELF] = "",
		[CONTRACT_REACH_CHILDREN] = "/*",
		[CONTRACT_REACH_TREE] = "/**",
	};
	bool is_here = slice_is_str(path, ".");
	struct buf uri = { 0 };

	buf_add_lit(&uri, "fs://");
	if (is_here && reach != CONTRACT_REACH_SELF) {
		buf_add_str(&uri, ends[reach] + 1);
	} else {
		buf_add_slice(&uri, path);
		buf_add_str(&uri, ends[reach]);
	}
	json_object(json);
	json_put_text(json, "uri", buf_slice(&uri));
	json_key(json, "access");
	json_array(json);
	json_str(json, "read");
	json_array_end(json);
	json_object_end(json);
	buf_finish(&uri);
}

static void put_storage(struct json_writer *json, const struct contract *contract)
{
	json_key(json, "storage");
	json_object(json);
	json_key(json, "allow");
	json_array(json);
	for (size_t i = 0; i < contract->storage_count; i++)
		put_file(json, contract->storage[i].path,
			 (enum contract_reach)contract->storage[i].reach);
	json_array_end(json);
	json_key(json, "deny");
	json_array(json);
	for (size_t i = 0; i < contract->files_denied.count; i++)
		put_file(json, contract->files_denied.items[i], CONTRACT_REACH_TREE);
	json_array_end(json);
	json_object_end(json);
}

static void put_named(struct json_writer *json, const char *key, struct slice text)
{
	json_object(json);
	json_put_text(json, key, text);
	json_object_end(json);
}

/* Whether an earlier rule is for the same host. */
static bool was_named(const struct contract *contract, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (slice_is(contract->http[i].host, contract->http[index].host))
			return true;
	return false;
}

static void put_network(struct json_writer *json, const struct contract *contract)
{
	json_key(json, "network");
	json_object(json);
	json_key(json, "allow");
	json_array(json);
	for (size_t i = 0; i < contract->http_count; i++)
		if (!was_named(contract, i))
			put_named(json, "host", contract->http[i].host);
	json_array_end(json);
	json_key(json, "deny");
	json_array(json);
	for (size_t i = 0; i < contract->hosts_denied.count; i++)
		put_named(json, "host", contract->hosts_denied.items[i]);
	json_array_end(json);
	json_object_end(json);
}

static void put_policy(struct json_writer *json, const struct contract *contract)
{
	json_key(json, "policy");
	json_object(json);
	json_put_str(json, "version", "1.0");
	json_key(json, "permissions");
	json_object(json);
	put_storage(json, contract);
	put_network(json, contract);
	json_key(json, "environment");
	json_object(json);
	json_key(json, "allow");
	json_array(json);
	for (size_t i = 0; i < contract->environment.count; i++)
		put_named(json, "key", contract->environment.items[i]);
	json_array_end(json);
	json_object_end(json);
	json_object_end(json);
	json_object_end(json);
}

/* Lists that are left out mean something else than empty ones: these are always there. */
static void put_http(struct json_writer *json, const struct contract_http *http)
{
	json_object(json);
	schema_write_json(&contract_http_schema, http, json);
	if (http->methods.count == 0)
		json_put_texts(json, "methods", http->methods);
	if (http->paths.count == 0)
		json_put_texts(json, "paths", http->paths);
	json_key(json, "ports");
	json_array(json);
	for (size_t i = 0; i < http->port_count; i++)
		json_i64(json, http->ports[i]);
	json_array_end(json);
	json_object_end(json);
}

void contract_write_json(const struct contract *contract, struct buf *out)
{
	struct json_writer json = json_begin(out);

	json_object(&json);
	schema_write_json(&contract_root_schema, contract, &json);
	put_policy(&json, contract);
	put_object(&json, "limits", &contract_limits_schema, &contract->limits);
	put_object(&json, "rates", &contract_rates_schema, &contract->rates);
	json_key(&json, "http");
	json_array(&json);
	for (size_t i = 0; i < contract->http_count; i++)
		put_http(&json, &contract->http[i]);
	json_array_end(&json);
	json_key(&json, "credentials");
	json_array(&json);
	for (size_t i = 0; i < contract->credential_count; i++) {
		json_object(&json);
		schema_write_json(&contract_credential_schema, &contract->credentials[i], &json);
		json_object_end(&json);
	}
	json_array_end(&json);
	put_object(&json, "slos", &contract_slos_schema, &contract->slos);
	put_object(&json, "determinism", &contract_determinism_schema, &contract->determinism);
	json_object_end(&json);
}
