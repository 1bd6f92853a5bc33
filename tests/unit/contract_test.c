#include "chassis/contract.h"

#include <check.h>
#include <stdlib.h>

#include "base/ensure.h"

static struct slice_list list_of(const struct slice *items, size_t count)
{
	return (struct slice_list){ items, count };
}
#define LIST(...) list_of((struct slice[]){ __VA_ARGS__ }, \
			  sizeof((struct slice[]){ __VA_ARGS__ }) / sizeof(struct slice))

static struct contract_http rule_for(const char *host)
{
	struct contract_http rule = contract_http_default();

	rule.host = slice_of_str(host);
	return rule;
}

static struct contract contract_of(const struct contract_http *rules, size_t count)
{
	struct contract contract = contract_default();

	contract.name = SLICE("test");
	contract.http = rules;
	contract.http_count = count;
	return contract;
}

static struct contract_request get(const char *host, const char *path)
{
	return (struct contract_request){
		CONTRACT_HTTPS, slice_of_str(host), 443, SLICE("GET"), slice_of_str(path),
	};
}

static enum contract_ground ground_of(const struct contract *contract,
				      const struct contract_request *request)
{
	enum contract_ground ground;
	int rule = contract_http_rule(contract, request, &ground);

	ck_assert_int_eq(rule >= 0, ground == CONTRACT_COVERED);
	return ground;
}

/* ---- spellings ------------------------------------------------------------------------------- */

struct spelling {
	const char *text;
	bool right;
};

static void check_spellings(const struct spelling *all, size_t count, bool (*is_valid)(struct slice))
{
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(is_valid(slice_of_str(all[i].text)) == all[i].right, "%s", all[i].text);
}

START_TEST(a_host_has_one_spelling)
{
	static const struct spelling all[] = {
		{ "api.example.com", true }, { "API.Example.COM", true }, { "localhost", true },
		{ "a", true }, { "x_y.example.com", true }, { "xn--bcher-kva.example", true },
		{ "127.0.0.1", true }, { "255.255.255.255", true }, { "1.example.com", true },
		{ "1a", true }, { "0xg.a", true }, { "dead.beef", true },
		{ "", false }, { ".", false }, { "api.example.com.", false },
		{ ".example.com", false },
		{ "a..b", false }, { "-a.b", false }, { "a-.b", false }, { "a b", false },
		{ "a/b", false }, { "a:443", false }, { "a@b", false }, { "user:x@a.b", false },
		{ "a%2eb", false }, { "%61.b", false }, { "a\\b", false },
		{ "a.b\r\nHost: c", false },
		{ "b\xc3\xbc" "cher.example", false }, { "a.\xe3\x80\x82" "b", false },
		{ "[::1]", false }, { "::1", false }, { "::ffff:127.0.0.1", false },
		{ "[::ffff:7f00:1]", false }, { "fe80::1%eth0", false },
		{ "2130706433", false }, { "017700000001", false }, { "0x7f000001", false },
		{ "0x7f.1", false }, { "127.1", false }, { "127.0.1", false },
		{ "0177.0.0.1", false },
		{ "127.0.0.01", false }, { "127.0.0.256", false }, { "127.0.0.0x1", false },
		{ "1.2.3.4.5", false }, { "256.1.1.1", false }, { "a.0x", false }, { "a.1", false },
		{ "*.example.com", false }, { "*", false },
	};
	char label[70];

	check_spellings(all, ARRAY_LEN(all), contract_host_is_valid);
	memset(label, 'a', sizeof(label));
	ck_assert(contract_host_is_valid(slice_of(label, 63)));
	ck_assert(!contract_host_is_valid(slice_of(label, 64)));
	ck_assert(!contract_host_is_valid(slice_of("a\0b", 3)));
}
END_TEST

