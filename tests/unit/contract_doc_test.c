#include "document/contract_doc.h"

#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ensure.h"

static struct arena arena;

static void teardown(void)
{
	arena_finish(&arena);
}

/* "12: text" of each message, on lines of their own. */
static const char *lines_of(const struct doc_message *messages, size_t count)
{
	struct buf out = { 0 };
	const char *text;

	for (size_t i = 0; i < count; i++) {
		buf_add_i64(&out, messages[i].line);
		buf_add_lit(&out, ": ");
		buf_add_slice(&out, messages[i].text);
		buf_add_byte(&out, '\n');
	}
	text = arena_copy(&arena, buf_slice(&out)).ptr;
	buf_finish(&out);
	return text;
}

static struct contract_doc good_below(const char *text, const struct contract_ceiling *ceiling)
{
	struct contract_doc doc;
	struct buf detail = { 0 };
	enum err err = contract_doc_read(slice_of_str(text), HAND_YAML, ceiling, &arena, &doc);

	ck_assert_msg(err == OK, "%s", lines_of(doc.errors, doc.error_count));
	ck_assert_msg(contract_check(&doc.contract, &detail) == OK, "%s", buf_str(&detail));
	buf_finish(&detail);
	return doc;
}

static struct contract_doc good(const char *text)
{
	return good_below(text, NULL);
}

static const char *wrong_below(const char *text, const struct contract_ceiling *ceiling)
{
	struct contract_doc doc;

	ck_assert_int_eq(contract_doc_read(slice_of_str(text), HAND_YAML, ceiling, &arena, &doc),
			 ERR_DOCUMENT_INVALID);
	ck_assert_uint_gt(doc.error_count, 0);
	ck_assert_uint_eq(doc.contract.http_count + doc.contract.storage_count +
			  doc.contract.environment.count + doc.contract.credential_count, 0);
	return lines_of(doc.errors, doc.error_count);
}

static const char *wrong(const char *text)
{
	return wrong_below(text, NULL);
}

static const char *remarks_of(const char *text)
{
	struct contract_doc doc = good(text);

	return lines_of(doc.remarks, doc.remark_count);
}

/* The policy of a contract, around these lines of its permissions. */
static const char *with_permissions(const char *permissions)
{
	struct buf out = { 0 };
	const char *text;

	buf_add_lit(&out, "name: c\npolicy:\n  version: \"1.0\"\n  permissions:\n");
	buf_add_str(&out, permissions);
	text = arena_copy(&arena, buf_slice(&out)).ptr;
	buf_finish(&out);
	return text;
}

static const char *explained(const struct contract *contract)
{
	struct buf out = { 0 };
	const char *text;

	contract_doc_explain(contract, &out);
	text = arena_copy(&arena, buf_slice(&out)).ptr;
	buf_finish(&out);
	return text;
}

#define ck_slice_eq(slice, str) \
	ck_assert_msg(slice_is_str((slice), (str)), "%.*s", (int)(slice).len, (slice).ptr)

/* ---- reading --------------------------------------------------------------------------------- */

START_TEST(a_name_alone_grants_nothing)
{
	struct contract contract = good("name: c\n").contract;

	ck_slice_eq(contract.name, "c");
	ck_assert_uint_eq(contract.http_count + contract.storage_count, 0);
	ck_assert_int_eq(contract.limits.memory_bytes, 64 << 20);
	ck_assert_int_eq(contract.rates.calls_per_s, 10);
	ck_assert_int_eq(contract.slos.success_rate, -1);
	ck_assert_int_eq(contract.determinism.seed, -1);
	ck_assert_int_eq(contract.determinism.clock_us, -1);
	ck_assert_str_eq(explained(&contract),
		"It is\n"
		"  called c\n"
		"  for any module: it names none\n"
		"  run with whatever layers of the sandbox a machine has\n"
		"It may\n"
		"  read its input, compute, and write its result and log\n"
		"It may not\n"
		"  read or write files\n"
		"  see variables\n"
		"  use the network\n"
		"  start programs, open sockets or reach other processes\n"
		"It may use in one run, at most,\n"
		"  memory: 64MiB\n"
		"  table elements: 10000\n"
		"  fuel: 10000000000\n"
		"  wall: 10s\n"
		"  stack: 512KiB\n"
		"  input: 256KiB\n"
		"  output: 256KiB\n"
		"  log: 64KiB\n"
		"  requests: 10 a second, 10 at once after a pause\n"
		"It promises\n"
		"  nothing\n");
}
END_TEST

