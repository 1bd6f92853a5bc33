/*
 * contract - what a guest may do and use, and what it promises.
 *
 * Data only, without defaults that are still to be filled in: what a contract
 * does not grant, it denies, and an empty list grants nothing. Documents are
 * read by document/contract_doc.
 *
 * The questions below are asked with what came from a guest. They take one
 * spelling of each thing and refuse every other, so that two readers of the
 * same bytes cannot differ:
 *
 *   Hosts	A-Z a-z 0-9 - _ in labels of 1 to 63, ASCII case ignored; or four decimal
 *		numbers. Nothing with a dot at the end, a percent sign, brackets or a part that
 *		could be read as another notation of a number. `*.example.com` is every host
 *		below example.com, however deep, and not example.com itself.
 *   Paths	of a URL, as they will be sent, without query and fragment. A normal form is
 *		asked for: no `.`, `..` or empty part (a slash at the end is allowed), no
 *		backslash, nothing percent-encoded that need not be (%61) or could be read as a
 *		part's end, a dot, a percent sign or a control character (%2f %5c %2e %25 %00).
 *		In a pattern a part of one star is exactly one part that is not empty; two stars
 *		behind /v1/ are `/v1/` itself and all below it, and not `/v1`. Case counts, but
 *		in hex digits.
 *   Files	no `.`, `..` or empty part, no slash at the end, no control character; the one
 *		exception is `.` alone, the folder where the run is started. A relative path is
 *		never below an absolute one. Whoever opens them must not follow symbolic links:
 *		this is about names.
 *
 * What is denied goes before what is allowed, in whatever order they stand.
 */
#ifndef CHASSIS_CONTRACT_H
#define CHASSIS_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/schema.h"
#include "base/slice.h"

#define CONTRACT_HTTP_MAX 64		/* rules; more than a person can keep apart */
#define CONTRACT_PORTS_MAX 16		/* of one rule */
#define CONTRACT_CREDENTIALS_MAX 32
#define CONTRACT_STORAGE_MAX 64
#define CONTRACT_FILES_DENIED_MAX 256
#define CONTRACT_HOSTS_DENIED_MAX 256
#define CONTRACT_ENVIRONMENT_MAX 64

/* Layers of the sandbox that a machine may lack. */
enum contract_layer {
	CONTRACT_LAYER_NAMESPACES,
	CONTRACT_LAYER_SECCOMP,
	CONTRACT_LAYER_COUNT
};
enum contract_scheme { CONTRACT_HTTPS, CONTRACT_HTTP_PLAIN, CONTRACT_SCHEME_COUNT };
#define CONTRACT_METHOD_COUNT 7
enum contract_reach {
	CONTRACT_REACH_SELF,		/* fs://data/list.txt: one file */
	CONTRACT_REACH_CHILDREN,	/* one star behind fs://data/: the folder and what is in it */
	CONTRACT_REACH_TREE,		/* two stars: the folder and all below it */
	CONTRACT_REACH_COUNT
};

/* Each ends with NULL. */
extern const char *const contract_layer_names[];
extern const char *const contract_scheme_names[];
extern const char *const contract_method_names[];
extern const char *const contract_reach_names[];

#include "chassis/contract.def"

#define CONTRACT_MEMBER(T, kind, name, ...) FIELD_C_##kind name;

struct contract_limits {
	CONTRACT_LIMITS(CONTRACT_MEMBER, )
};
struct contract_rates {
	CONTRACT_RATES(CONTRACT_MEMBER, )
};
struct contract_http {
	CONTRACT_HTTP(CONTRACT_MEMBER, )	/* host in lower case */
	uint16_t ports[CONTRACT_PORTS_MAX];	/* ascending */
	size_t port_count;
};
struct contract_credential {
	CONTRACT_CREDENTIAL(CONTRACT_MEMBER, )	/* endpoint as contract_endpoint_read leaves it */
};
struct contract_storage {
	CONTRACT_STORAGE(CONTRACT_MEMBER, )
};
struct contract_slos {
	CONTRACT_SLOS(CONTRACT_MEMBER, )	/* ratios of -1: no promise */
};
struct contract_determinism {
	CONTRACT_DETERMINISM(CONTRACT_MEMBER, )	/* seed of -1: truly random */
	int64_t clock_us;			/* since 1970; -1: the machine's clock */
};

/* Lists are sorted and hold nothing twice, so that equal contracts are equal bytes; but http. */
struct contract {
	CONTRACT_ROOT(CONTRACT_MEMBER, )
	struct contract_limits limits;
	struct contract_rates rates;
	struct contract_slos slos;
	struct contract_determinism determinism;
	const struct contract_http *http;	/* the first rule that covers a request is its rule */
	size_t http_count;
	const struct contract_credential *credentials;
	size_t credential_count;
	const struct contract_storage *storage;		/* read only; nothing grants writing */
	size_t storage_count;
	struct slice_list files_denied;		/* each with all below it */
	struct slice_list hosts_denied;		/* names and patterns; a star is every host */
	struct slice_list environment;		/* names of variables that are passed on */
};

extern const struct schema contract_root_schema;
extern const struct schema contract_limits_schema;
extern const struct schema contract_rates_schema;
extern const struct schema contract_http_schema;
extern const struct schema contract_credential_schema;
extern const struct schema contract_storage_schema;
extern const struct schema contract_slos_schema;
extern const struct schema contract_determinism_schema;
extern const struct schema contract_http_ceiling_schema;