START_TEST(a_pattern_stands_for_hosts_below_a_name)
{
	static const struct spelling all[] = {
		{ "*.example.com", true }, { "*.a.example.com", true }, { "api.example.com", true },
		{ "*.com", false }, { "*", false }, { "*.", false }, { "**.example.com", false },
		{ "a*.example.com", false }, { "*a.example.com", false }, { "a.*.com", false },
		{ "*.*.com", false }, { "*.0.0.1", false }, { "*.127.0.0.1", false },
		{ "*.example.com.", false }, { "*example.com", false },
	};
	static const struct {
		const char *wide, *narrow;
		bool covers;
	} pairs[] = {
		{ "*.example.com", "api.example.com", true },
		{ "*.example.com", "a.b.example.com", true },
		{ "*.example.com", "API.EXAMPLE.com", true },
		{ "*.example.com", "example.com", false },
		{ "*.example.com", "badexample.com", false },
		{ "*.example.com", "example.com.evil.org", false },
		{ "*.example.com", ".example.com", false },
		{ "*.example.com", "*.example.com", true },
		{ "*.example.com", "*.a.example.com", true },
		{ "*.a.example.com", "*.example.com", false },
		{ "api.example.com", "*.example.com", false },
		{ "api.example.com", "api.example.com", true },
		{ "api.example.com", "Api.Example.Com", true },
		{ "api.example.com", "x.api.example.com", false },
		{ "*", "anything.at.all", true },
	};

	check_spellings(all, ARRAY_LEN(all), contract_host_pattern_is_valid);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		ck_assert_msg(contract_host_covers(slice_of_str(pairs[i].wide),
						   slice_of_str(pairs[i].narrow)) == pairs[i].covers,
			      "%s covers %s", pairs[i].wide, pairs[i].narrow);
}
END_TEST

START_TEST(a_path_has_one_spelling)
{
	static const struct spelling all[] = {
		{ "/", true }, { "/v1/items", true }, { "/v1/items/", true }, { "/a%20b", true },
		{ "/%C3%BC", true }, { "/%c3%bc", true }, { "/a;b=1", true }, { "/a...b", true },
		{ "/...", true }, { "/.well-known/x", true }, { "/~ann/@x:y", true },
		{ "/a%3Fb", true },
		{ "/a!$&'()*+,;=b", true },
		{ "", false }, { "v1", false }, { "*", false }, { "//", false }, { "/a//b", false },
		{ "//evil.org/x", false }, { "/.", false }, { "/..", false }, { "/a/../b", false },
		{ "/a/./b", false }, { "/a/..", false }, { "/..;/b", false },
		{ "/a/..;x=1/b", false },
		{ "/.;/b", false }, { "/..%3b/b", false }, { "/%2e%2e/b", false },
		{ "/%2E./b", false },
		{ "/.%2e/b", false }, { "/%252e%252e/b", false }, { "/a%2fb", false },
		{ "/a%2Fb", false },
		{ "/a%5cb", false }, { "/a\\b", false }, { "/a%00", false },
		{ "/a%0d%0aX: y", false },
		{ "/a%7f", false }, { "/a%25", false }, { "/%61", false }, { "/%7Eann", false },
		{ "/%2D", false }, { "/a%", false }, { "/a%2", false }, { "/a%zz", false },
		{ "/a%u002e", false }, { "/%c0%ae%c0%ae/b", false }, { "/%c0%af", false },
		{ "/%e0%80%af", false }, { "/%ff", false }, { "/\xc3\xbc", false },
		{ "/a b", false },
		{ "/a?b", false }, { "/a#b", false }, { "/a\tb", false }, { "/a\r\nb", false },
		{ "/a\"b", false }, { "/<a>", false }, { "/{a}", false }, { "/a|b", false },
		{ "/[a]", false }, { "/a^b", false }, { "/a`b", false },
	};
	char path[4200];

	check_spellings(all, ARRAY_LEN(all), contract_path_is_normal);
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	ck_assert(contract_path_is_normal(slice_of(path, 4096)));
	ck_assert(!contract_path_is_normal(slice_of(path, 4097)));
	ck_assert(!contract_path_is_normal(slice_of("/a\0b", 4)));
}
END_TEST

