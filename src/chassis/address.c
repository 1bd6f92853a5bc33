#include "chassis/address.h"

#include <stddef.h>
#include <string.h>

#include "base/ensure.h"

const char *const address_kind_names[ADDRESS_KIND_COUNT] = {
	[ADDRESS_PUBLIC] = "a public",
	[ADDRESS_PRIVATE] = "a private",
	[ADDRESS_LOOPBACK] = "a loopback",
	[ADDRESS_LINK_LOCAL] = "a link-local",
	[ADDRESS_METADATA] = "a metadata service's",
	[ADDRESS_UNSPECIFIED] = "the unspecified",
	[ADDRESS_MULTICAST] = "a multicast",
	[ADDRESS_RESERVED] = "a reserved",
};

/* The first row whose bits are those of the address tells: IANA's registries of special addresses. */
static const struct row_v4 {
	uint8_t prefix[4];
	unsigned bits;
	enum address_kind kind;
} rows_v4[] = {
	{ { 0, 0, 0, 0 }, 8, ADDRESS_UNSPECIFIED },	/* Linux takes 0.0.0.0 for this host */
	{ { 10, 0, 0, 0 }, 8, ADDRESS_PRIVATE },
	{ { 100, 100, 100, 200 }, 32, ADDRESS_METADATA },
	{ { 100, 64, 0, 0 }, 10, ADDRESS_PRIVATE },
	{ { 127, 0, 0, 0 }, 8, ADDRESS_LOOPBACK },
	{ { 168, 63, 129, 16 }, 32, ADDRESS_METADATA },
	{ { 169, 254, 169, 254 }, 32, ADDRESS_METADATA },
	{ { 169, 254, 170, 2 }, 32, ADDRESS_METADATA },
	{ { 169, 254, 170, 23 }, 32, ADDRESS_METADATA },
	{ { 169, 254, 0, 0 }, 16, ADDRESS_LINK_LOCAL },
	{ { 172, 16, 0, 0 }, 12, ADDRESS_PRIVATE },
	{ { 192, 0, 0, 192 }, 32, ADDRESS_METADATA },
	{ { 192, 0, 0, 0 }, 24, ADDRESS_RESERVED },
	{ { 192, 0, 2, 0 }, 24, ADDRESS_RESERVED },
	{ { 192, 88, 99, 0 }, 24, ADDRESS_RESERVED },	/* relays of 6to4 */
	{ { 192, 168, 0, 0 }, 16, ADDRESS_PRIVATE },
	{ { 198, 18, 0, 0 }, 15, ADDRESS_PRIVATE },
	{ { 198, 51, 100, 0 }, 24, ADDRESS_RESERVED },
	{ { 203, 0, 113, 0 }, 24, ADDRESS_RESERVED },
	{ { 224, 0, 0, 0 }, 4, ADDRESS_MULTICAST },
	{ { 240, 0, 0, 0 }, 4, ADDRESS_RESERVED },	/* broadcast, too */
};

/* Where an IPv6 address may carry an IPv4 one, and whether as its complement. */
enum inside { NONE = -1, TEREDO = -2 };

