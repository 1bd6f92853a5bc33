#include "document/mojibake.h"

#include <stdlib.h>

#include <check.h>

static void becomes(const char *text, const char *want)
{
	struct buf out = { 0 };
	struct mojibake found = mojibake_repair(slice_of_str(text), &out);

	ck_assert_msg(found.count > 0, "%s was left", text);
	ck_assert_str_eq(buf_str(&out), want);
	ck_assert(mojibake_suspected(slice_of_str(text)));
	buf_finish(&out);
}

static void stays(const char *text)
{
	struct buf out = { 0 };
	struct mojibake found = mojibake_repair(slice_of_str(text), &out);

	ck_assert_msg(found.count == 0, "%s became %s", text, buf_str(&out));
	ck_assert_uint_eq(out.len, 0);
	buf_finish(&out);
}

START_TEST(marks_and_dashes_are_repaired)
{
	becomes("P1 â€” done", "P1 — done");
	becomes("ðŸ”µ free, ðŸŸ¡ claimed, ðŸŸ¢ done", "🔵 free, 🟡 claimed, 🟢 done");
	becomes("ðŸ”´", "🔴");
	becomes("âœ… yes", "✅ yes");
	becomes("gitâ†’etcd", "git→etcd");
	becomes("cafÃ©", "café");
	becomes("Ã–sterreich", "Österreich");
	becomes("25Â°C", "25°C");
	becomes("â€œquotedâ€\xc2\x9d", "“quoted”");
}
END_TEST

START_TEST(a_selector_that_lost_its_last_byte_is_repaired)
{
	becomes("ðŸ›¡ï¸ shield", "🛡️ shield");
	becomes("âš\xc2\xa0ï¸\xc2\x8f", "⚠️");
}
END_TEST

START_TEST(right_text_is_never_touched)
{
	stays("");
	stays("plain");
	stays("â");
	stays("chère âme, pâte, Ã, Â");
	stays("🔵 — → ✅ é ü ß");
	stays("„MENÜ“, ”PÅ”, «MENÚ», “IRMÔ, „Ä“");
	stays("« été\xc2\xa0», voilà\xc2\xa0», “he said ‘café’”, “café…”");
	stays("Łódź, Ångström, Čeština");
	stays("日本語 Привет");
}
END_TEST

START_TEST(a_run_is_repaired_as_a_whole_or_not_at_all)
{
	stays("éâ€”");
	stays("â€");
	stays("ðŸ”");
}
END_TEST

START_TEST(weak_runs_follow_the_rest_of_the_text)
{
	stays("Å¡");
	becomes("Å¡ â€” x", "š — x");
	becomes("Å¡ â€” é", "Å¡ — é");
}
END_TEST

START_TEST(the_first_run_is_told)
{
	struct buf out = { 0 };
	struct mojibake found = mojibake_repair(SLICE("é a\nâ€” b â€”"), &out);

	ck_assert_uint_eq(found.count, 2);
	ck_assert_uint_eq(found.first_at, 5);
	ck_assert(slice_is(found.first, SLICE("â€”")));
	buf_finish(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("document/mojibake");
	TCase *cases = tcase_create("mojibake");
	SRunner *runner;
	int failed;

	tcase_add_test(cases, marks_and_dashes_are_repaired);
	tcase_add_test(cases, a_selector_that_lost_its_last_byte_is_repaired);
	tcase_add_test(cases, right_text_is_never_touched);
	tcase_add_test(cases, a_run_is_repaired_as_a_whole_or_not_at_all);
	tcase_add_test(cases, weak_runs_follow_the_rest_of_the_text);
	tcase_add_test(cases, the_first_run_is_told);
	suite_add_tcase(suite, cases);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