START_TEST(a_path_pattern_is_taken_part_by_part)
{
	static const struct spelling all[] = {
		{ "/", true }, { "/**", true }, { "/*", true }, { "/a/*/b", true },
		{ "/a/*/**", true },
		{ "/a/", true }, { "/a/*/", true },
		{ "**", false }, { "/**/a", false }, { "/a*", false }, { "/*a", false },
		{ "/a**", false },
		{ "/***", false }, { "/a/*.json", false }, { "/a/../*", false },
		{ "/%61/*", false },
	};
	static const struct {
		const char *pattern, *path;
		bool covers;
	} pairs[] = {
		{ "/**", "/", true }, { "/**", "/a", true }, { "/**", "/a/b/", true },
		{ "/v1/**", "/v1/", true }, { "/v1/**", "/v1/a/b", true },
		{ "/v1/**", "/v1", false },
		{ "/v1/**", "/v10", false }, { "/v1/**", "/V1/a", false },
		{ "/v1/*", "/v1/a", true }, { "/v1/*", "/v1/", false },
		{ "/v1/*", "/v1/a/", false },
		{ "/v1/*", "/v1/a/b", false }, { "/v1/*/", "/v1/a/", true },
		{ "/v1/*/n", "/v1/a/n", true }, { "/v1/*/n", "/v1/n", false },
		{ "/v1/*/n", "/v1/a/b/n", false }, { "/v1/*/**", "/v1/a/", true },
		{ "/v1/*/**", "/v1/a", false },
		{ "/a", "/a", true }, { "/a", "/a/", false }, { "/a/", "/a", false },
		{ "/a", "/ab", false },
		{ "/%C3%BC", "/%c3%bc", true }, { "/%c3%bc", "/%C3%BC", true },
		{ "/%C3%BC", "/%C3%BD", false },
		{ "/a", "/A", false }, { "/a%20b", "/a%20B", false },
		/* Never by an odd spelling, however wide the pattern. */
		{ "/**", "/a/../b", false }, { "/**", "/%2e%2e/b", false },
		{ "/v1/**", "/v1/..;/x", false },
		{ "/v1/*", "/v1/..", false }, { "/v1/*", "/v1/%2e%2e", false },
		{ "/**", "/a//b", false },
	};

	check_spellings(all, ARRAY_LEN(all), contract_path_pattern_is_valid);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		ck_assert_msg(contract_path_covers(slice_of_str(pairs[i].pattern),
						   slice_of_str(pairs[i].path)) == pairs[i].covers,
			      "%s covers %s", pairs[i].pattern, pairs[i].path);
}
END_TEST

