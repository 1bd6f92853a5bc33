#include "cli/spawn_tell.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "cli/print.h"
#include "fabric/limit.h"
#include "sys/clock.h"

#define KEY_SIZE 80

/* One thing to be told, until it is. */
struct telling {
	struct spawn_tell *tell;
	struct telling *next;
	struct ifab_pending *pending;	/* NULL: before its turn, or the next try */
	struct loop_timer *timer;
	int64_t pause_us;
	const char *verb;
	struct buf args;
	char key[KEY_SIZE];		/* the same in each try, so that it takes effect once */
	struct spawn_claim claim;	/* only what names it */
	int64_t since_us;		/* wall clock: since when its hand is free */
	bool has_begun;
	void *about;
};

struct spawn_tell {
	struct loop *loop;
	struct ifab_client *client;
	const struct spawn_link_ops *ops;
	void *context;
	struct telling *first;		/* the oldest */
	uint64_t serial;
};

static const struct json_limits answer_limits = {
	.bytes_max = 16 * 1024 * 1024, .depth_max = JSON_READ_DEPTH_MAX, .values_max = 1000000,
};

struct json_value *spawn_parse(const char *text, size_t len)
{
	struct json_value *root;

	return json_parse(slice_of(text, len), &answer_limits, &root, NULL) == OK ? root : NULL;
}

bool spawn_is_passing(struct ifab_client *client, enum ifab_status status)
{
	return status == IFAB_TIMEOUT || status == IFAB_UNREACHABLE ||
	       (status == IFAB_FAILED && ifab_last_error(client)->retryable);
}

/* ---- its end --------------------------------------------------------------------------- */

static void begin_next(struct spawn_tell *tell, int64_t fence);

static void telling_free(struct telling *telling)
{
	struct telling **at = &telling->tell->first;

	while (*at != telling)
		at = &(*at)->next;
	*at = telling->next;
	ifab_drop(telling->pending);
	loop_timer_close(telling->timer);
	buf_finish(&telling->args);
	free(telling);
}

static bool is_run(const struct telling *telling)
{
	return strcmp(telling->verb, SPAWN_TELL_RUN) == 0;
}

/* What is only put on record, and ends nothing. */
static bool is_charge(const struct telling *telling)
{
	return strcmp(telling->verb, SPAWN_TELL_CHARGE) == 0 || is_run(telling);
}

static void telling_end(struct telling *telling, const struct ifab_error *refusal,
			struct spawn_claim *next)
{
	struct spawn_tell *tell = telling->tell;
	struct spawn_claim claim = telling->claim;
	void *about = telling->about;
	bool was_charge = is_charge(telling), was_run = is_run(telling);
	struct ifab_error copy;

	if (refusal)
		copy = *refusal;
	if (next)
		next->wanted_at_us = telling->since_us;
	telling_free(telling);
	begin_next(tell, claim.fence);
	if (was_charge)
		tell->ops->on_charged(tell->context, &claim, was_run, refusal ? &copy : NULL);
	else
		tell->ops->on_reported(tell->context, about, refusal ? &copy : NULL, next);
}

static void telling_succeed(struct telling *telling, const struct ifab_reply *reply)
{
	struct json_value *root = spawn_parse(reply->body, reply->body_len);
	struct spawn_claim next;
	bool has_next = spawn_claim_read(json_get(root, SLICE("next")), &next);

	/* It stands before both, where whoever signs it looks. */
	if (has_next && !next.token.len)
		buf_add_slice(&next.token, member_text(root, "token"));
	json_free(root);
	telling_end(telling, NULL, has_next ? &next : NULL);
}

static bool is_over(enum ifab_status status)
{
	return status == IFAB_LEASE_LOST || status == IFAB_NOT_FOUND || status == IFAB_CONFLICT;
}

static void tell_it(struct telling *telling);

