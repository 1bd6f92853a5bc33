/* What of a courier needs no receiver: tests/e2e/notify.sh has those. */
#include "daemon/courier.h"

#include <stdlib.h>

#include <check.h>

#include "base/ensure.h"

static struct buf signature, detail;

static enum err sign(const char *secrets)
{
	buf_clear(&signature);
	buf_clear(&detail);
	return courier_sign(slice_of_str(secrets), SLICE("msg_loFOjxBNrRLzqYUf"),
			    SLICE("1731705121"),
			    SLICE("{\"event_type\":\"ping\",\"data\":{\"success\":true}}"), &signature,
			    &detail);
}

/* The example in the specification of Standard Webhooks. */
#define SECRET "whsec_plJ3nmyCDGBKInavdOK15jsl"
#define SIGNATURE "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="

START_TEST(a_signature_is_that_of_standard_webhooks)
{
	ck_assert_int_eq(sign(SECRET), OK);
	ck_assert_str_eq(buf_str(&signature), SIGNATURE);
}
END_TEST

START_TEST(each_of_several_secrets_signs)
{
	ck_assert_int_eq(sign("# the new one\n  " SECRET "  \r\n\n# the old one\n" SECRET "\n"), OK);
	ck_assert_str_eq(buf_str(&signature), SIGNATURE " " SIGNATURE);
}
END_TEST

START_TEST(a_raw_secret_is_the_key_itself)
{
	ck_assert_int_eq(sign("not so secret"), OK);
	ck_assert_str_eq(buf_str(&signature), "v1,LNe4Vg+mxy0SHULpprgEKBc0NJwy2suhLXQClqpSS1E=");
}
END_TEST

START_TEST(without_a_secret_nothing_is_signed)
{
	static const char *const none[] = {
		"", "\n\n", "# only a comment\n", "whsec_", "whsec_no base64", SECRET "\nwhsec_x",
	};

	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		ck_assert_int_eq(sign(none[i]), ERR_USAGE);
		ck_assert_uint_gt(detail.len, 0);
	}
}
END_TEST

static enum err read_command(const char *text, struct arena *arena, struct courier_config *config)
{
	*config = (struct courier_config){ 0 };
	buf_clear(&detail);
	return courier_read_command(slice_of_str(text), arena, config, &detail);
}

START_TEST(a_command_is_a_program_or_a_list)
{
	struct courier_config config;
	struct arena arena = { 0 };

	ck_assert_int_eq(read_command("/opt/call me", &arena, &config), OK);
	ck_assert_str_eq(config.command[0], "/opt/call me");
	ck_assert_ptr_null(config.command[1]);
	ck_assert_int_eq(read_command("[\"mail\", \"-s\", \"a b; $(c)\"]", &arena, &config), OK);
	ck_assert_str_eq(config.command[0], "mail");
	ck_assert_str_eq(config.command[2], "a b; $(c)");
	ck_assert_ptr_null(config.command[3]);
	arena_finish(&arena);
}
END_TEST

START_TEST(what_is_no_command_is_refused)
{
	static const char *const texts[] = {
		"[]", "[", "[1]", "[\"a\", null]", "[\"a\"] b", "[[\"a\"]]", "[\"a\\u0000\"]",
	};
	struct courier_config config;
	struct arena arena = { 0 };
	struct buf many = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		ck_assert_msg(read_command(texts[i], &arena, &config) == ERR_USAGE, "%s", texts[i]);
	buf_add_lit(&many, "[\"a\"");
	for (int i = 0; i < COURIER_COMMAND_WORDS_MAX; i++)
		buf_add_lit(&many, ",\"b\"");
	buf_add_byte(&many, ']');
	ck_assert_int_eq(read_command(buf_str(&many), &arena, &config), ERR_USAGE);
	buf_finish(&many);
	arena_finish(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("courier");
	TCase *tcase = tcase_create("letters");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, a_signature_is_that_of_standard_webhooks);
	tcase_add_test(tcase, each_of_several_secrets_signs);
	tcase_add_test(tcase, a_raw_secret_is_the_key_itself);
	tcase_add_test(tcase, without_a_secret_nothing_is_signed);
	tcase_add_test(tcase, a_command_is_a_program_or_a_list);
	tcase_add_test(tcase, what_is_no_command_is_refused);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
