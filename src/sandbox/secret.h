/*
 * secret - what opens doors elsewhere, kept sealed: set by `ifctl secret`,
 * opened by the egress proxy alone.
 *
 * The store is one JSON file of mode 0600: the public half of the key, and
 * for each secret its name, where it may be sent, and the sealed value. Name
 * and place are sealed with the value, so that whoever can write to the file
 * cannot send a secret elsewhere. The half that opens lies in a file of its
 * own, mode 0600, or comes as a systemd credential of this name:
 */
#ifndef SANDBOX_SECRET_H
#define SANDBOX_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"
#include "crypto/seal.h"

#define SECRET_CREDENTIAL_NAME "infrafabric.key"

#define SECRETS_MAX 1000		/* the file is read as a whole for each request */
/* What is shorter is no secret, and would be found everywhere when answers are looked through. */
#define SECRET_BYTES_MIN 8
#define SECRET_BYTES_MAX 8192		/* longer headers are refused by most servers */

/* Names of the two files. They need not exist. */
struct secret_place {
	const char *store;
	const char *key;
};

struct secret_info {
	struct slice name;
	struct slice endpoint;	/* scheme://host or scheme://host:port */
	int64_t set_at_us;
	struct slice sealed;
};

struct secret_list {
	struct secret_info *items;	/* in the order of their names */
	size_t count;
	struct slice public_key;	/* base64; empty: there is none yet */
};

/* Reads the store; a file that is not there holds none. Nothing is opened. All in `arena`. */
MUST_USE enum err secret_list_read(const struct secret_place *place, struct arena *arena,
				   struct secret_list *ret_list, struct buf *detail);
/* NULL when there is none of this name. */
const struct secret_info *secret_find(const struct secret_list *list, struct slice name);

/*
 * Keeps a value under a name, in place of an earlier one. The first makes
 * the key. ERR_ID_INVALID, ERR_ARGUMENT_RANGE (size), ERR_TEXT_INVALID (a control
 * character), ERR_USAGE (endpoint), ERR_SECRET_STORE, ERR_OS.
 */
MUST_USE enum err secret_set(const struct secret_place *place, struct slice name,
			     struct slice endpoint, struct slice value, int64_t now_us,
			     struct buf *detail);
/* ERR_SECRET_UNKNOWN when there is none. */
MUST_USE enum err secret_remove(const struct secret_place *place, struct slice name,
				struct buf *detail);

/*
 * The half that opens: of the file, else of the folder $CREDENTIALS_DIRECTORY
 * (which may be NULL). Refused when others could read the file.
 */
MUST_USE enum err secret_key_read(const struct secret_place *place,
				  const char *credentials_folder, struct seal_key *ret_key,
				  struct buf *detail);
/*
 * Appends the value; wipe it. ERR_SECRET_UNKNOWN; ERR_SECRET_STORE when it was
 * sealed for another key, or says another name or endpoint than the file.
 */
MUST_USE enum err secret_open(const struct secret_info *info, const struct seal_key *key,
			      struct buf *ret_value, struct buf *detail);

/*
 * Whether bytes hold the secret: as it is, in base64 (of either alphabet, at
 * any offset), in hexadecimal digits, percent-encoded or escaped as in JSON.
 */
bool secret_is_in(struct slice bytes, struct slice value);

#endif
