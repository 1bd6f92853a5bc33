/*
 * Credentials: ids, ends, endpoints, and what a token says.
 */
#include "chassis/credential.h"

#include <check.h>
#include <string.h>

#include "base/ensure.h"
#include "crypto/hash.h"
#include "crypto/sign.h"

#define SECOND INT64_C(1000000)

START_TEST(an_id_has_one_spelling)
{
	static const char *const wrong[] = { "", "c", "c0", "c01", "C1", "c-1", "c1 ", "x1",
					     "c9223372036854775808", "1" };
	static const uint64_t numbers[] = { 1, 9, 10, 12345, INT64_MAX };
	char space[CREDENTIAL_ID_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		ck_assert_msg(credential_number(slice_of_str(wrong[i])) == 0, "%s", wrong[i]);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		ck_assert(credential_number(credential_id(numbers[i], space)) == numbers[i]);
}
END_TEST

START_TEST(an_end_is_in_whole_seconds_and_never_late)
{
	int64_t now_us = 1000 * SECOND + 999999;

	ck_assert_int_eq(credential_end_us(now_us, 1000, INT64_MAX), 1001 * SECOND);
	ck_assert_int_eq(credential_end_us(now_us, 300000, INT64_MAX), 1300 * SECOND);
	ck_assert_int_eq(credential_end_us(now_us, 300000, 1100 * SECOND + 5), 1100 * SECOND);
	/* The claim ends before the next second begins. */
	ck_assert_int_le(credential_end_us(now_us, 300000, 1000 * SECOND + 999999), now_us);
}
END_TEST

START_TEST(it_is_live_up_to_its_end)
{
	struct credential credential = { .number = 1, .expires_at_us = 10 * SECOND };

	ck_assert_int_eq(credential_state_at(&credential, 10 * SECOND - 1), CREDENTIAL_LIVE);
	ck_assert_int_eq(credential_state_at(&credential, 10 * SECOND), CREDENTIAL_EXPIRED);
	credential.revoked = true;
	ck_assert_int_eq(credential_state_at(&credential, 0), CREDENTIAL_REVOKED);
	ck_assert_int_eq(credential_state_at(&credential, 10 * SECOND), CREDENTIAL_REVOKED);
}
END_TEST

START_TEST(an_endpoint_has_one_spelling)
{
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {
		{ "https://api.example.com", true }, { "http://localhost:8080", true },
		{ "https://10.0.0.1:65535", true },
		{ "", false }, { "https://", false }, { "api.example.com", false },
		{ "ftp://x", false }, { "https://x/", false }, { "https://x/path", false },
		{ "https://x?q", false }, { "https://u@x", false }, { "https://X", false },
		{ "https://x:", false }, { "https://x:0", false }, { "https://x:080", false },
		{ "https://x:65536", false }, { "https://x:-1", false }, { "https://x:80:80", false },
		{ "https://x.", false }, { "https://.x", false }, { "https://x y", false },
		{ "https://x\r\ny", false }, { "https://[::1]", false }, { "HTTPS://x", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		ck_assert_msg(credential_endpoint_is_valid(slice_of_str(rows[i].text)) ==
				      rows[i].valid,
			      "%s", rows[i].text);
}
END_TEST

START_TEST(the_same_terms_are_the_same_claims)
{
	struct slice endpoints[] = { SLICE("https://a.org"), SLICE("https://b.org:8443") };
	struct credential_terms terms = {
		.issuer = SLICE("urn:infrafabric:key"), .id = SLICE("c12"), .swarm = SLICE("alice"),
		.board = SLICE("b"), .task = SLICE("T1"), .fence = 11,
		.issued_at_us = 1700000000 * SECOND, .expires_at_us = 1700000300 * SECOND,
		.endpoints = { endpoints, 1 },
	};
	struct buf out = { 0 };

	credential_write_claims(&terms, &out);
	ck_assert_str_eq(buf_str(&out),
			 "{\"iss\":\"urn:infrafabric:key\",\"sub\":\"alice\",\"aud\":\"https://a.org\","
			 "\"client_id\":\"alice\",\"exp\":1700000300,\"iat\":1700000000,"
			 "\"jti\":\"c12\",\"scope\":\"task:b/T1 fence:11\"}");
	terms.endpoints.count = 2;
	buf_clear(&out);
	credential_write_claims(&terms, &out);
	ck_assert_ptr_nonnull(strstr(buf_str(&out),
				     "\"aud\":[\"https://a.org\",\"https://b.org:8443\"]"));
	buf_finish(&out);
}
END_TEST

/* RFC 8032, 7.1, test 2. */
START_TEST(a_signature_is_that_of_the_standard)
{
	static const uint8_t seed[SIGN_SEED_BYTES] = {
		0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3, 0x46, 0xec,
		0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24, 0xda, 0x8c,
		0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb };
	static const uint8_t expected[] = { 0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8 };
	struct sign_key key = sign_key_of(seed);
	uint8_t signature[SIGN_BYTES];

	ck_assert_uint_eq(key.public_half[0], 0x3d);
	sign_bytes(&key, slice_of("\x72", 1), signature);
	ck_assert_mem_eq(signature, expected, sizeof(expected));
	ck_assert(sign_fits(key.public_half, slice_of("\x72", 1),
			    slice_of((const char *)signature, SIGN_BYTES)));
	ck_assert(!sign_fits(key.public_half, slice_of("\x73", 1),
			     slice_of((const char *)signature, SIGN_BYTES)));
	ck_assert(!sign_fits(key.public_half, slice_of("\x72", 1),
			     slice_of((const char *)signature, SIGN_BYTES - 1)));
	sign_key_wipe(&key);
}
END_TEST

START_TEST(base64_of_tokens_has_one_spelling)
{
	static const char *const wrong[] = { "A", "AB=", "AB==", "A B", "AB\n", "A+==", "A/", "AC" };
	struct buf out = { 0 };

	hash_add_base64url(&out, slice_of("\xfb\xff\x00", 3));
	ck_assert_str_eq(buf_str(&out), "-_8A");
	buf_clear(&out);
	ck_assert(hash_from_base64url(SLICE("-_8A"), &out));
	ck_assert(slice_is(buf_slice(&out), slice_of("\xfb\xff\x00", 3)));
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		ck_assert_msg(!hash_from_base64url(slice_of_str(wrong[i]), &out), "%s", wrong[i]);
	ck_assert_uint_eq(out.len, 3);
	buf_finish(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("credential");
	TCase *tcase = tcase_create("credential");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, an_id_has_one_spelling);
	tcase_add_test(tcase, an_end_is_in_whole_seconds_and_never_late);
	tcase_add_test(tcase, it_is_live_up_to_its_end);
	tcase_add_test(tcase, an_endpoint_has_one_spelling);
	tcase_add_test(tcase, the_same_terms_are_the_same_claims);
	tcase_add_test(tcase, a_signature_is_that_of_the_standard);
	tcase_add_test(tcase, base64_of_tokens_has_one_spelling);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