START_TEST(an_endpoint_is_a_scheme_a_host_and_a_port)
{
	static const struct {
		const char *text, *shortest;
	} all[] = {
		{ "https://Api.Example.com", "https://api.example.com" },
		{ "https://a.b:443", "https://a.b" }, { "http://a.b:80", "http://a.b" },
		{ "https://a.b:80", "https://a.b:80" },
		{ "http://127.0.0.1:8080", "http://127.0.0.1:8080" },
		{ "https://a.b:65535", "https://a.b:65535" },
		{ "HTTPS://a.b", NULL }, { "ftp://a.b", NULL }, { "a.b", NULL },
		{ "https://", NULL },
		{ "https://a.b/", NULL }, { "https://a.b/x", NULL }, { "https://a.b:", NULL },
		{ "https://a.b:0", NULL }, { "https://a.b:0443", NULL },
		{ "https://a.b:65536", NULL },
		{ "https://a.b:+443", NULL }, { "https://a.b:-1", NULL },
		{ "https://a.b:443:1", NULL },
		{ "https://u@a.b", NULL }, { "https://a.b?x", NULL }, { "https://*.a.b", NULL },
		{ "https://a.b.", NULL }, { "https://a.b:99999999999999999999", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct contract_request place;
		struct buf text = { 0 };
		bool read = contract_endpoint_read(slice_of_str(all[i].text), &place);

		ck_assert_msg(read == (all[i].shortest != NULL), "%s", all[i].text);
		if (read) {
			contract_endpoint_write(&place, &text);
			ck_assert_str_eq(buf_str(&text), all[i].shortest);
		}
		buf_finish(&text);
	}
}
END_TEST

START_TEST(a_header_does_not_say_how_the_message_is_sent)
{
	static const struct spelling all[] = {
		{ "Authorization", true }, { "X-Api-Key", true }, { "x_key", true },
		{ "", false }, { "Host", false }, { "host", false }, { "Content-Length", false },
		{ "TRANSFER-ENCODING", false }, { "Connection", false }, { "Upgrade", false },
		{ "A:", false }, { "A B", false }, { "A\r\nB", false }, { "\xc3\xbc", false },
	};

	check_spellings(all, ARRAY_LEN(all), contract_header_is_valid);
}
END_TEST

START_TEST(a_variable_is_named_as_shells_name_it)
{
	static const struct spelling all[] = {
		{ "LANG", true }, { "_x9", true }, { "", false }, { "9A", false }, { "A*", false },
		{ "A=B", false }, { "A B", false }, { "\xc3\x84", false },
	};

	check_spellings(all, ARRAY_LEN(all), contract_variable_is_valid);
}
END_TEST

/* ---- requests -------------------------------------------------------------------------------- */

START_TEST(a_contract_that_says_nothing_grants_nothing)
{
	struct contract contract = contract_default();
	struct contract_request request = get("api.example.com", "/");

	ck_assert_int_eq(ground_of(&contract, &request), CONTRACT_NO_HOST);
	ck_assert(!contract_may_read(&contract, SLICE("a")));
	ck_assert(!contract_may_read(&contract, SLICE(".")));
	ck_assert(!contract_may_read(&contract, SLICE("/etc/passwd")));
	ck_assert(!contract_may_see_variable(&contract, SLICE("PATH")));
	ck_assert(!contract_requires(&contract, CONTRACT_LAYER_SECCOMP));
	ck_assert(!contract_reaches(&contract, &request));
}
END_TEST

START_TEST(the_ground_is_how_far_the_nearest_rule_went)
{
	struct contract_http rules[] = { rule_for("api.example.com"), rule_for("*.example.org") };
	struct contract contract = contract_of(rules, ARRAY_LEN(rules));
	struct contract_request request = get("api.example.com", "/v1/x");

	rules[0].paths = LIST(SLICE("/v1/*"));
	ck_assert_int_eq(ground_of(&contract, &request), CONTRACT_COVERED);
	request.path = SLICE("/v2/x");
	ck_assert_int_eq(ground_of(&contract, &request), CONTRACT_NO_PATH);
	request.method = SLICE("POST");
	ck_assert_int_eq(ground_of(&contract, &request), CONTRACT_NO_METHOD);
	request.port = 8443;
	ck_assert_int_eq(ground_of(&contract, &request), CONTRACT_NO_PORT);
	request = get("api.example.com", "/v1/x");
	request.scheme = CONTRACT_HTTP_PLAIN;
	ck_assert_int_eq(ground_of(&contract, &request), CONTRACT_NO_PORT);
	request = get("example.org", "/v1/x");
	ck_assert_int_eq(ground_of(&contract, &request), CONTRACT_NO_HOST);
	request = get("api.example.com.", "/v1/x");
	ck_assert_int_eq(ground_of(&contract, &request), CONTRACT_HOST_ODD);
	request = get("api.example.com", "/v1/../x");
	ck_assert_int_eq(ground_of(&contract, &request), CONTRACT_PATH_ODD);
}
END_TEST

START_TEST(methods_are_written_as_they_are_sent)
{
	static const char *const odd[] = { "get", "Get", "GET ", "CONNECT", "TRACE", "", "GET\r\nX" };
	struct contract_http rule = rule_for("a.b");
	struct contract contract = contract_of(&rule, 1);

	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		struct contract_request request = get("a.b", "/");

		request.method = slice_of_str(odd[i]);
		ck_assert_msg(ground_of(&contract, &request) == CONTRACT_NO_METHOD, "%s", odd[i]);
	}
}
END_TEST

START_TEST(an_empty_list_of_a_rule_grants_nothing)
{
	struct contract_http rules[3] = { rule_for("a.b"), rule_for("a.b"), rule_for("a.b") };
	struct contract contract = contract_of(rules, ARRAY_LEN(rules));
	struct contract_request request = get("a.b", "/");

	rules[0].methods.count = 0;
	rules[1].paths.count = 0;
	rules[2].port_count = 0;
	ck_assert_int_ne(ground_of(&contract, &request), CONTRACT_COVERED);
	for (size_t i = 0; i < 3; i++) {
		contract.http = &rules[i];
		contract.http_count = 1;
		ck_assert_int_ne(ground_of(&contract, &request), CONTRACT_COVERED);
	}
}
END_TEST