/* The board does not take what came out, which would keep the task for ever: it gets it back. */
static void give_back(struct telling *telling, const struct ifab_error *refusal)
{
	struct json_writer json;
	struct buf reason = { 0 };

	buf_add_lit(&reason, "its report was refused: ");
	buf_add_str(&reason, refusal->title);
	buf_add_lit(&reason, ": ");
	buf_add_str(&reason, refusal->detail);
	buf_clear(&telling->args);
	json = json_begin(&telling->args);
	json_object(&json);
	json_put_str(&json, "board", telling->claim.board);
	json_put_str(&json, "task", telling->claim.task);
	json_put_i64(&json, "fence", telling->claim.fence);
	json_put_text(&json, "reason", buf_slice(&reason));
	/* Nobody is served by the same again at once. */
	json_put_i64(&json, "delay_ms", LIMIT_BACKOFF_FIRST_MS);
	json_object_end(&json);
	buf_finish(&reason);
	telling->verb = SPAWN_TELL_RELEASE;
	telling->key[0] = 'r';
	tell_it(telling);
}

static void on_told(void *context, enum ifab_status status, const struct ifab_reply *reply)
{
	struct telling *telling = context;
	const struct ifab_error *error = ifab_last_error(telling->tell->client);

	telling->pending = NULL;
	if (status == IFAB_OK) {
		telling_succeed(telling, reply);
	} else if (spawn_is_passing(telling->tell->client, status)) {
		loop_timer_set(telling->timer, telling->pause_us);
		telling->pause_us *= 2;
		if (telling->pause_us > SPAWN_PAUSE_MOST_US)
			telling->pause_us = SPAWN_PAUSE_MOST_US;
	} else if (is_over(status) || is_charge(telling) ||
		   strcmp(telling->verb, SPAWN_TELL_RELEASE) == 0) {
		telling_end(telling, error, NULL);
	} else {
		give_back(telling, error);
	}
}

static void tell_it(struct telling *telling)
{
	telling->pending = ifab_start(telling->tell->client, telling->verb, buf_str(&telling->args),
				      telling->key, on_told, telling);
	if (!telling->pending)
		loop_timer_set(telling->timer, telling->pause_us);
}

static void on_tell_time(void *context)
{
	tell_it(context);
}

/* A token is never given out twice, so with the time it makes a key that nobody else has. */
static void make_key(struct telling *telling)
{
	struct buf key = { 0 };

	buf_add_lit(&key, "s-");
	buf_add_i64(&key, telling->claim.fence);
	buf_add_byte(&key, '-');
	buf_add_i64(&key, clock_wall_us());
	buf_add_byte(&key, '-');
	buf_add_u64(&key, telling->tell->serial++);
	memcpy(telling->key, buf_str(&key), key.len + 1);
	buf_finish(&key);
}

/* ---- one after the other --------------------------------------------------------------- */

/* The oldest of a claim begins, when none of it is under way. */
static void begin_next(struct spawn_tell *tell, int64_t fence)
{
	struct telling *telling = tell->first;

	while (telling && telling->claim.fence != fence)
		telling = telling->next;
	if (!telling || telling->has_begun)
		return;
	telling->has_begun = true;
	tell_it(telling);
}

void spawn_tell_add(struct spawn_tell *tell, const struct spawn_claim *claim, const char *verb,
		    struct buf *args, void *about)
{
	struct telling *telling = alloc_zero(1, sizeof(*telling));
	struct telling **last = &tell->first;

	while (*last)
		last = &(*last)->next;
	*last = telling;
	telling->tell = tell;
	telling->timer = loop_timer_open(tell->loop, on_tell_time, telling);
	telling->pause_us = SPAWN_PAUSE_FIRST_US;
	telling->verb = verb;
	telling->args = *args;
	telling->about = about;
	telling->since_us = clock_wall_us();
	telling->claim.fence = claim->fence;
	memcpy(telling->claim.board, claim->board, sizeof(claim->board));
	memcpy(telling->claim.task, claim->task, sizeof(claim->task));
	make_key(telling);
	begin_next(tell, claim->fence);
}

struct spawn_tell *spawn_tell_open(struct loop *loop, struct ifab_client *client,
				   const struct spawn_link_ops *ops, void *context)
{
	struct spawn_tell *tell = alloc_zero(1, sizeof(*tell));

	tell->loop = loop;
	tell->client = client;
	tell->ops = ops;
	tell->context = context;
	return tell;
}

void spawn_tell_close(struct spawn_tell *tell)
{
	if (!tell)
		return;
	while (tell->first)
		telling_free(tell->first);
	free(tell);
}