/* Grants nothing; limits and rates have their initial values; no name. */
struct contract contract_default(void);
/* A rule for no host: https, port 443, GET and HEAD, every path. */
struct contract_http contract_http_default(void);

/* ---- questions ------------------------------------------------------------------------------- */

struct contract_request {
	enum contract_scheme scheme;
	struct slice host;
	uint16_t port;
	struct slice method;		/* as in the request line: GET is not get */
	struct slice path;
};

/* Why no rule covers a request: how far the rule got that came nearest. */
enum contract_ground {
	CONTRACT_COVERED,
	CONTRACT_HOST_ODD,		/* not the one spelling of a host */
	CONTRACT_PATH_ODD,
	CONTRACT_HOST_DENIED,
	CONTRACT_NO_HOST,		/* no rule is for this host */
	CONTRACT_NO_PORT,		/* one is, but not for this scheme and port */
	CONTRACT_NO_METHOD,
	CONTRACT_NO_PATH,
	CONTRACT_GROUND_COUNT
};
extern const char *const contract_ground_names[];	/* host_odd, no_port, ... */

#define CONTRACT_NO_RULE (-1)

/* Place of the rule in contract->http, or CONTRACT_NO_RULE. */
int contract_http_rule(const struct contract *contract, const struct contract_request *request,
		       enum contract_ground *ret_ground);
/* A sentence for people without a dot: "no rule is for host example.org". */
void contract_ground_explain(const struct contract_request *request, enum contract_ground ground,
			     struct buf *out);

/* Whether the guest may read the file or list the folder: `data/in/a.txt`, `/srv/data`. */
bool contract_may_read(const struct contract *contract, struct slice path);
bool contract_may_see_variable(const struct contract *contract, struct slice name);
/* Whether some rule is for this scheme, host and port, which no denial covers. */
bool contract_reaches(const struct contract *contract, const struct contract_request *place);
bool contract_requires(const struct contract *contract, enum contract_layer layer);
/* Whether the credential belongs to where the request goes. */
bool contract_credential_fits(const struct contract_credential *credential,
			      const struct contract_request *request);

/* ---- spellings, for readers of documents and of requests ------------------------------------- */

/* The one spelling of a host; case is not looked at. */
bool contract_host_is_valid(struct slice host);
/* The same, or *. before at least two labels. */
bool contract_host_pattern_is_valid(struct slice pattern);
/* Hosts that `narrow` (a host or a pattern) means are all meant by `wide`. */
bool contract_host_covers(struct slice wide, struct slice narrow);
bool contract_path_is_normal(struct slice path);
bool contract_path_pattern_is_valid(struct slice pattern);
bool contract_path_covers(struct slice pattern, struct slice path);
bool contract_file_is_normal(struct slice path);
/* The same without characters that mean something in a URI: * ? # % [ ]. */
bool contract_file_is_grantable(struct slice path);
/* 1 to 128 of A-Z a-z 0-9 _, not beginning with a digit. */
bool contract_variable_is_valid(struct slice name);
/* A token of HTTP that says nothing about how the message is sent: no Host, no Connection. */
bool contract_header_is_valid(struct slice name);
/* scheme://host or scheme://host:port, nothing else. The host points into `endpoint`. */
bool contract_endpoint_read(struct slice endpoint, struct contract_request *ret_place);
/* The shortest way to write it, in lower case. */
void contract_endpoint_write(const struct contract_request *place, struct buf *out);

/* ---- the operator's ceiling ------------------------------------------------------------------ */

struct contract_http_ceiling {
	CONTRACT_HTTP_CEILING(CONTRACT_MEMBER, )
};

/* What no contract may pass. Limits above it are refused, never made smaller. */
struct contract_ceiling {
	struct contract_limits limits;
	struct contract_rates rates;
	struct contract_http_ceiling http;	/* of each rule */
};

/* The most that the rows allow. */
struct contract_ceiling contract_ceiling_default(void);

/* Takes the lower of each number: two ceilings hold together. */
void contract_ceiling_lower(struct contract_ceiling *ceiling, const struct contract_ceiling *other);

/* One thing that is above it. */
struct contract_excess {
	const struct field *field;	/* of the contract's value */
	const char *part;		/* limits, rates or http */
	size_t index;			/* of the rule, for http */
	int64_t value, most;
};
/* How many things are above it; up to `max` of them are told. */
size_t contract_over_ceiling(const struct contract *contract, const struct contract_ceiling *ceiling,
			     struct contract_excess *ret_excess, size_t max);

/* ---- forms ----------------------------------------------------------------------------------- */

/*
 * Binary form, the same bytes for the same contract: what goes to the process
 * that runs it. Decoding: texts point into `bytes`, the rest lives in `arena`;
 * false when the bytes are no contract that contract_check would take.
 */
void contract_encode(const struct contract *contract, struct buf *out);
MUST_USE bool contract_decode(struct slice bytes, struct arena *arena,
			      struct contract *ret_contract);
/* Ranges, sizes, spellings. The detail of a refusal says what. */
MUST_USE enum err contract_check(const struct contract *contract, struct buf *ret_detail);

/*
 * The canonical form: one JSON document without blanks that says everything,
 * defaults too, in a fixed order. Read as a contract document, it is this
 * contract again; equal contracts give equal bytes.
 */
void contract_write_json(const struct contract *contract, struct buf *out);

#endif