START_TEST(the_first_rule_that_covers_a_request_is_its_rule)
{
	struct contract_http rules[] = { rule_for("x.a.b"), rule_for("*.a.b"), rule_for("x.a.b") };
	struct contract contract = contract_of(rules, ARRAY_LEN(rules));
	struct contract_request request = get("x.a.b", "/deep/down");
	enum contract_ground ground;

	rules[0].paths = LIST(SLICE("/*"));
	ck_assert_int_eq(contract_http_rule(&contract, &request, &ground), 1);
	request.path = SLICE("/flat");
	ck_assert_int_eq(contract_http_rule(&contract, &request, &ground), 0);
	request.host = SLICE("Y.A.B");
	ck_assert_int_eq(contract_http_rule(&contract, &request, &ground), 1);
}
END_TEST

START_TEST(what_is_denied_goes_before_what_is_allowed)
{
	struct contract_http rules[] = { rule_for("*.example.com"), rule_for("old.example.com") };
	struct contract contract = contract_of(rules, ARRAY_LEN(rules));
	struct contract_request request = get("OLD.example.com", "/");
	struct buf said = { 0 };

	contract.hosts_denied = LIST(SLICE("*.evil.example.com"), SLICE("old.example.com"));
	ck_assert_int_eq(ground_of(&contract, &request), CONTRACT_HOST_DENIED);
	contract_ground_explain(&request, CONTRACT_HOST_DENIED, &said);
	ck_assert_str_eq(buf_str(&said), "the contract denies host OLD.example.com");
	ck_assert(!contract_reaches(&contract, &request));
	request = get("a.b.evil.example.com", "/");
	ck_assert_int_eq(ground_of(&contract, &request), CONTRACT_HOST_DENIED);
	request = get("evil.example.com", "/");
	ck_assert_int_eq(ground_of(&contract, &request), CONTRACT_COVERED);
	contract.hosts_denied = LIST(SLICE("*"));
	ck_assert_int_eq(ground_of(&contract, &request), CONTRACT_HOST_DENIED);
	buf_finish(&said);
}
END_TEST

START_TEST(a_credential_goes_to_its_endpoint_only)
{
	static const struct contract_credential credential = {
		.endpoint = { "https://api.example.com", 23 },
	};
	struct contract_request request = get("API.example.com", "/any/path");

	ck_assert(contract_credential_fits(&credential, &request));
	request.port = 8443;
	ck_assert(!contract_credential_fits(&credential, &request));
	request = get("api.example.com", "/");
	request.scheme = CONTRACT_HTTP_PLAIN;
	request.port = 80;
	ck_assert(!contract_credential_fits(&credential, &request));
	request.port = 443;
	ck_assert(!contract_credential_fits(&credential, &request));
	request = get("api.example.com.", "/");
	ck_assert(!contract_credential_fits(&credential, &request));
	request = get("x.api.example.com", "/");
	ck_assert(!contract_credential_fits(&credential, &request));
	request = get("api.example.com.evil.org", "/");
	ck_assert(!contract_credential_fits(&credential, &request));
}
END_TEST

/* ---- files ----------------------------------------------------------------------------------- */

START_TEST(files_are_granted_one_by_one_by_folder_or_with_all_below)
{
	static const struct contract_storage storage[] = {
		{ { "/srv/data", 9 }, CONTRACT_REACH_TREE },
		{ { "cases", 5 }, CONTRACT_REACH_CHILDREN },
		{ { "in/list.txt", 11 }, CONTRACT_REACH_SELF },
	};
	static const struct spelling all[] = {
		{ "/srv/data", true }, { "/srv/data/a", true }, { "/srv/data/a/b/c", true },
		{ "cases", true }, { "cases/a", true }, { "in/list.txt", true },
		{ "cases/a/b", false }, { "in", false }, { "in/list.txt/x", false },
		{ "in/list.txt2", false },
		{ "/srv", false }, { "/srv/database", false }, { "srv/data/a", false },
		{ "/cases/a", false },
		{ "Cases/a", false }, { ".", false }, { "", false }, { "/", false },
		{ "/srv/data/", false }, { "/srv//data/a", false }, { "/srv/data/../etc", false },
		{ "/srv/data/./a", false }, { "/srv/data/..", false }, { "cases/../x", false },
		{ "./cases/a", false }, { "/srv/data/a\n", false }, { "/srv/data/\xff", false },
	};
	struct contract contract = contract_default();

	contract.storage = storage;
	contract.storage_count = ARRAY_LEN(storage);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		ck_assert_msg(contract_may_read(&contract, slice_of_str(all[i].text)) == all[i].right,
			      "%s", all[i].text);
	ck_assert(!contract_may_read(&contract, slice_of("cases/a\0b", 9)));
}
END_TEST