static const struct row_v6 {
	uint8_t prefix[16];
	unsigned bits;
	enum address_kind kind;		/* ADDRESS_PUBLIC: that of the address inside */
	int inside;			/* first byte of that, or enum inside */
} rows_v6[] = {
	{ { 0 }, 128, ADDRESS_UNSPECIFIED, NONE },
	{ { [15] = 1 }, 128, ADDRESS_LOOPBACK, NONE },
	{ { [10] = 0xff, 0xff }, 96, ADDRESS_PUBLIC, 12 },	/* ::ffff:1.2.3.4 */
	{ { [8] = 0xff, 0xff }, 96, ADDRESS_PUBLIC, 12 },	/* ::ffff:0:1.2.3.4, SIIT */
	{ { 0 }, 96, ADDRESS_RESERVED, 12 },			/* ::1.2.3.4 */
	{ { 0x00, 0x64, 0xff, 0x9b }, 96, ADDRESS_PUBLIC, 12 },	/* NAT64: hosts without IPv4 */
	{ { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48, ADDRESS_PRIVATE, NONE },
	{ { 0x01, 0x00 }, 64, ADDRESS_RESERVED, NONE },		/* discarded */
	{ { 0x20, 0x01, 0x00, 0x00 }, 32, ADDRESS_RESERVED, TEREDO },
	{ { 0x20, 0x01, 0x00, 0x02 }, 48, ADDRESS_PRIVATE, NONE },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDRESS_RESERVED, NONE },
	{ { 0x20, 0x01 }, 23, ADDRESS_RESERVED, NONE },
	{ { 0x20, 0x02 }, 16, ADDRESS_RESERVED, 2 },		/* 6to4 */
	{ { 0x3f, 0xff }, 20, ADDRESS_RESERVED, NONE },
	{ { 0x5f, 0x00 }, 16, ADDRESS_RESERVED, NONE },
	{ { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54 }, 128, ADDRESS_METADATA, NONE },
	{ { 0xfd, 0x20, 0x00, 0xce, [14] = 0x02, 0x54 }, 128, ADDRESS_METADATA, NONE },
	{ { 0xfc }, 7, ADDRESS_PRIVATE, NONE },
	{ { 0xfe, 0x80 }, 10, ADDRESS_LINK_LOCAL, NONE },
	{ { 0xfe, 0xc0 }, 10, ADDRESS_PRIVATE, NONE },		/* site-local, of old */
	{ { 0xff }, 8, ADDRESS_MULTICAST, NONE },
	{ { 0x20 }, 3, ADDRESS_PUBLIC, NONE },			/* all that is handed out */
	{ { 0 }, 0, ADDRESS_RESERVED, NONE },
};

static bool starts_with(const uint8_t *bytes, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	return memcmp(bytes, prefix, whole) == 0 &&
	       (rest == 0 || (bytes[whole] & mask) == (prefix[whole] & mask));
}

enum address_kind address_kind_v4(const uint8_t bytes[4])
{
	for (size_t i = 0; i < ARRAY_LEN(rows_v4); i++)
		if (starts_with(bytes, rows_v4[i].prefix, rows_v4[i].bits))
			return rows_v4[i].kind;
	return ADDRESS_PUBLIC;
}

/* A way around must not be wider than the way itself. */
static enum address_kind stricter(enum address_kind form, enum address_kind inside)
{
	return inside > form ? inside : form;
}

static enum address_kind kind_of_row(const struct row_v6 *row, const uint8_t bytes[16])
{
	uint8_t inside[4];

	if (row->inside == NONE)
		return row->kind;
	for (size_t i = 0; i < sizeof(inside); i++)
		inside[i] = row->inside == TEREDO ? (uint8_t)~bytes[12 + i] :
						    bytes[(size_t)row->inside + i];
	return stricter(row->kind, address_kind_v4(inside));
}

/* fe80::5efe:10.0.0.1, and the like under any other prefix. */
static bool is_isatap(const uint8_t bytes[16])
{
	return (bytes[8] & 0xfc) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe;
}

enum address_kind address_kind_v6(const uint8_t bytes[16])
{
	size_t i = 0;
	enum address_kind kind;

	/* The last row is every address. */
	while (!starts_with(bytes, rows_v6[i].prefix, rows_v6[i].bits))
		i++;
	kind = kind_of_row(&rows_v6[i], bytes);
	return is_isatap(bytes) ? stricter(kind, address_kind_v4(bytes + 12)) : kind;
}

bool address_may_be_reached(enum address_kind kind, bool allow_private)
{
	switch (kind) {
	case ADDRESS_PUBLIC:
		return true;
	case ADDRESS_PRIVATE:
	case ADDRESS_LOOPBACK:
	case ADDRESS_LINK_LOCAL:
		return allow_private;
	case ADDRESS_METADATA:
	case ADDRESS_UNSPECIFIED:
	case ADDRESS_MULTICAST:
	case ADDRESS_RESERVED:
	case ADDRESS_KIND_COUNT:
	default:
		return false;
	}
}
