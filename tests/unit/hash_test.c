#include "crypto/hash.h"

#include <stdlib.h>

#include <check.h>

static const char *hex_of(const struct hash *hash)
{
	static struct buf text;

	buf_clear(&text);
	buf_add_hex(&text, hash->bytes, HASH_BYTES);
	return buf_str(&text);
}

static struct slice repeated(struct buf *buf, int byte, size_t count)
{
	buf_clear(buf);
	buf_add_repeat(buf, (char)byte, count);
	return buf_slice(buf);
}

static void is_mac(struct slice key, struct slice data, const char *hex)
{
	struct hash mac = hash_hmac(key, &data, 1);

	ck_assert_str_eq(hex_of(&mac), hex);
}

/* The test cases of RFC 4231, but for the one of a shortened sum. */
START_TEST(hmac_is_that_of_rfc_4231)
{
	struct buf key = { 0 }, data = { 0 };

	is_mac(repeated(&key, 0x0b, 20), SLICE("Hi There"),
	       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	is_mac(SLICE("Jefe"), SLICE("what do ya want for nothing?"),
	       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	is_mac(repeated(&key, 0xaa, 20), repeated(&data, 0xdd, 50),
	       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	buf_clear(&key);
	for (int i = 1; i <= 25; i++)
		buf_add_byte(&key, (char)i);
	is_mac(buf_slice(&key), repeated(&data, 0xcd, 50),
	       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
	is_mac(repeated(&key, 0xaa, 131),
	       SLICE("Test Using Larger Than Block-Size Key - Hash Key First"),
	       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	is_mac(repeated(&key, 0xaa, 131),
	       SLICE("This is a test using a larger than block-size key and a larger than "
		     "block-size data. The key needs to be hashed before being used by the HMAC "
		     "algorithm."),
	       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
	buf_finish(&key);
	buf_finish(&data);
}
END_TEST

START_TEST(hmac_of_nothing_by_no_key_is_defined)
{
	is_mac(SLICE_EMPTY, SLICE_EMPTY,
	       "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
END_TEST

START_TEST(hmac_of_parts_is_that_of_the_whole)
{
	const struct slice parts[] = {
		SLICE("what do ya"), SLICE_EMPTY, SLICE(" want "), SLICE("for nothing?"),
	};
	struct hash mac = hash_hmac(SLICE("Jefe"), parts, ARRAY_LEN(parts));

	ck_assert_str_eq(hex_of(&mac),
			 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
END_TEST

/* The test vectors of RFC 4648, and the two characters that others write differently. */
static const struct {
	const char *bytes, *text;
} base64[] = {
	{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xbf", "+/+/" },
};

START_TEST(base64_is_that_of_rfc_4648)
{
	for (size_t i = 0; i < ARRAY_LEN(base64); i++) {
		struct buf out = { 0 };

		buf_add_lit(&out, "before ");
		hash_add_base64(&out, slice_of_str(base64[i].bytes));
		ck_assert_uint_eq(out.len, 7 + strlen(base64[i].text));
		ck_assert_str_eq(buf_str(&out) + 7, base64[i].text);
		buf_clear(&out);
		buf_add_lit(&out, "before ");
		ck_assert(hash_from_base64(slice_of_str(base64[i].text), &out));
		ck_assert_uint_eq(out.len, 7 + strlen(base64[i].bytes));
		ck_assert_str_eq(buf_str(&out) + 7, base64[i].bytes);
		buf_finish(&out);
	}
}
END_TEST

START_TEST(what_is_no_base64_is_refused_whole)
{
	static const char *const texts[] = {
		"Zg", "Zg=", "Zg===", "Zh==", "Z", "Zm9v Zm9v", "Zm9v\n", "-_-_", "Zm9v!", "=", "Zm=v",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct buf out = { 0 };

		ck_assert_msg(!hash_from_base64(slice_of_str(texts[i]), &out), "%s", texts[i]);
		ck_assert_uint_eq(out.len, 0);
		buf_finish(&out);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hash");
	TCase *tcase = tcase_create("sums");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, hmac_is_that_of_rfc_4231);
	tcase_add_test(tcase, hmac_of_nothing_by_no_key_is_defined);
	tcase_add_test(tcase, hmac_of_parts_is_that_of_the_whole);
	tcase_add_test(tcase, base64_is_that_of_rfc_4648);
	tcase_add_test(tcase, what_is_no_base64_is_refused_whole);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