START_TEST(limits_are_written_in_words_or_in_numbers)
{
	struct contract contract = good("name: c\n"
					"limits: {memory: 1.5MiB, wall: 1m 30s, output: 0, fuel: 5, "
					"log_bytes: 7, stack: 16 KiB}\n"
					"slos: {p99_latency: 2s, success_rate: 99.5%}\n").contract;

	ck_assert_int_eq(contract.limits.memory_bytes, 1572864);
	ck_assert_int_eq(contract.limits.wall_ms, 90000);
	ck_assert_int_eq(contract.limits.output_bytes, 0);
	ck_assert_int_eq(contract.limits.fuel, 5);
	ck_assert_int_eq(contract.limits.log_bytes, 7);
	ck_assert_int_eq(contract.limits.stack_bytes, 16384);
	ck_assert_int_eq(contract.slos.p99_latency_ms, 2000);
	ck_assert_int_eq(contract.slos.success_rate, 995000);
	ck_assert_int_eq(contract.slos.availability, -1);
	ck_assert_str_eq(wrong("name: c\nlimits: {memory: 64MB, memory_bytes: 65536, wall: 5, "
			       "output: 17MiB, fuel: 0, log: 1.5B, stack: -1KiB}\n"),
		"2: limits.memory: \"64MB\" is not a size with its unit, such as 64KiB, 1MiB or "
		"2GiB\n"
		"2: limits.memory_bytes: says the same as memory_bytes in other words\n"
		"2: limits.wall: \"5\" is not a time with its unit, such as 30s, 10m or 7d\n"
		"2: limits.output: 17MiB is not between 0B and 16MiB\n"
		"2: limits.fuel: 0 is less than 1\n"
		"2: limits.log: \"1.5B\" is not a size with its unit, such as 64KiB, 1MiB or 2GiB\n"
		"2: limits.stack: \"-1KiB\" is not a size with its unit, such as 64KiB, 1MiB or "
		"2GiB\n");
}
END_TEST

START_TEST(files_hosts_and_variables_come_from_the_policy)
{
	struct contract contract = good(with_permissions(
		"    storage:\n"
		"      allow:\n"
		"        - {uri: \"fs://srv/agent/**\", access: [read]}\n"
		"        - {uri: \"fs://a\", access: [read]}\n"
		"        - {uri: \"fs://b/*\", access: [read]}\n"
		"      deny:\n"
		"        - {uri: \"fs://srv/agent/x/*\", access: [read, write]}\n"
		"        - {uri: \"fs://b/y\", access: [write]}\n"
		"    network:\n"
		"      allow: [{host: API.example.com}, {host: \"*.b.example\"}]\n"
		"      deny: [{host: \"*\"}, {host: Evil.example}]\n"
		"    environment: {allow: [{key: LANG}, {key: A}]}\n")).contract;

	ck_assert_uint_eq(contract.storage_count, 3);
	ck_slice_eq(contract.storage[0].path, "a");
	ck_assert_int_eq(contract.storage[0].reach, CONTRACT_REACH_SELF);
	ck_slice_eq(contract.storage[1].path, "b");
	ck_assert_int_eq(contract.storage[1].reach, CONTRACT_REACH_CHILDREN);
	ck_slice_eq(contract.storage[2].path, "srv/agent");
	ck_assert_int_eq(contract.storage[2].reach, CONTRACT_REACH_TREE);
	ck_assert_uint_eq(contract.files_denied.count, 1);
	ck_slice_eq(contract.files_denied.items[0], "srv/agent/x");
	ck_assert_uint_eq(contract.hosts_denied.count, 2);
	ck_slice_eq(contract.hosts_denied.items[1], "evil.example");
	ck_assert_uint_eq(contract.environment.count, 2);
	ck_slice_eq(contract.environment.items[0], "A");
	/* Each host has the least rule there is. */
	ck_assert_uint_eq(contract.http_count, 2);
	ck_slice_eq(contract.http[0].host, "api.example.com");
	ck_assert_uint_eq(contract.http[0].methods.count, 2);
	ck_assert_int_eq(contract.http[0].ports[0], 443);
	ck_assert_int_eq(contract.http[0].allow_private, 0);
}
END_TEST

START_TEST(null_and_empty_lists_grant_nothing)
{
	static const char *const all[] = {
		"    storage: {allow: null, deny: ~}\n    network: {allow: []}\n"
		"    environment: {allow: }\n    runtime: {docker: null, wasm: }\n    ipc: {}\n",
		"    runtime: {wasm: {engine: wasmtime, wasi: {inherit_env: false, args: []}}}\n"
		"    ipc: {deny: [{uri: \"ipc://x\"}]}\n",
		"    {}\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct contract contract = good(with_permissions(all[i])).contract;

		ck_assert_uint_eq(contract.http_count + contract.storage_count +
				  contract.environment.count, 0);
	}
}
END_TEST

