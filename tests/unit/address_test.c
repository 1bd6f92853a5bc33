#include "chassis/address.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>

#include "base/ensure.h"

static const struct row {
	const char *address;
	enum address_kind kind;
} rows[] = {
	{ "8.8.8.8", ADDRESS_PUBLIC },
	{ "1.1.1.1", ADDRESS_PUBLIC },
	{ "9.255.255.255", ADDRESS_PUBLIC },
	{ "11.0.0.0", ADDRESS_PUBLIC },
	{ "172.15.255.255", ADDRESS_PUBLIC },
	{ "172.32.0.0", ADDRESS_PUBLIC },
	{ "192.167.255.255", ADDRESS_PUBLIC },
	{ "192.169.0.0", ADDRESS_PUBLIC },
	{ "100.63.255.255", ADDRESS_PUBLIC },
	{ "100.128.0.0", ADDRESS_PUBLIC },
	{ "223.255.255.255", ADDRESS_PUBLIC },
	{ "10.0.0.0", ADDRESS_PRIVATE },
	{ "10.255.255.255", ADDRESS_PRIVATE },
	{ "172.16.0.0", ADDRESS_PRIVATE },
	{ "172.31.255.255", ADDRESS_PRIVATE },
	{ "192.168.255.255", ADDRESS_PRIVATE },
	{ "100.64.0.0", ADDRESS_PRIVATE },
	{ "100.127.255.255", ADDRESS_PRIVATE },
	{ "198.18.0.0", ADDRESS_PRIVATE },
	{ "198.19.255.255", ADDRESS_PRIVATE },
	{ "127.0.0.1", ADDRESS_LOOPBACK },
	{ "127.255.255.255", ADDRESS_LOOPBACK },
	{ "169.254.0.1", ADDRESS_LINK_LOCAL },
	{ "169.254.169.254", ADDRESS_METADATA },
	{ "169.254.170.2", ADDRESS_METADATA },
	{ "100.100.100.200", ADDRESS_METADATA },
	{ "168.63.129.16", ADDRESS_METADATA },
	{ "192.0.0.192", ADDRESS_METADATA },
	{ "0.0.0.0", ADDRESS_UNSPECIFIED },
	{ "0.1.2.3", ADDRESS_UNSPECIFIED },
	{ "224.0.0.1", ADDRESS_MULTICAST },
	{ "239.255.255.255", ADDRESS_MULTICAST },
	{ "240.0.0.1", ADDRESS_RESERVED },
	{ "255.255.255.255", ADDRESS_RESERVED },
	{ "192.0.2.1", ADDRESS_RESERVED },
	{ "198.51.100.7", ADDRESS_RESERVED },
	{ "203.0.113.7", ADDRESS_RESERVED },
	{ "192.88.99.1", ADDRESS_RESERVED },

	{ "2606:4700::1111", ADDRESS_PUBLIC },
	{ "2a00:1450::1", ADDRESS_PUBLIC },
	{ "::", ADDRESS_UNSPECIFIED },
	{ "::1", ADDRESS_LOOPBACK },
	{ "fe80::1", ADDRESS_LINK_LOCAL },
	{ "febf::1", ADDRESS_LINK_LOCAL },
	{ "fec0::1", ADDRESS_PRIVATE },
	{ "fc00::1", ADDRESS_PRIVATE },
	{ "fdff::1", ADDRESS_PRIVATE },
	{ "fd00:ec2::254", ADDRESS_METADATA },
	{ "fd20:ce::254", ADDRESS_METADATA },
	{ "ff02::1", ADDRESS_MULTICAST },
	{ "100::1", ADDRESS_RESERVED },
	{ "2001:db8::1", ADDRESS_RESERVED },
	{ "3fff::1", ADDRESS_RESERVED },
	{ "2001:10::1", ADDRESS_RESERVED },
	{ "4000::1", ADDRESS_RESERVED },
	{ "5f00::1", ADDRESS_RESERVED },
	/* What carries an IPv4 address. */
	{ "::ffff:8.8.8.8", ADDRESS_PUBLIC },
	{ "::ffff:127.0.0.1", ADDRESS_LOOPBACK },
	{ "::ffff:10.0.0.1", ADDRESS_PRIVATE },
	{ "::ffff:169.254.169.254", ADDRESS_METADATA },
	{ "::ffff:0:127.0.0.1", ADDRESS_LOOPBACK },
	{ "::127.0.0.1", ADDRESS_RESERVED },
	{ "::8.8.8.8", ADDRESS_RESERVED },
	{ "64:ff9b::8.8.8.8", ADDRESS_PUBLIC },
	{ "64:ff9b::127.0.0.1", ADDRESS_LOOPBACK },
	{ "64:ff9b::169.254.169.254", ADDRESS_METADATA },
	{ "64:ff9b:1::1", ADDRESS_PRIVATE },
	{ "2002:808:808::1", ADDRESS_RESERVED },
	{ "2002:7f00:1::1", ADDRESS_RESERVED },
	{ "2001:0:1:2:3:4:80ff:fffe", ADDRESS_RESERVED },
	{ "fe80::5efe:10.0.0.1", ADDRESS_LINK_LOCAL },
	{ "fe80::5efe:169.254.169.254", ADDRESS_METADATA },
	{ "2606:4700::5efe:127.0.0.1", ADDRESS_LOOPBACK },
	{ "2606:4700::200:5efe:10.0.0.1", ADDRESS_PRIVATE },
};

static enum address_kind kind_of(const char *text)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		return address_kind_v4(bytes);
	ck_assert_msg(inet_pton(AF_INET6, text, bytes) == 1, "%s", text);
	return address_kind_v6(bytes);
}

START_TEST(an_address_is_of_its_kind)
{
	const struct row *row = &rows[_i];

	ck_assert_msg(kind_of(row->address) == row->kind, "%s is %s address, not %s", row->address,
		      address_kind_names[kind_of(row->address)], address_kind_names[row->kind]);
}
END_TEST

START_TEST(only_public_addresses_are_reached_unless_that_is_granted)
{
	for (enum address_kind kind = 0; kind < ADDRESS_KIND_COUNT; kind++) {
		ck_assert(address_may_be_reached(kind, false) == (kind == ADDRESS_PUBLIC));
		ck_assert(address_may_be_reached(kind, true) == (kind <= ADDRESS_LINK_LOCAL));
	}
}
END_TEST

/* Every address that carries 127.0.0.1 is at least as closed as that. */
START_TEST(no_form_of_an_address_is_wider_than_the_address)
{
	static const char *const forms[] = {
		"::ffff:%s", "::ffff:0:%s", "::%s", "64:ff9b::%s", "fe80::5efe:%s", "2a00::5efe:%s",
	};

	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		uint8_t bytes[4];
		char text[128];

		if (inet_pton(AF_INET, rows[r].address, bytes) != 1 ||
		    rows[r].kind == ADDRESS_UNSPECIFIED)
			continue;
		for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
			size_t at = 0;

			for (const char *c = forms[f]; *c && at + 20 < sizeof(text); c++) {
				if (*c != '%') {
					text[at++] = *c;
					continue;
				}
				for (const char *a = rows[r].address; *a; a++)
					text[at++] = *a;
				c++;
			}
			text[at] = '\0';
			ck_assert_msg(kind_of(text) >= rows[r].kind, "%s", text);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("address");
	TCase *tcase = tcase_create("kinds");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, an_address_is_of_its_kind, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(tcase, only_public_addresses_are_reached_unless_that_is_granted);
	tcase_add_test(tcase, no_form_of_an_address_is_wider_than_the_address);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