START_TEST(the_folder_of_the_run_is_a_dot)
{
	struct contract_storage storage = { SLICE("."), CONTRACT_REACH_TREE };
	struct contract contract = contract_default();

	contract.storage = &storage;
	contract.storage_count = 1;
	ck_assert(contract_may_read(&contract, SLICE(".")));
	ck_assert(contract_may_read(&contract, SLICE("a/b")));
	ck_assert(!contract_may_read(&contract, SLICE("/a")));
	ck_assert(!contract_may_read(&contract, SLICE("../a")));
	storage.reach = CONTRACT_REACH_CHILDREN;
	ck_assert(contract_may_read(&contract, SLICE("a")));
	ck_assert(!contract_may_read(&contract, SLICE("a/b")));
}
END_TEST

START_TEST(a_denied_file_is_denied_with_all_below_it)
{
	struct contract_storage storage = { SLICE("data"), CONTRACT_REACH_TREE };
	struct contract contract = contract_default();

	contract.storage = &storage;
	contract.storage_count = 1;
	contract.files_denied = LIST(SLICE("data/private"));
	ck_assert(contract_may_read(&contract, SLICE("data/a")));
	ck_assert(contract_may_read(&contract, SLICE("data/private2")));
	ck_assert(!contract_may_read(&contract, SLICE("data/private")));
	ck_assert(!contract_may_read(&contract, SLICE("data/private/key")));
	ck_assert(!contract_may_read(&contract, SLICE("data/private/a/b")));
}
END_TEST

/* ---- the ceiling ----------------------------------------------------------------------------- */

START_TEST(what_is_above_the_ceiling_is_named)
{
	struct contract_http rule = rule_for("a.b");
	struct contract contract = contract_of(&rule, 1);
	struct contract_ceiling ceiling = contract_ceiling_default(), other = ceiling;
	struct contract_excess all[4];

	ck_assert_uint_eq(contract_over_ceiling(&contract, &ceiling, all, ARRAY_LEN(all)), 0);
	other.limits.memory_bytes = contract.limits.memory_bytes;
	other.limits.wall_ms = contract.limits.wall_ms - 1;
	other.http.allow_private = 0;
	contract_ceiling_lower(&ceiling, &other);
	other = contract_ceiling_default();
	contract_ceiling_lower(&ceiling, &other);
	ck_assert_uint_eq(contract_over_ceiling(&contract, &ceiling, all, ARRAY_LEN(all)), 1);
	ck_assert_str_eq(all[0].part, "limits");
	ck_assert_str_eq(all[0].field->name, "wall_ms");
	ck_assert_int_eq(all[0].most, contract.limits.wall_ms - 1);
	rule.allow_private = 1;
	ck_assert_uint_eq(contract_over_ceiling(&contract, &ceiling, all, 1), 2);
	ck_assert_uint_eq(contract_over_ceiling(&contract, &ceiling, all, ARRAY_LEN(all)), 2);
	ck_assert_str_eq(all[1].part, "http");
	ck_assert_str_eq(all[1].field->name, "allow_private");
}
END_TEST

/* ---- forms ----------------------------------------------------------------------------------- */

static const struct contract_storage a_file[] = { { { "a", 1 }, CONTRACT_REACH_SELF } };
static const struct contract_credential a_credential[] = { {
	{ "key", 3 }, { "X-Key", 5 }, { NULL, 0 }, { "https://a.b", 11 },
} };

static struct contract full_contract(struct contract_http *rule)
{
	struct contract contract = contract_of(rule, 1);

