/*
 * Also compares the published schemas with the tables they are made from. To
 * bring them up to date, at the top of the repository:
 *
 *	make test T=unit/manifest IF_WRITE_DOCS=1
 */
#include "document/manifest.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "document/json_schema.h"

#define DOLLAR INT64_C(1000000000)

static struct arena arena;

static void teardown(void)
{
	arena_finish(&arena);
}

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

static struct manifest_doc good_in(enum hand_format format, const char *text)
{
	struct manifest_doc doc;
	enum err err = manifest_read(slice_of_str(text), format, &manifest_known_builtin, &arena,
				     &doc);

	ck_assert_msg(err == OK, "%s", lines_of(doc.errors, doc.error_count));
	return doc;
}

static struct manifest_doc good(const char *text)
{
	return good_in(HAND_YAML, text);
}

static const char *wrong_in(enum hand_format format, const char *text)
{
	struct manifest_doc doc;

	ck_assert_int_eq(manifest_read(slice_of_str(text), format, &manifest_known_builtin, &arena,
				       &doc), ERR_DOCUMENT_INVALID);
	ck_assert(doc.count == 0 && doc.error_count > 0);
	return lines_of(doc.errors, doc.error_count);
}

static const char *wrong(const char *text)
{
	return wrong_in(HAND_YAML, text);
}

#define ck_slice_eq(slice, str) \
	ck_assert_msg(slice_is_str((slice), (str)), "%.*s", (int)(slice).len, (slice).ptr)

START_TEST(a_swarm_says_all_about_itself)
{
	struct manifest_doc doc = good("swarm_id: alice\n"
				       "title: Alice\n"
				       "capabilities: [code-analysis:rust, docs:*]\n"
				       "model: claude-sonnet-4\n"
				       "price_per_million: {input: 3, output: 15, cache_read: 0}\n"
				       "budget_usd: 50\n"
				       "soft_budget_usd: 40.5\n"
				       "budget_duration: 1d\n"
				       "concurrency: 3\n"
				       "boards: [demo]\n"
				       "contract: word-count\n"
				       "declared_success: 90%\n"
				       "declared_cost_usd: 0.25\n"
				       "weight:\n"
				       "  base_weight: 0\n"
				       "  success_bonus: 1.2\n"
				       "  success_threshold: 0.6\n"
				       "  tier: late\n"
				       "  description: blooms\n");
	const struct manifest *one = doc.manifests;

	ck_assert_uint_eq(doc.count, 1);
	ck_slice_eq(one->swarm_id, "alice");
	ck_slice_eq(one->title, "Alice");
	ck_assert_uint_eq(one->capabilities.count, 2);
	ck_slice_eq(one->model, "claude-sonnet-4");
	ck_assert(one->has_price && one->rate_usd_per_hour == -1);
	ck_assert_int_eq(one->price.nanousd_per_million[TOKEN_INPUT], 3 * DOLLAR);
	ck_assert_int_eq(one->price.nanousd_per_million[TOKEN_CACHE_READ], 0);
	ck_assert_int_eq(one->price.nanousd_per_million[TOKEN_CACHE_WRITE], PRICE_UNKNOWN);
	ck_assert_int_eq(one->budget_usd, 50 * DOLLAR);
	ck_assert_int_eq(one->soft_budget_usd, 40 * DOLLAR + DOLLAR / 2);
	ck_assert_int_eq(one->budget_duration_ms, 86400000);
	ck_assert_int_eq(one->concurrency, 3);
	ck_slice_eq(one->boards.items[0], "demo");
	ck_slice_eq(one->contract, "word-count");
	ck_assert_int_eq(one->declared_success, 900000);
	ck_assert_int_eq(one->declared_cost_usd, DOLLAR / 4);
	ck_assert(one->has_weight);
	ck_assert_int_eq(one->weight.base_weight, 0);
	ck_assert_int_eq(one->weight.success_bonus, 1200000);
	ck_assert_int_eq(one->weight.success_threshold, 600000);
	ck_slice_eq(one->weight.tier, "late");
	ck_slice_eq(one->weight.description, "blooms");
}
END_TEST