START_TEST(memory_may_be_said_by_the_policy)
{
	struct contract contract = good(with_permissions("    resources: {memory: 32}\n")).contract;

	ck_assert_int_eq(contract.limits.memory_bytes, 32 << 20);
	contract = good(with_permissions("    resources: {memory: 1}\nlimits: {memory: 1MiB}\n"))
			   .contract;
	ck_assert_int_eq(contract.limits.memory_bytes, 1 << 20);
	ck_assert_str_eq(wrong(with_permissions("    resources: {memory: 2}\n"
						"limits: {memory: 1MiB}\n")),
		"5: policy.permissions.resources.memory: is not the same as limits.memory; write "
		"one of them\n");
}
END_TEST

START_TEST(rules_say_what_may_be_asked_of_the_hosts)
{
	struct contract_doc doc = good(with_permissions(
		"    network: {allow: [{host: \"*.example.com\"}, {host: 127.0.0.1}]}\n"
		"http:\n"
		"  - host: Api.example.com\n"
		"    methods: [POST, GET]\n"
		"    ports: [8443, 443]\n"
		"    paths: [/v1/b, /v1/a]\n"
		"    request: 1KiB\n"
		"  - {host: 127.0.0.1, scheme: http, allow_private: true, methods: PUT, ports: 8080}\n"
		"credentials:\n"
		"  - {name: k, header: X-K, endpoint: \"http://127.0.0.1:8080\"}\n"
		"  - {name: k, header: A, prefix: \"Bearer \", "
		"endpoint: \"https://API.example.com:443\"}\n"));
	const struct contract_http *rule = doc.contract.http;

	ck_assert_str_eq(lines_of(doc.remarks, doc.remark_count),
			 "14: credentials[0].endpoint: is http: everybody on the way can read the "
			 "secret\n");
	ck_assert_uint_eq(doc.contract.http_count, 2);
	ck_slice_eq(rule->host, "api.example.com");
	ck_slice_eq(rule->methods.items[0], "GET");
	ck_slice_eq(rule->paths.items[0], "/v1/a");
	ck_assert_uint_eq(rule->port_count, 2);
	ck_assert_int_eq(rule->ports[0], 443);
	ck_assert_int_eq(rule->request_bytes, 1024);
	ck_assert_int_eq(rule[1].ports[0], 8080);
	ck_assert_int_eq(rule[1].scheme, CONTRACT_HTTP_PLAIN);
	ck_assert_uint_eq(doc.contract.credential_count, 2);
	ck_slice_eq(doc.contract.credentials[0].endpoint, "http://127.0.0.1:8080");
	ck_slice_eq(doc.contract.credentials[1].endpoint, "https://api.example.com");
	ck_slice_eq(doc.contract.credentials[1].prefix, "Bearer ");
}
END_TEST

START_TEST(what_grants_less_than_it_seems_to_is_told_of)
{
	ck_assert_str_eq(remarks_of(with_permissions(
		"    network:\n"
		"      allow: [{host: a.b}, {host: c.d}, {host: e.f}]\n"
		"      deny: [{host: c.d}]\n"
		"http:\n"
		"  - {host: a.b, methods: []}\n"
		"  - {host: c.d, paths: [], ports: []}\n")),
		"6: policy.permissions.network.allow[1].host: is denied altogether, by \"c.d\"\n"
		"6: policy.permissions.network.allow[2].host: no rule of http is for it: nothing can "
		"be asked of it\n"
		"9: http[0].methods: is empty: the rule grants nothing\n"
		"10: http[1].host: never speaks: the policy denies \"c.d\"\n"
		"10: http[1].paths: is empty: the rule grants nothing\n"
		"10: http[1].ports: is empty: the rule grants nothing\n");
}
END_TEST