	*rule = rule_for("a.b");
	rule->ports[1] = 8443;
	rule->port_count = 2;
	contract.storage = a_file;
	contract.storage_count = 1;
	contract.credentials = a_credential;
	contract.credential_count = 1;
	contract.determinism.clock = SLICE("2025-11-01T00:00:00.000000Z");
	contract.determinism.clock_us = INT64_C(1761955200000000);
	contract.determinism.seed = 7;
	return contract;
}

START_TEST(bytes_are_read_as_what_was_written)
{
	struct contract_http rule;
	struct contract contract = full_contract(&rule), again;
	struct buf bytes = { 0 }, second = { 0 }, detail = { 0 };
	struct arena arena = { 0 };

	ck_assert_msg(contract_check(&contract, &detail) == OK, "%s", buf_str(&detail));
	contract_encode(&contract, &bytes);
	ck_assert(contract_decode(buf_slice(&bytes), &arena, &again));
	ck_assert_int_eq(again.http[0].ports[1], 8443);
	ck_assert_int_eq(again.determinism.clock_us, contract.determinism.clock_us);
	contract_encode(&again, &second);
	ck_assert(slice_is(buf_slice(&bytes), buf_slice(&second)));
	for (size_t len = 0; len < bytes.len; len++)
		ck_assert(!contract_decode(slice_of(bytes.ptr, len), &arena, &again));
	buf_add_byte(&bytes, '\0');
	ck_assert(!contract_decode(buf_slice(&bytes), &arena, &again));
	arena_finish(&arena);
	buf_finish(&bytes);
	buf_finish(&second);
	buf_finish(&detail);
}
END_TEST

START_TEST(the_canonical_document_says_everything)
{
	struct contract_http rule;
	struct contract contract = full_contract(&rule);
	struct buf text = { 0 };

	contract_write_json(&contract, &text);
	ck_assert_str_eq(buf_str(&text),
		"{\"name\":\"test\",\"policy\":{\"version\":\"1.0\",\"permissions\":{\"storage\":{"
		"\"allow\":[{\"uri\":\"fs://a\",\"access\":[\"read\"]}],\"deny\":[]},"
		"\"network\":{\"allow\":[{\"host\":\"a.b\"}],\"deny\":[]},"
		"\"environment\":{\"allow\":[]}}},"
		"\"limits\":{\"memory_bytes\":67108864,\"table_elements\":10000,"
		"\"fuel\":10000000000,\"wall_ms\":10000,\"stack_bytes\":524288,"
		"\"input_bytes\":262144,\"output_bytes\":262144,\"log_bytes\":65536},"
		"\"rates\":{\"calls_per_s\":10,\"burst\":10},"
		"\"http\":[{\"host\":\"a.b\",\"scheme\":\"https\",\"methods\":[\"GET\",\"HEAD\"],"
		"\"paths\":[\"/**\"],\"request_bytes\":65536,\"response_bytes\":1048576,"
		"\"calls_per_s\":0,\"allow_private\":false,\"ports\":[443,8443]}],"
		"\"credentials\":[{\"name\":\"key\",\"header\":\"X-Key\","
		"\"endpoint\":\"https://a.b\"}],\"slos\":{},"
		"\"determinism\":{\"clock\":\"2025-11-01T00:00:00.000000Z\",\"seed\":7}}");
	buf_finish(&text);
}
END_TEST