START_TEST(what_is_not_said_is_absent)
{
	struct manifest_doc doc = good("swarm_id: a\n");
	const struct manifest *one = doc.manifests;

	ck_assert(!one->has_price && !one->has_weight);
	ck_assert_int_eq(one->rate_usd_per_hour, -1);
	ck_assert_int_eq(one->budget_usd, -1);
	ck_assert_int_eq(one->soft_budget_usd, -1);
	ck_assert_int_eq(one->declared_success, -1);
	ck_assert_int_eq(one->declared_cost_usd, -1);
	ck_assert_int_eq(one->budget_duration_ms, 0);
	ck_assert_int_eq(one->concurrency, 1);
	ck_assert_uint_eq(one->capabilities.count, 0);
	ck_assert_uint_eq(one->contract.len, 0);
}
END_TEST

START_TEST(nothing_is_an_amount_too)
{
	struct manifest_doc doc = good("swarm_id: a\nrate_usd_per_hour: 0\nbudget_usd: 0\n"
				       "declared_success: 0\ndeclared_cost_usd: 0\n"
				       "capabilities: []\n");

	ck_assert_int_eq(doc.manifests->rate_usd_per_hour, 0);
	ck_assert_int_eq(doc.manifests->budget_usd, 0);
	ck_assert_int_eq(doc.manifests->declared_success, 0);
	ck_assert_int_eq(doc.manifests->declared_cost_usd, 0);
}
END_TEST

START_TEST(one_or_many_come_in_three_shapes_and_two_formats)
{
	ck_assert_uint_eq(good("swarms:\n  - swarm_id: a\n  - swarm_id: b\n").count, 2);
	ck_assert_uint_eq(good("- swarm_id: a\n- swarm_id: b\n").count, 2);
	ck_assert_uint_eq(good_in(HAND_JSON, "{\"swarm_id\": \"a\"}").count, 1);
	ck_assert_uint_eq(good_in(HAND_JSON, "[{\"swarm_id\": \"a\"}]").count, 1);
	ck_assert_uint_eq(good_in(HAND_JSON, "{\"swarms\": [{\"swarm_id\": \"a\"}]}").count, 1);
}
END_TEST

START_TEST(all_that_is_wrong_is_told_at_once_with_line_and_path)
{
	ck_assert_str_eq(
		wrong("swarms:\n"
		      "  - swarm_id: a b\n"
		      "    capabilites: [x]\n"
		      "    rate_usd_per_hour: -1\n"
		      "    budget_usd: .inf\n"
		      "  - swarm_id: b\n"
		      "    capabilities: [docs:guide, docs:giude, quantum:woo, docs:guide, plain]\n"
		      "    concurrency: 0\n"
		      "    concurrency: 1\n"
		      "    declared_success: 1.01\n"
		      "    weight: {base_weight: 3, tire: x}\n"
		      "    price_per_million: {input: NaN, outptu: 1}\n"
		      "  - swarm_id: b\n"
		      "    budget_duration: 1d\n"
		      "    rate_usd_per_hour: 1\n"
		      "    price_per_million: {}\n"
		      "  - capabilities: 7\n"
		      "  - nobody\n"
		      "  - swarm_id: c\n"
		      "    budget_usd: 1\n"
		      "    soft_budget_usd: 2\n"
		      "more: 1\n"),
		"2: swarms[0].swarm_id: \"a b\" is not 1 to 128 of A-Z a-z 0-9 . _ : @ -\n"
		"3: swarms[0].capabilites: a swarm has no such key; did you mean capabilities?\n"
		"4: swarms[0].rate_usd_per_hour: -1 is less than 0.00\n"
		"5: swarms[0].budget_usd: .inf is not a finite number\n"
		"7: swarms[1].capabilities[3]: \"docs:guide\" occurs twice\n"
		"7: swarms[1].capabilities[4]: \"plain\" holds a capability that is not domain:skill\n"
		"7: swarms[1].capabilities[1]: \"docs:giude\" is not a known capability; "
		"did you mean docs:guide?\n"
		"7: swarms[1].capabilities[2]: \"quantum:woo\" is not a known capability\n"
		"8: swarms[1].concurrency: 0 is not between 1 and 1000\n"
		"9: swarms[1].concurrency: occurs twice, first on line 8\n"
		"10: swarms[1].declared_success: 1.01 is not between 0.0 and 1.0\n"
		"11: swarms[1].weight.base_weight: 3 is not between 0.0 and 2.0\n"
		"11: swarms[1].weight.tire: weight has no such key; did you mean tier?\n"
		"12: swarms[1].price_per_million.input: NaN is not a finite number\n"
		"12: swarms[1].price_per_million.outptu: price_per_million has no such key; "
		"did you mean output?\n"
		"13: swarms[2].budget_duration: says nothing without budget_usd\n"
		"13: swarms[2].swarm_id: \"b\" occurs twice, first on line 6\n"
		"16: swarms[2].price_per_million: and rate_usd_per_hour: a swarm has one of them\n"
		"16: swarms[2].price_per_million: names no price\n"
		"17: swarms[3].capabilities: \"7\" is not a list of texts\n"
		"17: swarms[3].swarm_id: is missing\n"
		"18: swarms[4]: is a text, not a map\n"
		"21: swarms[5].soft_budget_usd: is more than budget_usd\n"
		"22: more: a document with swarms has no such key\n");
}
END_TEST

