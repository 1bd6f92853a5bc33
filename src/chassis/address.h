/*
 * address - what kind of place an IP address is.
 *
 * Names are chosen by whoever owns them, so a name that a rule allows may
 * lead anywhere. What counts is the address that is connected to, in
 * whatever form IPv6 has it: an address that carries another one inside
 * (mapped, NAT64, 6to4, Teredo, ISATAP) is judged by both.
 */
#ifndef CHASSIS_ADDRESS_H
#define CHASSIS_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

enum address_kind {
	ADDRESS_PUBLIC,
	/* Reached when a rule says allow_private. */
	ADDRESS_PRIVATE,	/* RFC 1918, unique local, shared by carriers, benchmarks */
	ADDRESS_LOOPBACK,
	ADDRESS_LINK_LOCAL,
	/* Never. */
	ADDRESS_METADATA,	/* where clouds hand out keys */
	ADDRESS_UNSPECIFIED,
	ADDRESS_MULTICAST,
	ADDRESS_RESERVED,	/* documentation, broadcast, what is not in use */
	ADDRESS_KIND_COUNT
};

/* For people: "a private", "the metadata service's". */
extern const char *const address_kind_names[ADDRESS_KIND_COUNT];

/* Bytes in network order. */
enum address_kind address_kind_v4(const uint8_t bytes[4]);
enum address_kind address_kind_v6(const uint8_t bytes[16]);

bool address_may_be_reached(enum address_kind kind, bool allow_private);

#endif