START_TEST(json_is_read_alike)
{
	static const char yaml[] = "name: c\n"
		"policy: {version: '1.0', permissions: {network: {allow: [{host: a.b}]}}}\n"
		"http: [{host: a.b, ports: [80, 443], methods: [GET]}]\n"
		"determinism: {clock: 2025-11-01T01:00:00+01:00, seed: 3}\n";
	static const char json[] =
		"{\"name\": \"c\", \"policy\": {\"version\": \"1.0\", \"permissions\": "
		"{\"network\": {\"allow\": [{\"host\": \"a.b\"}]}}}, "
		"\"http\": [{\"host\": \"a.b\", \"ports\": [443, 80], \"methods\": [\"GET\"]}], "
		"\"determinism\": {\"clock\": \"2025-11-01T00:00:00Z\", \"seed\": 3}}";
	struct contract left = good(yaml).contract;
	struct buf one = { 0 }, other = { 0 };
	struct contract_doc doc;

	ck_assert_int_eq(contract_doc_read(slice_of_str(json), HAND_JSON, NULL, &arena, &doc), OK);
	contract_write_json(&left, &one);
	contract_write_json(&doc.contract, &other);
	ck_assert_str_eq(buf_str(&one), buf_str(&other));
	buf_finish(&one);
	buf_finish(&other);
}
END_TEST

/* ---- what is wrong --------------------------------------------------------------------------- */

START_TEST(all_that_is_wrong_is_told_at_once_with_line_and_path)
{
	ck_assert_str_eq(wrong(
		"name: a b\n"
		"colour: red\n"
		"module_sha256: ABC\n"
		"requires: [landlock]\n"
		"limits:\n"
		"  memroy: 1MiB\n"
		"rates: {burst: 0}\n"
		"http:\n"
		"  - host: a.b\n"
		"    ports: [0, 443, 443, x]\n"
		"    methods: [get]\n"
		"    paths: [x, /a/../b, 5]\n"
		"  - methods: [GET]\n"
		"  - x\n"
		"credentials:\n"
		"  - {name: k, header: Host, prefix: \"\xc3\xa9\", endpoint: \"https://a.b/c\"}\n"
		"  - {name: k, header: A, endpoint: \"https://q.r\"}\n"
		"determinism: {clock: today, seed: -1}\n"
		"slos: {success_rate: 1.5}\n"
		"name: c\n"),
		"1: name: \"a b\" is not 1 to 128 of A-Z a-z 0-9 . _ : @ -\n"
		"2: colour: a contract has no such key\n"
		"3: module_sha256: \"ABC\" is not 64 hex digits in lower case, as sha256sum prints "
		"them\n"
		"4: requires[0]: \"landlock\" is none of namespaces, seccomp\n"
		"6: limits.memroy: limits has no such key; did you mean memory?\n"
		"7: rates.burst: 0 is not between 1 and 10000\n"
		"9: http[0].host: \"a.b\" is not allowed by policy.permissions.network\n"
		"10: http[0].ports[0]: \"0\" is not a port, 1 to 65535\n"
		"10: http[0].ports[2]: 443 occurs twice\n"
		"10: http[0].ports[3]: \"x\" is not a port, 1 to 65535\n"
		"11: http[0].methods[0]: \"get\" is none of DELETE, GET, HEAD, OPTIONS, PATCH, POST, "
		"PUT\n"
		"12: http[0].paths[0]: \"x\" is not a path in its normal form, with * as a part or /** "
		"at the end\n"
		"12: http[0].paths[1]: \"/a/../b\" is not a path in its normal form, with * as a part "
		"or /** at the end\n"
		"12: http[0].paths[2]: \"5\" is not a path in its normal form, with * as a part or /** "
		"at the end\n"
		"13: http[1].host: is missing\n"
		"14: http[2]: is a text, not a map\n"
		"16: credentials[0].header: \"Host\" is not a header that may be written\n"
		"16: credentials[0].prefix: holds what is not printable ASCII\n"
		"16: credentials[0].endpoint: \"https://a.b/c\" is not https://host or "
		"https://host:port, with no path\n"
		"17: credentials[1].endpoint: no rule of http is for \"https://q.r\": the secret would "
		"go nowhere\n"
		"18: determinism.seed: -1 is less than 0\n"
		"18: determinism.clock: \"today\" is not a time such as 2025-11-01T00:00:00Z\n"
		"19: slos.success_rate: 1.5 is not between 0.0 and 1.0\n"
		"20: name: occurs twice, first on line 1\n");
}
END_TEST