START_TEST(what_is_no_manifest_is_refused)
{
	static const char *const texts[] = {
		"", "7\n", "[]\n", "{}\n", "swarms: []\n", "swarms: {}\n", "swarms: 7\n",
		"- - swarm_id: a\n", "swarm_id: {}\n", "swarm_id: a\nprice_per_million: 3\n",
		"swarm_id: a\nweight: []\n", "a: &x [*x]\n", "swarm_id: a\nrate_usd_per_hour: 1e999\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		ck_assert_uint_gt(strlen(wrong(texts[i])), 3);
	wrong_in(HAND_JSON, "{\"swarm_id\": \"a\", \"budget_usd\": NaN}");
	wrong_in(HAND_JSON, "{\"swarm_id\": \"a\", \"budget_usd\": -Infinity}");
	wrong_in(HAND_JSON, "{\"swarm_id\": \"a\", \"swarm_id\": \"b\"}");
	wrong_in(HAND_JSON, "{\"swarm_id\": \"a\"");
}
END_TEST

static bool knows_one(const void *context, struct slice name)
{
	return slice_is_str(name, context);
}

START_TEST(the_caller_says_which_capabilities_there_are)
{
	const struct manifest_known known = { knows_one, "quantum:woo" };
	struct slice text = SLICE("swarm_id: a\ncapabilities: quantum:woo\n");
	struct manifest_doc doc;

	ck_assert_int_eq(manifest_read(text, HAND_YAML, &known, &arena, &doc), OK);
	ck_assert_int_eq(manifest_read(text, HAND_YAML, NULL, &arena, &doc), OK);
	ck_assert_int_eq(manifest_read(text, HAND_YAML, &manifest_known_builtin, &arena, &doc),
			 ERR_DOCUMENT_INVALID);
	ck_assert_str_eq(lines_of(doc.errors, doc.error_count),
			 "2: capabilities: \"quantum:woo\" is not a known capability\n");
}
END_TEST

/* ---- prices ---------------------------------------------------------------------------------- */

START_TEST(a_price_table_is_read)
{
	struct price_doc doc;

	ck_assert_int_eq(price_doc_read(SLICE("prices:\n"
					      "  - model: m\n"
					      "    input: 0.1\n"
					      "    output: 0\n"
					      "    date: 2025-11-01\n"
					      "    source: us\n"
					      "  - {model: 4.1, cache_read: 1}\n"),
					HAND_YAML, &arena, &doc), OK);
	ck_assert_uint_eq(doc.count, 2);
	ck_assert_int_eq(doc.rows[0].price.nanousd_per_million[TOKEN_INPUT], DOLLAR / 10);
	ck_assert_int_eq(doc.rows[0].price.nanousd_per_million[TOKEN_OUTPUT], 0);
	ck_assert_int_eq(doc.rows[0].price.nanousd_per_million[TOKEN_CACHE_READ], PRICE_UNKNOWN);
	ck_slice_eq(doc.rows[0].date, "2025-11-01");
	ck_slice_eq(doc.rows[1].model, "4.1");
	ck_assert_int_eq(doc.rows[1].price.nanousd_per_million[TOKEN_CACHE_READ], DOLLAR);
}
END_TEST

START_TEST(a_wrong_price_table_changes_nothing)
{
	struct price_doc doc;

	ck_assert_int_eq(price_doc_read(SLICE("prices:\n"
					      "  - model: m\n"
					      "  - {model: m, input: -1}\n"
					      "  - {model: \"a\\tb\", input: 1, date: 2025-13-01}\n"
					      "  - {input: 1, cost: 2}\n"
					      "  - 7\n"),
					HAND_YAML, &arena, &doc), ERR_DOCUMENT_INVALID);
	ck_assert_uint_eq(doc.count, 0);
	ck_assert_str_eq(lines_of(doc.errors, doc.error_count),
			 "2: prices[0]: names no price\n"
			 "3: prices[1].input: -1 is less than 0.00\n"
			 "3: prices[1].model: \"m\" occurs twice, first on line 2\n"
			 "4: prices[2].model: holds a tab, the end of a line or another control "
			 "character\n"
			 "4: prices[2].date: \"2025-13-01\" is not a day such as 2025-11-01\n"
			 "5: prices[3].cost: a price has no such key\n"
			 "5: prices[3].model: is missing\n"
			 "6: prices[4]: is an integer, not a map\n");
	ck_assert_int_eq(price_doc_read(SLICE("price: []\n"), HAND_YAML, &arena, &doc),
			 ERR_DOCUMENT_INVALID);
}
END_TEST

/* ---- what is published ----------------------------------------------------------------------- */

static struct slice read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	struct buf text = { 0 };
	struct slice copy;
	size_t len;

	ck_assert_msg(file != NULL, "there is no %s", path);
	while ((len = fread(buf_reserve(&text, 4096), 1, 4096, file)) > 0)
		text.len += len;
	fclose(file);
	copy = arena_copy(&arena, buf_slice(&text));
	buf_finish(&text);
	return copy;
}

