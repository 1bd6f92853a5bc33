#include "governor/price.h"

#include <check.h>
#include <stdlib.h>

#include "base/ensure.h"
#include "governor/registry.h"

#define DOLLAR INT64_C(1000000000)
#define HOUR_MS INT64_C(3600000)

static const struct price sonnet = {
	{ 3 * DOLLAR, 15 * DOLLAR, 300000000, INT64_C(3750000000) }
};

START_TEST(tokens_cost_what_the_list_says)
{
	static const struct {
		int64_t tokens[TOKEN_KIND_COUNT];
		int64_t nanousd;
	} cases[] = {
		{ { 0, 0, 0, 0 }, 0 },
		{ { 1000000, 0, 0, 0 }, 3 * DOLLAR },
		{ { 1000, 2000, 3000, 4000 }, 3000000 + 30000000 + 900000 + 15000000 },
		{ { 1, 0, 0, 0 }, 3000 },
		{ { INT64_C(2000000000000), 0, 0, 0 }, 6000000 * DOLLAR },
	};
	int64_t cost;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		ck_assert(price_of(&sonnet, cases[i].tokens, &cost));
		ck_assert_int_eq(cost, cases[i].nanousd);
	}
}
END_TEST

START_TEST(a_part_of_a_nano_dollar_is_a_whole_one_once)
{
	static const struct price cheap = { { 1, 999999, 0, PRICE_UNKNOWN } };
	int64_t cost;

	ck_assert(price_of(&cheap, (int64_t[]){ 1, 0, 0, 0 }, &cost));
	ck_assert_int_eq(cost, 1);
	ck_assert(price_of(&cheap, (int64_t[]){ 1, 1, 0, 0 }, &cost));
	ck_assert_int_eq(cost, 1);
	ck_assert(price_of(&cheap, (int64_t[]){ 2, 1, 9, 0 }, &cost));
	ck_assert_int_eq(cost, 2);
}
END_TEST

START_TEST(what_has_no_price_is_not_free)
{
	static const struct price some = { { DOLLAR, DOLLAR, 0, PRICE_UNKNOWN } };
	int64_t cost = 7;

	ck_assert(!price_of(&some, (int64_t[]){ 1, 1, 1, 1 }, &cost));
	ck_assert_int_eq(cost, 7);
	ck_assert(price_of(&some, (int64_t[]){ 0, 0, 5, 0 }, &cost));
	ck_assert_int_eq(cost, 0);
}
END_TEST

START_TEST(prices_at_the_ends_of_64_bits_are_exact_or_refused)
{
	static const struct price dear = { { INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX } };
	int64_t cost;

	ck_assert(price_of(&dear, (int64_t[]){ 1000000, 0, 0, 0 }, &cost));
	ck_assert_int_eq(cost, INT64_MAX);
	ck_assert(price_of(&dear, (int64_t[]){ 999999, 1, 0, 0 }, &cost));
	ck_assert_int_eq(cost, INT64_MAX);
	ck_assert(!price_of(&dear, (int64_t[]){ 1000000, 1, 0, 0 }, &cost));
	ck_assert(!price_of(&dear, (int64_t[]){ INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX },
			    &cost));
	ck_assert(price_of(&(struct price){ { 1, 1, 1, 1 } },
			   (int64_t[]){ INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX }, &cost));
	/* 4 x INT64_MAX / 10^6, rounded up. */
	ck_assert_int_eq(cost, INT64_C(36893488147420));
}
END_TEST

START_TEST(an_hour_costs_the_rate)
{
	ck_assert_int_eq(price_of_time(20 * DOLLAR, HOUR_MS), 20 * DOLLAR);
	ck_assert_int_eq(price_of_time(20 * DOLLAR, HOUR_MS / 4), 5 * DOLLAR);
	ck_assert_int_eq(price_of_time(1, 1), 1);
	ck_assert_int_eq(price_of_time(0, INT64_MAX), 0);
	ck_assert_int_eq(price_of_time(INT64_MAX, 0), 0);
	ck_assert_int_eq(price_of_time(INT64_MAX, HOUR_MS), INT64_MAX);
	ck_assert_int_eq(price_of_time(INT64_MAX, INT64_MAX), INT64_MAX);
}
END_TEST

START_TEST(every_row_of_the_table_is_whole)
{
	ck_assert_uint_ge(price_builtin_count, 25);
	for (size_t i = 0; i < price_builtin_count; i++) {
		struct price_row row = price_builtin(i);

		ck_assert_int_gt(row.price.nanousd_per_million[TOKEN_INPUT], 0);
		/* Everybody asks more for words than for reading them. */
		ck_assert_int_gt(row.price.nanousd_per_million[TOKEN_OUTPUT],
				 row.price.nanousd_per_million[TOKEN_INPUT]);
		ck_assert_int_lt(row.price.nanousd_per_million[TOKEN_CACHE_READ],
				 row.price.nanousd_per_million[TOKEN_INPUT]);
		ck_assert_uint_eq(row.date.len, 10);
		ck_assert_uint_gt(row.source.len, 0);
		ck_assert(slice_is(price_model(row.model), row.model));
		for (size_t j = 0; j < i; j++)
			ck_assert(!slice_is(price_builtin(j).model, row.model));
	}
}
END_TEST