START_TEST(what_is_no_contract_is_not_taken)
{
	struct contract_http rule;
	struct contract good = full_contract(&rule), bad;
	struct contract_credential elsewhere = a_credential[0];
	struct contract_storage above = { SLICE("../a"), CONTRACT_REACH_TREE };
	struct buf detail = { 0 };

#define REFUSED(change)                                                                     \
	do {                                                                                \
		bad = good;                                                                 \
		change;                                                                     \
		buf_clear(&detail);                                                         \
		ck_assert_msg(contract_check(&bad, &detail) != OK && detail.len, "%s", #change); \
	} while (0)
	REFUSED(bad.name = SLICE_EMPTY);
	REFUSED(bad.name = SLICE("a b"));
	REFUSED(bad.module_sha256 = SLICE("abc"));
	REFUSED(bad.limits.memory_bytes = 0);
	REFUSED(bad.limits.fuel = 0);
	REFUSED(bad.limits.wall_ms = 14400001);
	REFUSED(bad.rates.burst = 0);
	REFUSED(bad.slos.success_rate = 1000001);
	REFUSED(bad.determinism.clock_us = 1);
	REFUSED(bad.determinism.clock = SLICE("2025-11-01T00:00:00Z"));
	REFUSED(bad.requires = LIST(SLICE("landlock")));
	REFUSED(bad.requires = LIST(SLICE("seccomp"), SLICE("namespaces")));
	REFUSED(bad.environment = LIST(SLICE("A*")));
	REFUSED(bad.environment = LIST(SLICE("B"), SLICE("A")));
	REFUSED(bad.environment = LIST(SLICE("A"), SLICE("A")));
	REFUSED(bad.hosts_denied = LIST(SLICE("0x7f.1")));
	REFUSED(bad.hosts_denied = LIST(SLICE("a.b")));	/* the credential would go nowhere */
	REFUSED(bad.files_denied = LIST(SLICE("/a/b")));	/* of another kind */
	REFUSED(bad.files_denied = LIST(SLICE("a/*")));
	REFUSED(bad.storage = &above);
	REFUSED(elsewhere.endpoint = SLICE("https://a.c"); bad.credentials = &elsewhere);
	REFUSED(elsewhere.endpoint = SLICE("https://a.b:443"); bad.credentials = &elsewhere);
	REFUSED(elsewhere = a_credential[0]; elsewhere.header = SLICE("Host");
		bad.credentials = &elsewhere);
	REFUSED(bad.http_count = CONTRACT_HTTP_MAX + 1);
	REFUSED(rule.host = SLICE("A.b"));
	rule.host = SLICE("a.b");
	REFUSED(rule.paths = LIST(SLICE("/a/..")));
	rule.paths = LIST(SLICE("/**"));
	REFUSED(rule.methods = LIST(SLICE("get")));
	rule.methods = LIST(SLICE("GET"));
	REFUSED(rule.ports[0] = 0);
	REFUSED(rule.ports[0] = 9000);
	rule.ports[0] = 443;
	ck_assert_msg(contract_check(&good, &detail) == OK, "%s", buf_str(&detail));
	buf_finish(&detail);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("contract");
	TCase *spellings = tcase_create("spellings"), *requests = tcase_create("requests");
	TCase *files = tcase_create("files"), *forms = tcase_create("forms");
	SRunner *runner;
	int failed;

	tcase_add_test(spellings, a_host_has_one_spelling);
	tcase_add_test(spellings, a_pattern_stands_for_hosts_below_a_name);
	tcase_add_test(spellings, a_path_has_one_spelling);
	tcase_add_test(spellings, a_path_pattern_is_taken_part_by_part);
	tcase_add_test(spellings, an_endpoint_is_a_scheme_a_host_and_a_port);
	tcase_add_test(spellings, a_header_does_not_say_how_the_message_is_sent);
	tcase_add_test(spellings, a_variable_is_named_as_shells_name_it);
	tcase_add_test(requests, a_contract_that_says_nothing_grants_nothing);
	tcase_add_test(requests, the_ground_is_how_far_the_nearest_rule_went);
	tcase_add_test(requests, methods_are_written_as_they_are_sent);
	tcase_add_test(requests, an_empty_list_of_a_rule_grants_nothing);
	tcase_add_test(requests, the_first_rule_that_covers_a_request_is_its_rule);
	tcase_add_test(requests, what_is_denied_goes_before_what_is_allowed);
	tcase_add_test(requests, a_credential_goes_to_its_endpoint_only);
	tcase_add_test(files, files_are_granted_one_by_one_by_folder_or_with_all_below);
	tcase_add_test(files, the_folder_of_the_run_is_a_dot);
	tcase_add_test(files, a_denied_file_is_denied_with_all_below_it);
	tcase_add_test(forms, what_is_above_the_ceiling_is_named);
	tcase_add_test(forms, bytes_are_read_as_what_was_written);
	tcase_add_test(forms, the_canonical_document_says_everything);
	tcase_add_test(forms, what_is_no_contract_is_not_taken);
	suite_add_tcase(suite, spellings);
	suite_add_tcase(suite, requests);
	suite_add_tcase(suite, files);
	suite_add_tcase(suite, forms);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