START_TEST(what_the_chassis_cannot_hold_is_an_error)
{
	static const struct {
		const char *permissions, *error;
	} all[] = {
		{ "    storage: {allow: [{uri: \"fs://a\", access: [write]}]}\n",
		  "5: policy.permissions.storage.allow[0].access: a guest cannot be let write files; "
		  "take write out\n" },
		{ "    storage: {allow: [{uri: \"fs:///**\", access: [read]}]}\n",
		  "5: policy.permissions.storage.allow[0].uri: \"fs:///**\" would be every file of the "
		  "machine; name a folder\n" },
		{ "    storage: {allow: [{uri: \"fs://a/*/b\", access: [read]}]}\n",
		  "5: policy.permissions.storage.allow[0].uri: \"fs://a/*/b\" has a wildcard elsewhere "
		  "than at its end; /* and /** can be held there\n" },
		{ "    storage: {deny: [{uri: \"fs://**/.env\", access: [read]}]}\n",
		  "5: policy.permissions.storage.deny[0].uri: \"fs://**/.env\" has a wildcard "
		  "elsewhere than at its end; /* and /** can be held there\n" },
		{ "    storage: {allow: [{uri: \"fs://a/**\", access: [read]}], "
		  "deny: [{uri: \"fs:///home/a/b\", access: [read]}]}\n",
		  "5: policy.permissions.storage.deny[0].uri: is absolute, and \"a\" is allowed, which "
		  "is not: it could not be told whether one lies in the other\n" },
		{ "    network: {allow: [{host: \"*\"}]}\n",
		  "5: policy.permissions.network.allow[0].host: every host is more than can be "
		  "granted; name hosts\n" },
		{ "    network: {deny: [{cidr: 0.0.0.0/0}]}\n",
		  "5: policy.permissions.network.deny[0].cidr: addresses cannot be held: guests reach "
		  "hosts by name, and the proxy refuses private addresses by itself; name hosts\n" },
		{ "    network: {allow: [{defaults: true}]}\n",
		  "5: policy.permissions.network.allow[0].defaults: does not say which hosts are "
		  "meant; name them\n" },
		{ "    runtime: {docker: {security: {privileged: false}}}\n",
		  "5: policy.permissions.runtime.docker: guests are WebAssembly: no container is "
		  "started\n" },
		{ "    runtime: {wasm: {engine: v8}}\n",
		  "5: policy.permissions.runtime.wasm.engine: is not wasmtime, the only engine "
		  "here\n" },
		{ "    runtime: {wasm: {engine: wasmtime, wasi: {inherit_env: true}}}\n",
		  "5: policy.permissions.runtime.wasm.wasi.inherit_env: variables are granted one by "
		  "one, under environment\n" },
		{ "    resources: {cpu: 50.0}\n",
		  "5: policy.permissions.resources.cpu: a share of the processor cannot be held; "
		  "limits.fuel and limits.wall can\n" },
		{ "    ipc: {allow: [{uri: \"ipc://x\"}]}\n",
		  "5: policy.permissions.ipc.allow: guests reach no other process\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		ck_assert_str_eq(wrong(with_permissions(all[i].permissions)), all[i].error);
}
END_TEST

START_TEST(a_policy_is_read_as_strictly_as_its_schema)
{
	static const char *const all[] = {
		"name: c\npolicy: {permissions: {}}\n",
		"name: c\npolicy: {version: '1.0'}\n",
		"name: c\npolicy: {version: '2.0', permissions: {}}\n",
		"name: c\npolicy: {version: '1.0', permissions: [], x: 1}\n",
		"name: c\npolicy: x\n",
		"name: c\npolicy:\n",
	};
	static const char *const permissions[] = {
		"    files: {}\n",
		"    storage: []\n",
		"    storage: {grant: []}\n",
		"    storage: {allow: {}}\n",
		"    storage: {allow: [x]}\n",
		"    storage: {allow: [{uri: \"fs://a\"}]}\n",
		"    storage: {allow: [{access: [read]}]}\n",
		"    storage: {allow: [{uri: \"fs://a\", access: []}]}\n",
		"    storage: {allow: [{uri: \"fs://a\", access: read}]}\n",
		"    storage: {allow: [{uri: \"fs://a\", access: [execute]}]}\n",
		"    storage: {allow: [{uri: /a, access: [read]}]}\n",
		"    storage: {allow: [{uri: \"FS://a\", access: [read]}]}\n",
		"    storage: {allow: [{uri: \"fs://a/../b\", access: [read]}]}\n",
		"    storage: {allow: [{uri: \"fs://a/\", access: [read]}]}\n",
		"    storage: {allow: [{uri: \"fs://a%2fb\", access: [read]}]}\n",
		"    storage: {allow: [{uri: \"fs://\", access: [read]}]}\n",
		"    storage: {allow: [{uri: \"fs://a***\", access: [read]}]}\n",
		"    storage: {allow: [{uri: \"fs://a\\u202eb\", access: [read]}]}\n",
		("    storage: {allow: [{uri: \"fs://a\", access: [read]}, "
		 "{uri: \"fs://a/**\", access: [read]}]}\n"),
		"    network: {allow: [{}]}\n",
		"    network: {allow: [{host: a.b, cidr: 10.0.0.0/8}]}\n",
		"    network: {allow: [{host: \"https://a.b\"}]}\n",
		"    network: {allow: [{host: \"a.b:443\"}]}\n",
		"    network: {allow: [{host: a.b.}]}\n",
		"    network: {allow: [{host: \"*.com\"}]}\n",
		"    network: {allow: [{host: a.b}, {host: A.B}]}\n",
		"    network: {allow: [{host: 0x7f.1}]}\n",
		"    network: {allow: [{host: 2130706433}]}\n",
		"    environment: {allow: [{key: \"A*\"}]}\n",
		"    environment: {allow: [{key: A}, {key: A}]}\n",
		"    environment: {allow: [A]}\n",
		"    environment: {deny: [{key: A}]}\n",
		"    resources: {memory: 0}\n",
		"    resources: {memory: 512Mi}\n",
		"    resources: {limits: {memory: 512Mi}}\n",
		"    runtime: {wasm: {}}\n",
		"    runtime: {podman: {}}\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		wrong(all[i]);
	for (size_t i = 0; i < ARRAY_LEN(permissions); i++)
		wrong(with_permissions(permissions[i]));
}
END_TEST

START_TEST(two_credentials_do_not_share_a_header)
{
	ck_assert_str_eq(wrong(with_permissions(
		"    network: {allow: [{host: a.b}]}\n"
		"credentials:\n"
		"  - {name: k, header: X-Key, endpoint: \"https://a.b\"}\n"
		"  - {name: l, header: x-key, endpoint: \"https://A.b:443\"}\n")),
		"8: credentials[1]: another credential goes into this header, too\n");
}
END_TEST

START_TEST(a_document_that_swells_is_refused)
{
	struct buf text = { 0 };

	buf_add_lit(&text, "name: c\na: &a [x,x,x,x,x,x,x,x,x,x]\n");
	for (char c = 'b'; c <= 'i'; c++) {
		buf_add_byte(&text, c);
		buf_add_lit(&text, ": &");
		buf_add_byte(&text, c);
		buf_add_lit(&text, " [");
		for (int i = 0; i < 10; i++) {
			buf_add_str(&text, i ? ", *" : "*");
			buf_add_byte(&text, (char)(c - 1));
		}
		buf_add_lit(&text, "]\n");
	}
	wrong(buf_str(&text));
	buf_clear(&text);
	buf_add_lit(&text, "name: ");
	buf_add_repeat(&text, '[', 100000);
	wrong(buf_str(&text));
	buf_finish(&text);
	wrong("name: c\n---\nname: d\n");
	wrong("name: !!python/object c\n");
	wrong("- name: c\n");
	wrong("");
}
END_TEST

START_TEST(too_many_rules_are_refused)
{
	struct buf text = { 0 };

	buf_add_str(&text, with_permissions("    network: {allow: [{host: a.b}]}\nhttp:\n"));
	for (int i = 0; i <= CONTRACT_HTTP_MAX; i++)
		buf_add_lit(&text, "  - {host: a.b}\n");
	ck_assert_str_eq(wrong(buf_str(&text)), "6: http: has 65 rules; the limit is 64\n");
	buf_finish(&text);
}
END_TEST

/* ---- the ceiling ----------------------------------------------------------------------------- */

static struct contract_ceiling ceiling_of(const char *text)
{
	struct ceiling_doc doc;
	enum err err = ceiling_doc_read(slice_of_str(text), HAND_YAML, &arena, &doc);

	ck_assert_msg(err == OK, "%s", lines_of(doc.errors, doc.error_count));
	return doc.ceiling;
}

START_TEST(limits_above_the_ceiling_are_refused_and_never_made_smaller)
{
	struct contract_ceiling ceiling = ceiling_of("limits: {memory: 32MiB, wall: 10s}\n"
						     "http: {allow_private: false, response: 1KiB}\n");
	struct contract contract;

	ck_assert_str_eq(wrong_below(with_permissions(
		"    network: {allow: [{host: a.b}]}\n"
		"limits:\n"
		"  wall_ms: 10001\n"
		"http:\n"
		"  - host: a.b\n"
		"    allow_private: true\n"
		"    response: 1MiB\n"
		"  - host: a.b\n"), &ceiling),
		"6: limits.memory_bytes: 64MiB, which holds where nothing is said, is above the "
		"operator's ceiling, 32MiB; write it\n"
		"7: limits.wall_ms: 10001ms is above the operator's ceiling, 10s\n"
		"10: http[0].allow_private: the operator's ceiling does not allow it\n"
		"11: http[0].response: 1MiB is above the operator's ceiling, 1KiB\n"
		"12: http[1].response_bytes: 1MiB, which holds where nothing is said, is above the "
		"operator's ceiling, 1KiB; write it\n");
	contract = good_below("name: c\nlimits: {memory: 32MiB, wall: 10s}\n", &ceiling).contract;
	ck_assert_int_eq(contract.limits.memory_bytes, 32 << 20);
	contract = good_below(with_permissions("    resources: {memory: 16}\n"), &ceiling).contract;
	ck_assert_int_eq(contract.limits.memory_bytes, 16 << 20);
	wrong_below(with_permissions("    resources: {memory: 33}\n"), &ceiling);
}
END_TEST

START_TEST(a_ceiling_is_a_document_of_limits)
{
	static const char *const all[] = {
		"name: c\n", "limits: {memroy: 1MiB}\n", "limits: {memory: 0}\n", "limits: 1\n",
		"[]\n", "limits: {wall: 5h}\n", "http: [{host: a.b}]\n",
		"limits: {fuel: 1}\nlimits: {fuel: 2}\n",
	};
	struct contract_ceiling none = contract_ceiling_default(), ceiling = ceiling_of("{}\n");
	struct ceiling_doc doc;

	ck_assert_int_eq(ceiling.limits.memory_bytes, none.limits.memory_bytes);
	ck_assert_int_eq(ceiling.limits.fuel, INT64_MAX);
	ck_assert_int_eq(ceiling.rates.burst, none.rates.burst);
	ck_assert_int_eq(ceiling.http.allow_private, 1);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		ck_assert_msg(ceiling_doc_read(slice_of_str(all[i]), HAND_YAML, &arena, &doc) ==
			      ERR_DOCUMENT_INVALID && doc.error_count == 1, "%s", all[i]);
}
END_TEST

/* ---- writing --------------------------------------------------------------------------------- */

static const char *read_file(const char *path)
{
	char *text = arena_zero(&arena, 65536, 1);
	FILE *file = fopen(path, "r");

	ck_assert_msg(file != NULL, "%s", path);
	ck_assert_uint_lt(fread(text, 1, 65535, file), 65535);
	fclose(file);
	return text;
}

START_TEST(the_examples_are_read_and_their_canonical_form_is_the_same_contract)
{
	struct contract_ceiling ceiling = ceiling_of(read_file("examples/ceiling.yaml"));
	glob_t files;

	ck_assert_int_eq(glob("examples/contracts/*.yaml", 0, NULL, &files), 0);
	ck_assert_uint_ge(files.gl_pathc, 4);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct contract contract = good_below(read_file(files.gl_pathv[i]), &ceiling).contract;
		struct buf once = { 0 }, twice = { 0 };
		struct contract_doc again;

		contract_write_json(&contract, &once);
		ck_assert_int_eq(contract_doc_read(buf_slice(&once), HAND_JSON, &ceiling, &arena,
						   &again), OK);
		contract_write_json(&again.contract, &twice);
		ck_assert_str_eq(buf_str(&once), buf_str(&twice));
		ck_assert_str_eq(explained(&contract), explained(&again.contract));
		buf_finish(&once);
		buf_finish(&twice);
	}
	globfree(&files);
}
END_TEST

START_TEST(what_it_grants_is_told_in_plain_words)
{
	struct contract contract = good(read_file("examples/contracts/fetch.yaml")).contract;
	const char *text = explained(&contract);
	static const char *const lines[] = {
		"  refused by a machine without seccomp\n",
		"  read the folder data/in and all below it\n",
		"  see the variable LANG\n",
		"  ask https://api.example.com by POST for /v1/items/*/notes, sending 16KiB and "
		"receiving 64KiB at most, 2 times a second\n",
		"  have the secret example-api sent to https://api.example.com in the header "
		"Authorization behind \"Bearer \", without seeing it\n",
		"  read data/in/private or anything below it\n",
		"  ask old.cdn.example.com\n",
		"  reach private, loopback or link-local addresses\n",
		"  that 0.99 of its tasks succeed\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		ck_assert_msg(strstr(text, lines[i]) != NULL, "%s not in\n%s", lines[i], text);
}
END_TEST

/* Each key of the schema, as people write it, in backquotes. */
static void check_keys(const char *text, const struct schema *schema)
{
	for (size_t i = 0; i < schema->count; i++) {
		struct slice name = slice_of_str(schema->fields[i].name);
		char key[80];

		if (!fields_is_size(&schema->fields[i], &name))
			fields_is_duration(&schema->fields[i], &name);
		snprintf(key, sizeof(key), "`%.*s`", (int)name.len, name.ptr);
		ck_assert_msg(strstr(text, key) != NULL, "%s of %s is not in the documentation", key,
			      schema->name);
	}
}

START_TEST(the_documentation_names_every_key_and_its_example_is_right)
{
	const char *text = read_file("docs/components/IF.CHASSIS.md");
	const char *begin = strstr(text, "```yaml\n"), *end;
	const struct schema *const all[] = {
		&contract_root_schema, &contract_limits_schema, &contract_rates_schema,
		&contract_http_schema, &contract_credential_schema, &contract_slos_schema,
		&contract_determinism_schema,
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		check_keys(text, all[i]);
	ck_assert_ptr_nonnull(begin);
	begin += sizeof("```yaml\n") - 1;
	end = strstr(begin, "```");
	ck_assert_ptr_nonnull(end);
	good(arena_copy(&arena, slice_of(begin, (size_t)(end - begin))).ptr);
}
END_TEST

static const char *difference(const char *from, const char *to)
{
	struct contract left = good(from).contract, right = good(to).contract;
	struct buf out = { 0 };
	const char *text;

	contract_doc_diff(&left, &right, &out);
	text = arena_copy(&arena, buf_slice(&out)).ptr;
	buf_finish(&out);
	return text ? text : "";
}

START_TEST(what_differs_is_told_line_by_line)
{
	ck_assert_str_eq(difference("name: c\n", "name: c\nlimits: {wall: 10s}\n"), "");
	ck_assert_str_eq(difference(
		with_permissions("    environment: {allow: [{key: A}]}\n"),
		with_permissions("    storage: {allow: [{uri: \"fs://a\", access: [read]}]}\n"
				 "limits: {memory: 1MiB}\n")),
		"- may see the variable A\n"
		"+ may read the file a\n"
		"- may not read or write files\n"
		"- may not see other variables\n"
		"+ may not read other files, or write any\n"
		"+ may not see variables\n"
		"- may use at most memory: 64MiB\n"
		"+ may use at most memory: 1MiB\n");
	ck_assert_str_eq(difference(
		with_permissions("    network: {allow: [{host: a.b}]}\n"
				 "http: [{host: a.b, paths: [/x]}, {host: a.b}]\n"),
		with_permissions("    network: {allow: [{host: a.b}]}\n"
				 "http: [{host: a.b}, {host: a.b, paths: [/x]}]\n")),
		"~ tries its http rules in another order\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("contract_doc");
	TCase *reading = tcase_create("reading"), *wrongs = tcase_create("wrong");
	TCase *ceilings = tcase_create("ceiling"), *writing = tcase_create("writing");
	SRunner *runner;
	int failed;

	tcase_add_test(reading, a_name_alone_grants_nothing);
	tcase_add_test(reading, limits_are_written_in_words_or_in_numbers);
	tcase_add_test(reading, files_hosts_and_variables_come_from_the_policy);
	tcase_add_test(reading, null_and_empty_lists_grant_nothing);
	tcase_add_test(reading, memory_may_be_said_by_the_policy);
	tcase_add_test(reading, rules_say_what_may_be_asked_of_the_hosts);
	tcase_add_test(reading, what_grants_less_than_it_seems_to_is_told_of);
	tcase_add_test(reading, json_is_read_alike);
	tcase_add_test(wrongs, all_that_is_wrong_is_told_at_once_with_line_and_path);
	tcase_add_test(wrongs, what_the_chassis_cannot_hold_is_an_error);
	tcase_add_test(wrongs, a_policy_is_read_as_strictly_as_its_schema);
	tcase_add_test(wrongs, two_credentials_do_not_share_a_header);
	tcase_add_test(wrongs, a_document_that_swells_is_refused);
	tcase_add_test(wrongs, too_many_rules_are_refused);
	tcase_add_test(ceilings, limits_above_the_ceiling_are_refused_and_never_made_smaller);
	tcase_add_test(ceilings, a_ceiling_is_a_document_of_limits);
	tcase_add_test(writing, the_examples_are_read_and_their_canonical_form_is_the_same_contract);
	tcase_add_test(writing, what_it_grants_is_told_in_plain_words);
	tcase_add_test(writing, the_documentation_names_every_key_and_its_example_is_right);
	tcase_add_test(writing, what_differs_is_told_line_by_line);
	suite_add_tcase(suite, reading);
	suite_add_tcase(suite, wrongs);
	suite_add_tcase(suite, ceilings);
	suite_add_tcase(suite, writing);
	for (size_t i = 0; i < 4; i++)
		tcase_add_checked_fixture((TCase *[]){ reading, wrongs, ceilings, writing }[i], NULL,
					  teardown);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