static bool is_builtin(struct slice model)
{
	for (size_t i = 0; i < price_builtin_count; i++)
		if (slice_is(price_builtin(i).model, model))
			return true;
	return false;
}

START_TEST(a_model_is_found_under_the_names_it_is_sold_by)
{
	static const struct {
		const char *reported;
		const char *model;
	} cases[] = {
		{ "claude-sonnet-4", "claude-sonnet-4" },
		{ "claude-sonnet-4-20250514", "claude-sonnet-4" },
		{ "anthropic/claude-sonnet-4-20250514", "claude-sonnet-4" },
		{ "a/b/gpt-4o-2024-08-06", "gpt-4o" },
		{ "gpt-4o-mini", "gpt-4o-mini" },
		{ "codestral-latest", "codestral" },
		{ "gpt-5-turbo", NULL },
		{ "gpt", NULL },
		{ "gpt-4o-2024-0806", NULL },
		{ "gpt-4o-1", NULL },
		{ "20250514", NULL },
		{ "-20250514", NULL },
		{ "-latest", NULL },
		{ "/", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice model = price_model(slice_of_str(cases[i].reported));

		ck_assert_msg(cases[i].model ? slice_is_str(model, cases[i].model) : !is_builtin(model),
			      "%s", cases[i].reported);
	}
}
END_TEST

START_TEST(a_row_is_always_written_alike)
{
	struct price_row row = {
		.model = SLICE("m"),
		.price = { { DOLLAR, 0, 28000000, PRICE_UNKNOWN } },
		.date = SLICE("2025-01-02"),
		.source = SLICE("its maker"),
	};
	struct buf out = { 0 };

	price_row_write(&row, &out);
	ck_assert_str_eq(buf_str(&out), "m\t1.00\t0.00\t0.028\t-\t2025-01-02\tits maker\n");
	buf_finish(&out);
}
END_TEST

START_TEST(every_capability_of_the_registry_is_one)
{
	size_t domains = 0;
	struct slice before = SLICE_EMPTY;

	ck_assert_uint_ge(registry_builtin_count, 40);
	for (size_t i = 0; i < registry_builtin_count; i++) {
		struct slice name = slice_of_str(registry_builtin[i].name);
		struct slice domain = capability_domain(name);

		ck_assert_msg(domain.len && name.len > domain.len + 1, "%s", name.ptr);
		ck_assert(!capability_is_any(name));
		ck_assert_uint_gt(strlen(registry_builtin[i].description), 10);
		ck_assert_ptr_eq(registry_find(name), &registry_builtin[i]);
		domains += !slice_is(domain, before);
		before = domain;
	}
	ck_assert_uint_ge(domains, 14);
}
END_TEST

START_TEST(a_domain_as_a_whole_is_known_when_one_of_its_skills_is)
{
	ck_assert(registry_knows(SLICE("telephony:sip")));
	ck_assert(registry_knows(SLICE("telephony:*")));
	ck_assert(!registry_knows(SLICE("telephony:telex")));
	ck_assert(!registry_knows(SLICE("tele:*")));
	ck_assert(!registry_knows(SLICE("telephony")));
	ck_assert(!registry_knows(SLICE(":*")));
	ck_assert(!registry_knows(SLICE("")));
	ck_assert_ptr_null(registry_find(SLICE("telephony:*")));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("price");
	TCase *tokens = tcase_create("tokens"), *table = tcase_create("table");
	TCase *registry = tcase_create("registry");
	SRunner *runner;
	int failed;

	tcase_add_test(tokens, tokens_cost_what_the_list_says);
	tcase_add_test(tokens, a_part_of_a_nano_dollar_is_a_whole_one_once);
	tcase_add_test(tokens, what_has_no_price_is_not_free);
	tcase_add_test(tokens, prices_at_the_ends_of_64_bits_are_exact_or_refused);
	tcase_add_test(tokens, an_hour_costs_the_rate);
	tcase_add_test(table, every_row_of_the_table_is_whole);
	tcase_add_test(table, a_model_is_found_under_the_names_it_is_sold_by);
	tcase_add_test(table, a_row_is_always_written_alike);
	tcase_add_test(registry, every_capability_of_the_registry_is_one);
	tcase_add_test(registry, a_domain_as_a_whole_is_known_when_one_of_its_skills_is);
	suite_add_tcase(suite, tokens);
	suite_add_tcase(suite, table);
	suite_add_tcase(suite, registry);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