START_TEST(the_schemas_say_what_the_tables_say)
{
	static const struct {
		const char *path;
		void (*write)(struct buf *out);
	} files[] = {
		{ "docs/policy.schema.json", json_schema_of_policy },
		{ "docs/swarm-manifest.schema.json", json_schema_of_manifest },
		{ "docs/prices.schema.json", json_schema_of_prices },
		{ "docs/contract.schema.json", json_schema_of_contract },
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct buf made = { 0 };

		files[i].write(&made);
		if (getenv("IF_WRITE_DOCS")) {
			FILE *file = fopen(files[i].path, "w");

			ck_assert_ptr_nonnull(file);
			ck_assert_uint_eq(fwrite(made.ptr, 1, made.len, file), made.len);
			ck_assert_int_eq(fclose(file), 0);
		}
		ck_assert_msg(slice_is(buf_slice(&made), read_file(files[i].path)),
			      "%s is not up to date: make test T=unit/manifest IF_WRITE_DOCS=1",
			      files[i].path);
		buf_finish(&made);
	}
}
END_TEST

START_TEST(the_examples_are_read)
{
	struct price_doc prices;

	ck_assert_uint_eq(good(read_file("examples/swarms.yaml").ptr).count, 7);
	ck_assert_int_eq(price_doc_read(read_file("examples/prices.yaml"), HAND_YAML, &arena,
					&prices), OK);
	ck_assert_uint_eq(prices.count, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("manifest");
	TCase *swarms = tcase_create("swarms"), *prices = tcase_create("prices");
	TCase *published = tcase_create("published");
	SRunner *runner;
	int failed;

	tcase_add_test(swarms, a_swarm_says_all_about_itself);
	tcase_add_test(swarms, what_is_not_said_is_absent);
	tcase_add_test(swarms, nothing_is_an_amount_too);
	tcase_add_test(swarms, one_or_many_come_in_three_shapes_and_two_formats);
	tcase_add_test(swarms, all_that_is_wrong_is_told_at_once_with_line_and_path);
	tcase_add_test(swarms, what_is_no_manifest_is_refused);
	tcase_add_test(swarms, the_caller_says_which_capabilities_there_are);
	tcase_add_test(prices, a_price_table_is_read);
	tcase_add_test(prices, a_wrong_price_table_changes_nothing);
	tcase_add_test(published, the_schemas_say_what_the_tables_say);
	tcase_add_test(published, the_examples_are_read);
	tcase_add_checked_fixture(swarms, NULL, teardown);
	tcase_add_checked_fixture(prices, NULL, teardown);
	tcase_add_checked_fixture(published, NULL, teardown);
	suite_add_tcase(suite, swarms);
	suite_add_tcase(suite, prices);
	suite_add_tcase(suite, published);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
