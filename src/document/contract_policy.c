/*
 * contract_policy - the policy of a contract: a microsoft/policy-mcp document
 * of version 1.
 *
 * Of what it can say, the chassis holds: files that may be read, hosts by
 * name, variables, memory. The rest is an error where it grants something, or
 * limits something that would not be limited; what only denies more than is
 * granted anyway is taken.
 */
#include "base/ensure.h"
#include "base/sort.h"
#include "document/contract_read.h"

#define POLICY "policy"
#define PERMISSIONS POLICY ".permissions"
#define MIB (INT64_C(1) << 20)

#define ROW(T, kind, name, flags, min, max, initial, names, help) \
	{ #name, FIELD_##kind, flags, offsetof(struct T, name), min, max, initial, names, help }

static const struct schema nothing = { "policy", NULL, 0, 0 };

/* ---- lists ----------------------------------------------------------------------------------- */

struct entries {
	struct field_reader *reader;
	const char *part;		/* storage */
	const char *list;		/* allow */
	const struct tree *next;
	size_t index;			/* of the next */
};

/* A list of maps: absent and null are empty. `place` is entered again for the map around it. */
static struct entries entries_of(struct field_reader *reader, const struct tree *map,
				 const char *part, const char *list, size_t max)
{
	const struct tree *member = tree_get(map, slice_of_str(list));
	struct entries entries = { reader, part, list, NULL, 0 };

	fields_enter(reader, PERMISSIONS ".%s", part);
	if (member && member->kind != TREE_NULL)
		member = fields_member(reader, map, list, TREE_LIST);
	if (!member || member->kind != TREE_LIST)
		return entries;
	if (member->count > max) {
		fields_error(reader, member->key_line, member->key, "has %zu entries; the limit is %zu",
			     member->count, max);
		return entries;
	}
	entries.next = member->first;
	return entries;
}

/* The next map, entered, or NULL at the end. */
static const struct tree *next_entry(struct entries *entries)
{
	const struct tree *map = entries->next;

	while (map) {
		fields_enter(entries->reader, PERMISSIONS ".%s.%s[%zu]", entries->part,
			     entries->list, entries->index++);
		entries->next = map->next;
		if (map->kind == TREE_MAP)
			return map;
		fields_error(entries->reader, map->line, SLICE_EMPTY, "is %s, not a map",
			     tree_kind_name(map->kind));
		map = entries->next;
	}
	return NULL;
}

static const struct tree *part_of(struct field_reader *reader, const struct tree *permissions,
				  const char *part, const char *const *keys)
{
	const struct tree *map;

	fields_enter(reader, PERMISSIONS);
	map = fields_member(reader, permissions, part, TREE_MAP);
	if (!map)
		return NULL;
	fields_enter(reader, PERMISSIONS ".%s", part);
	fields_read(reader, map, &nothing, keys, part, NULL);
	return map;
}

static const char *const both_lists[] = { "allow", "deny", NULL };

/* ---- storage --------------------------------------------------------------------------------- */

static const char *const access_names[] = { "read", "write", NULL };

struct storage_entry {
	struct slice uri;
	struct slice_list access;
};
static const struct field storage_entry_fields[] = {
	ROW(storage_entry, TEXT, uri, FIELD_REQUIRED, 1, 1100, 0, NULL, "fs:// and a path"),
	ROW(storage_entry, TEXTS, access, FIELD_REQUIRED, 0, 2, 0, access_names, "read, write"),
};
const struct schema policy_storage_schema = {
	"storage", storage_entry_fields, ARRAY_LEN(storage_entry_fields),
	sizeof(struct storage_entry),
};

static bool cut_end(struct slice *path, struct slice end)
{
	if (!slice_ends(*path, end))
		return false;
	*path = slice_head(*path, path->len - end.len);
	return true;
}

/* The path without fs:// and the wildcard at its end. */
static void split_uri(struct slice uri, struct contract_storage *ret_storage)
{
	struct contract_storage storage = { .path = slice_from(uri, sizeof("fs://") - 1) };

	if (slice_is_str(storage.path, "**") || slice_is_str(storage.path, "*")) {
		storage.reach = storage.path.len == 2 ? CONTRACT_REACH_TREE :
							CONTRACT_REACH_CHILDREN;
		storage.path = SLICE(".");
	} else if (cut_end(&storage.path, SLICE("/**"))) {
		storage.reach = CONTRACT_REACH_TREE;
	} else if (cut_end(&storage.path, SLICE("/*"))) {
		storage.reach = CONTRACT_REACH_CHILDREN;
	}
	*ret_storage = storage;
}

static bool read_uri(struct field_reader *reader, const struct tree *map, struct slice uri,
		     struct contract_storage *ret_storage)
{
	const struct tree *member = tree_get(map, SLICE("uri"));
	const char *wrong = NULL;

	if (!member || uri.len == 0)
		return false;
	split_uri(uri, ret_storage);
	if (!slice_starts(uri, SLICE("fs://")))
		wrong = "is not fs:// and a path";
	else if (ret_storage->path.len == 0)
		wrong = "would be every file of the machine; name a folder";
	else if (slice_find_byte(ret_storage->path, '*') >= 0)
		wrong = "has a wildcard elsewhere than at its end; /* and /** can be held there";
	else if (!contract_file_is_grantable(ret_storage->path))
		wrong = "is not a plain path: no . or .. or empty parts, no ? # % [ ] or backslash";
	if (wrong)
		fields_error(reader, member->line, member->key, "\"%.*s\" %s", SHOW(uri), wrong);
	return !wrong;
}

/* Reads an entry; false when it says nothing that could be kept. */
static bool read_storage_entry(struct field_reader *reader, const struct tree *map,
			       struct contract_storage *ret_storage, struct slice_list *ret_access)
{
	const struct tree *access = tree_get(map, SLICE("access"));
	struct storage_entry entry;

	fields_read(reader, map, &policy_storage_schema, NULL, "an entry of storage", &entry);
	if (access && access->kind == TREE_TEXT)
		fields_error(reader, access->line, access->key, "is a text, not a list");
	else if (access && access->kind == TREE_LIST && access->count == 0)
		fields_error(reader, access->line, access->key, "is empty");
	*ret_access = entry.access;
	return read_uri(reader, map, entry.uri, ret_storage);
}

static int compare_storage(const void *a, const void *b)
{
	const struct contract_storage *left = a, *right = b;

	return slice_compare(left->path, right->path);
}

static void allow_storage(struct field_reader *reader, const struct tree *map,
			  struct contract *contract)
{
	struct entries entries = entries_of(reader, map, "storage", "allow", CONTRACT_STORAGE_MAX);
	struct contract_storage *all = arena_zero(reader->arena, CONTRACT_STORAGE_MAX, sizeof(*all));
	size_t count = 0;
	const struct tree *entry;

	while ((entry = next_entry(&entries))) {
		const struct tree *access = tree_get(entry, SLICE("access"));
		struct slice_list accesses;
		bool right = read_storage_entry(reader, entry, &all[count], &accesses);

		if (slice_list_has(accesses, SLICE("write")))
			fields_error(reader, access->line, access->key,
				     "a guest cannot be let write files; take write out");
		for (size_t i = 0; right && i < count; i++) {
			if (!slice_is(all[i].path, all[count].path))
				continue;
			fields_error(reader, entry->line, SLICE("uri"),
				     "another entry is about \"%.*s\", too; write one",
				     SHOW(all[i].path));
			right = false;
		}
		count += right;
	}
	sort_items(all, count, sizeof(*all), compare_storage);
	contract->storage = all;
	contract->storage_count = count;
}

static bool is_absolute(struct slice path)
{
	return path.ptr[0] == '/';
}

/* A name can only be compared with names of its kind: where the run starts is not known here. */
static void check_kinds(struct field_reader *reader, const struct tree *entry,
			const struct contract *contract, struct slice denied)
{
	for (size_t i = 0; i < contract->storage_count; i++) {
		if (is_absolute(contract->storage[i].path) == is_absolute(denied))
			continue;
		fields_error(reader, tree_get(entry, SLICE("uri"))->line, SLICE("uri"),
			     "is %s, and \"%.*s\" is allowed, which is not: it could not be told "
			     "whether one lies in the other",
			     is_absolute(denied) ? "absolute" : "relative",
			     SHOW(contract->storage[i].path));
		return;
	}
}

static void deny_storage(struct field_reader *reader, const struct tree *map,
			 struct contract *contract)
{
	struct entries entries = entries_of(reader, map, "storage", "deny",
					    CONTRACT_FILES_DENIED_MAX);
	struct slice *all = arena_zero(reader->arena, CONTRACT_FILES_DENIED_MAX, sizeof(*all));
	struct slice_list list = { all, 0 };
	const struct tree *entry;

	while ((entry = next_entry(&entries))) {
		struct contract_storage storage;
		struct slice_list accesses;

		/* Nothing grants writing, so that denying it alone changes nothing. */
		if (!read_storage_entry(reader, entry, &storage, &accesses) ||
		    !slice_list_has(accesses, SLICE("read")))
			continue;
		check_kinds(reader, entry, contract, storage.path);
		if (!slice_list_has(list, storage.path))
			all[list.count++] = storage.path;
	}
	contract->files_denied = contract_sorted(reader, list);
}

static void read_storage(struct field_reader *reader, const struct tree *permissions,
			 struct contract *contract)
{
	const struct tree *map = part_of(reader, permissions, "storage", both_lists);

	if (!map)
		return;
	allow_storage(reader, map, contract);
	deny_storage(reader, map, contract);
}

/* ---- network --------------------------------------------------------------------------------- */

struct network_entry {
	struct slice host;
};
static const struct field network_entry_fields[] = {
	ROW(network_entry, TEXT, host, 0, 1, 255, 0, NULL, "A host or *.example.com"),
};
const struct schema policy_network_schema = {
	"network", network_entry_fields, ARRAY_LEN(network_entry_fields),
	sizeof(struct network_entry),
};
static const char *const network_others[] = { "cidr", "defaults", NULL };

/* False, and the error told, when it names no host. */
static bool read_network_entry(struct field_reader *reader, const struct tree *map,
			       struct slice *ret_host)
{
	const struct tree *cidr = tree_get(map, SLICE("cidr"));
	const struct tree *defaults = tree_get(map, SLICE("defaults"));
	struct network_entry entry;
	bool right;

	right = fields_read(reader, map, &policy_network_schema, network_others,
			    "an entry of network", &entry) != 0;
	if (cidr)
		fields_error(reader, cidr->line, cidr->key,
			     "addresses cannot be held: guests reach hosts by name, and the proxy "
			     "refuses private addresses by itself; name hosts");
	if (defaults)
		fields_error(reader, defaults->line, defaults->key,
			     "does not say which hosts are meant; name them");
	if (!cidr && !defaults && !tree_get(map, SLICE("host")))
		fields_error(reader, map->line, SLICE("host"), "is missing");
	*ret_host = contract_lower(reader, entry.host);
	return right && !cidr && !defaults;
}

/* What is wrong with a host, or NULL. */
static const char *host_fault(struct slice host)
{
	if (slice_find_byte(host, '/') >= 0 || slice_find_byte(host, ':') >= 0)
		return "is more than a host: schemes, ports and paths belong into a rule of http";
	if (slice_ends(host, SLICE(".")))
		return "ends in a dot; take it off";
	return "is not a host such as api.example.com or *.example.com";
}

static void allow_hosts(struct field_reader *reader, const struct tree *map,
			struct policy_grants *grants)
{
	struct entries entries = entries_of(reader, map, "network", "allow", CONTRACT_HTTP_MAX);
	const struct tree *entry;
	struct slice host;

	while ((entry = next_entry(&entries))) {
		bool right = read_network_entry(reader, entry, &host);
		int line = right ? tree_get(entry, SLICE("host"))->line : 0;

		if (!right)
			continue;
		if (slice_is_str(host, "*")) {
			fields_error(reader, line, SLICE("host"),
				     "every host is more than can be granted; name hosts");
			continue;
		}
		if (!contract_host_pattern_is_valid(host)) {
			fields_error(reader, line, SLICE("host"), "\"%.*s\" %s", SHOW(host),
				     host_fault(host));
			continue;
		}
		for (size_t i = 0; right && i < grants->host_count; i++) {
			if (!slice_is(grants->hosts[i].host, host))
				continue;
			fields_error(reader, line, SLICE("host"),
				     "\"%.*s\" occurs twice, first on line %d", SHOW(host),
				     grants->hosts[i].line);
			right = false;
		}
		if (right)
			grants->hosts[grants->host_count++] = (struct policy_host){
				host, line, entries.index - 1, false,
			};
	}
}

static void deny_hosts(struct field_reader *reader, const struct tree *map,
		       struct contract *contract)
{
	struct entries entries = entries_of(reader, map, "network", "deny",
					    CONTRACT_HOSTS_DENIED_MAX);
	struct slice *all = arena_zero(reader->arena, CONTRACT_HOSTS_DENIED_MAX, sizeof(*all));
	struct slice_list list = { all, 0 };
	const struct tree *entry;
	struct slice host;

	while ((entry = next_entry(&entries))) {
		bool is_pattern;

		if (!read_network_entry(reader, entry, &host))
			continue;
		is_pattern = slice_starts(host, SLICE("*."));
		if (!slice_is_str(host, "*") &&
		    !contract_host_is_valid(slice_from(host, is_pattern ? 2 : 0)))
			fields_error(reader, tree_get(entry, SLICE("host"))->line, SLICE("host"),
				     "\"%.*s\" %s", SHOW(host), host_fault(host));
		else if (!slice_list_has(list, host))
			all[list.count++] = host;
	}
	contract->hosts_denied = contract_sorted(reader, list);
}

static void read_network(struct field_reader *reader, const struct tree *permissions,
			 struct contract *contract, struct policy_grants *grants)
{
	const struct tree *map = part_of(reader, permissions, "network", both_lists);

	if (!map)
		return;
	allow_hosts(reader, map, grants);
	deny_hosts(reader, map, contract);
	for (size_t i = 0; i < grants->host_count; i++) {
		const struct policy_host *host = &grants->hosts[i];
		const struct slice *denied = contract_denied_by(contract, host->host);

		if (!denied)
			continue;
		fields_enter(reader, PERMISSIONS ".network.allow[%zu]", host->index);
		fields_remark(reader, host->line, SLICE("host"), "is denied altogether, by \"%.*s\"",
			      SHOW(*denied));
	}
}

/* ---- environment ----------------------------------------------------------------------------- */

struct variable_entry {
	struct slice key;
};
static const struct field variable_entry_fields[] = {
	ROW(variable_entry, TEXT, key, FIELD_REQUIRED, 1, 128, 0, NULL, "Name of a variable"),
};
const struct schema policy_variable_schema = {
	"environment", variable_entry_fields, ARRAY_LEN(variable_entry_fields),
	sizeof(struct variable_entry),
};

static void read_environment(struct field_reader *reader, const struct tree *permissions,
			     struct contract *contract)
{
	static const char *const keys[] = { "allow", NULL };
	const struct tree *map = part_of(reader, permissions, "environment", keys);
	struct slice *all = arena_zero(reader->arena, CONTRACT_ENVIRONMENT_MAX, sizeof(*all));
	struct slice_list list = { all, 0 };
	struct entries entries;
	const struct tree *entry;

	if (!map)
		return;
	entries = entries_of(reader, map, "environment", "allow", CONTRACT_ENVIRONMENT_MAX);
	while ((entry = next_entry(&entries))) {
		struct variable_entry variable;
		const struct tree *key = tree_get(entry, SLICE("key"));

		if (!fields_read(reader, entry, &policy_variable_schema, NULL,
				 "an entry of environment", &variable))
			continue;
		if (!contract_variable_is_valid(variable.key))
			fields_error(reader, key->line, key->key,
				     "\"%.*s\" is not a variable's name: A-Z a-z 0-9 _, no wildcard",
				     SHOW(variable.key));
		else if (slice_list_has(list, variable.key))
			fields_error(reader, key->line, key->key, "\"%.*s\" occurs twice",
				     SHOW(variable.key));
		else
			all[list.count++] = variable.key;
	}
	contract->environment = contract_sorted(reader, list);
}

/* ---- what the chassis does not do ------------------------------------------------------------ */

static bool says_nothing(const struct tree *member)
{
	return !member || member->kind == TREE_NULL ||
	       ((member->kind == TREE_LIST || member->kind == TREE_MAP) && member->count == 0);
}

static void refuse_member(struct field_reader *reader, const struct tree *map, const char *key,
			  const char *why)
{
	const struct tree *member = tree_get(map, slice_of_str(key));

	if (!says_nothing(member))
		fields_error(reader, member->key_line, member->key, "%s", why);
}

static void read_wasm(struct field_reader *reader, const struct tree *wasm)
{
	static const char *const keys[] = { "engine", "module", "wasi", NULL };
	static const char *const wasi_keys[] = { "inherit_env", "args", "preopens", NULL };
	const struct tree *engine = tree_get(wasm, SLICE("engine"));
	const struct tree *wasi, *inherit;

	fields_enter(reader, PERMISSIONS ".runtime.wasm");
	fields_read(reader, wasm, &nothing, keys, "wasm", NULL);
	if (!engine)
		fields_error(reader, wasm->line, SLICE("engine"), "is missing");
	else if (engine->kind != TREE_TEXT || !slice_is_str(engine->text, "wasmtime"))
		fields_error(reader, engine->line, engine->key,
			     "is not wasmtime, the only engine here");
	refuse_member(reader, wasm, "module",
		      "says where a module lies; it is named by the contract's module_sha256 instead");
	wasi = fields_member(reader, wasm, "wasi", TREE_MAP);
	if (!wasi)
		return;
	fields_enter(reader, PERMISSIONS ".runtime.wasm.wasi");
	fields_read(reader, wasi, &nothing, wasi_keys, "wasi", NULL);
	inherit = tree_get(wasi, SLICE("inherit_env"));
	if (inherit &&
	    (inherit->kind != TREE_BOOL || !slice_is_nocase(inherit->text, SLICE("false"))))
		fields_error(reader, inherit->line, inherit->key,
			     "variables are granted one by one, under environment");
	refuse_member(reader, wasi, "args", "a guest gets no arguments but its input");
	refuse_member(reader, wasi, "preopens", "files are granted under storage");
}

static void read_runtime(struct field_reader *reader, const struct tree *permissions)
{
	static const char *const keys[] = { "docker", "hyperlight", "wasm", NULL };
	const struct tree *map = part_of(reader, permissions, "runtime", keys);
	const struct tree *wasm = tree_get(map, SLICE("wasm"));

	if (!map)
		return;
	refuse_member(reader, map, "docker", "guests are WebAssembly: no container is started");
	refuse_member(reader, map, "hyperlight",
		      "guests are WebAssembly: no virtual machine is started");
	if (wasm && wasm->kind != TREE_NULL)
		wasm = fields_member(reader, map, "wasm", TREE_MAP);
	if (wasm && wasm->kind == TREE_MAP)
		read_wasm(reader, wasm);
}

struct resources {
	int64_t memory;
};
static const struct field resources_fields[] = {
	ROW(resources, INT, memory, 0, 1, 4096, 0, NULL, "Most memory in MiB"),
};
const struct schema policy_resources_schema = {
	"resources", resources_fields, ARRAY_LEN(resources_fields), sizeof(struct resources),
};

static void read_resources(struct field_reader *reader, const struct tree *permissions,
			   struct policy_grants *grants)
{
	static const char *const others[] = { "cpu", "io", NULL };
	struct resources resources;
	const struct tree *map;

	fields_enter(reader, PERMISSIONS);
	map = fields_member(reader, permissions, "resources", TREE_MAP);
	if (!map)
		return;
	fields_enter(reader, PERMISSIONS ".resources");
	if (fields_read(reader, map, &policy_resources_schema, others, "resources", &resources)) {
		grants->memory_bytes = resources.memory * MIB;
		grants->memory_line = tree_get(map, SLICE("memory"))->line;
	}
	refuse_member(reader, map, "cpu",
		      "a share of the processor cannot be held; limits.fuel and limits.wall can");
	refuse_member(reader, map, "io", "a rate of reading and writing cannot be held");
}

static void read_ipc(struct field_reader *reader, const struct tree *permissions)
{
	const struct tree *map = part_of(reader, permissions, "ipc", both_lists);

	if (!map)
		return;
	refuse_member(reader, map, "allow", "guests reach no other process");
	/* There is nothing that a denial could take away. */
}

/* ---- the policy ------------------------------------------------------------------------------ */

struct head {
	struct slice version;
	struct slice description;
};
static const struct field head_fields[] = {
	ROW(head, TEXT, version, FIELD_REQUIRED, 1, 32, 0, NULL, "1.0"),
	ROW(head, TEXT, description, 0, 0, 65536, 0, NULL, "What it is for"),
};
const struct schema policy_head_schema = {
	"policy", head_fields, ARRAY_LEN(head_fields), sizeof(struct head),
};

void contract_policy_read(struct field_reader *reader, const struct tree *policy,
			  struct contract *contract, struct policy_grants *ret_grants)
{
	static const char *const others[] = { "permissions", NULL };
	static const char *const keys[] = {
		"storage", "network", "environment", "runtime", "resources", "ipc", NULL,
	};
	const struct tree *permissions;
	struct head head;

	fields_enter(reader, POLICY);
	fields_read(reader, policy, &policy_head_schema, others, "a policy", &head);
	if (head.version.len && !slice_starts(head.version, SLICE("1.")))
		fields_error(reader, tree_get(policy, SLICE("version"))->line, SLICE("version"),
			     "\"%.*s\" is not 1.0 or another of version 1", SHOW(head.version));
	permissions = fields_member(reader, policy, "permissions", TREE_MAP);
	if (!tree_get(policy, SLICE("permissions")))
		fields_error(reader, policy->line, SLICE("permissions"), "is missing");
	if (permissions) {
		fields_enter(reader, PERMISSIONS);
		fields_read(reader, permissions, &nothing, keys, "permissions", NULL);
		read_storage(reader, permissions, contract);
		read_network(reader, permissions, contract, ret_grants);
		read_environment(reader, permissions, contract);
		read_runtime(reader, permissions);
		read_resources(reader, permissions, ret_grants);
		read_ipc(reader, permissions);
	}
	fields_leave(reader);
}
