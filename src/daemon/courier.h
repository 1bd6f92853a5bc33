/*
 * courier - carries a letter out of the house: to a webhook, or into a
 * command's standard input.
 *
 * A webhook gets it as Standard Webhooks has it: POST, with an id that stays
 * the same in each try, the time of the try, and an HMAC-SHA256 of both and
 * the body. A command is run without a shell. Nothing here blocks; how it
 * went is asked of the parcel, and no call back is made.
 */
#ifndef DAEMON_COURIER_H
#define DAEMON_COURIER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "sys/loop.h"

#define COURIER_COMMAND_WORDS_MAX 64

struct courier_config {
	const char *webhook_url;	/* NULL: none */
	const char *secret_file;	/* a secret a line; goes with the webhook */
	const char *command[COURIER_COMMAND_WORDS_MAX + 1];	/* [0] NULL: none */
	int64_t limit_ms;		/* of one try; 0: the usual */
};

/*
 * The words of a command: a JSON list of texts, or the name of a program. They live in
 * `arena`. ERR_USAGE with the reason.
 */
MUST_USE enum err courier_read_command(struct slice text, struct arena *arena,
				       struct courier_config *config, struct buf *ret_detail);

struct courier;

struct letter {
	struct slice id;		/* what the receiver tells repetitions by */
	struct slice about;		/* IF_ESCALATION_ID of a command */
	struct slice body;		/* JSON */
	int64_t sent_at_us;		/* wall clock */
};

/* ERR_USAGE with the reason when the URL, its secrets or the command cannot be used. */
MUST_USE enum err courier_open(struct loop *loop, const struct courier_config *config,
			       const char *socket, struct courier **ret_courier,
			       struct buf *ret_detail);
/* Every parcel must have been dropped. Takes NULL. */
void courier_close(struct courier *courier);

struct parcel;

/* The letter is copied. Never NULL: what cannot even be sent has ended with an error. */
struct parcel *courier_post(struct courier *courier, const struct letter *letter);
struct parcel *courier_run(struct courier *courier, const struct letter *letter);

bool parcel_has_ended(const struct parcel *parcel);
/* Of one that has ended: empty when it was taken. */
struct slice parcel_error(const struct parcel *parcel);
/* Breaks off what is under way; a command's whole group is killed. Takes NULL. */
void parcel_drop(struct parcel *parcel);

/*
 * Makes the webhook-signature of a letter: one "v1,<base64>" for each secret, parted by
 * blanks. `secrets` has one a line, as whsec_<base64> or as it is; empty lines and those
 * with # are passed over. ERR_USAGE with the reason when there is none.
 */
MUST_USE enum err courier_sign(struct slice secrets, struct slice id, struct slice timestamp,
			       struct slice body, struct buf *ret_signature,
			       struct buf *ret_detail);

#endif
