/*
 * Escalations go out, each through every channel that is set up, until it is
 * delivered or settled. The ledger is the outbox: what is to be sent, what
 * was, and when to try again is state, so a new daemon goes on where the last
 * one ended. What was under way then is sent again: at least once.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "daemon/daemon.h"
#include "fabric/view.h"
#include "sys/clock.h"
#include "sys/log.h"

/* Of each channel: a receiver that hangs holds up only so many, and none is flooded. */
#define AT_ONCE 4

struct shipment {
	struct parcel *parcel;		/* NULL: the place is free */
	struct buf escalation;		/* its id */
};

struct notify {
	struct courier *courier;
	struct loop_timer *timer;	/* for the next one that is due */
	struct shipment shipments[ESCALATION_CHANNEL_COUNT][AT_ONCE];
	uint32_t durable;		/* escalations below this number are */
	uint32_t seen;			/* those below this one are when `seen_batch` is */
	uint64_t seen_batch;
	uint32_t first;			/* below this number nothing is left to be sent */
	bool is_stale;			/* what is due is to be looked for again */
};

static bool has_channel(const struct daemon *daemon, enum escalation_channel channel)
{
	const struct courier_config *config = &daemon->config.courier;

	return channel == ESCALATION_WEBHOOK ? config->webhook_url != NULL :
					       config->command[0] != NULL;
}

static bool has_any_channel(const struct daemon *daemon)
{
	return has_channel(daemon, ESCALATION_WEBHOOK) || has_channel(daemon, ESCALATION_COMMAND);
}

/* ---- what is to be sent -------------------------------------------------------------------- */

static bool is_wanted(const struct daemon *daemon, const struct escalation *escalation,
		      enum escalation_channel channel)
{
	return escalation->state != ESCALATION_RESOLVED && has_channel(daemon, channel) &&
	       !escalation->deliveries[channel].delivered;
}

static bool is_wanted_somewhere(const struct daemon *daemon, const struct escalation *escalation)
{
	return is_wanted(daemon, escalation, ESCALATION_WEBHOOK) ||
	       is_wanted(daemon, escalation, ESCALATION_COMMAND);
}

/* Nobody is told of what a power cut could undo. */
static void see_durable(struct daemon *daemon)
{
	struct notify *notify = daemon->notify;
	uint32_t count = daemon->machine.state.govern.escalations.count;

	if (notify->durable == notify->seen && notify->seen < count) {
		notify->seen = count;
		notify->seen_batch = commit_batch(daemon);
	}
	if (notify->durable < notify->seen && notify->seen_batch <= daemon->durable_batch) {
		notify->durable = notify->seen;
		notify->is_stale = true;
	}
}

void notify_rebuilt(struct daemon *daemon)
{
	struct notify *notify = daemon->notify;

	if (!notify)
		return;
	notify->durable = notify->seen = daemon->machine.state.govern.escalations.count;
	notify->first = 0;
	notify->is_stale = true;
	/* For those that wait already there must be a turn. */
	loop_timer_set(notify->timer, 0);
}

/* ---- sending ------------------------------------------------------------------------------- */

static struct shipment *place_for(struct notify *notify, enum escalation_channel channel,
				  struct slice id)
{
	struct shipment *place = NULL;

	for (size_t i = 0; i < AT_ONCE; i++) {
		struct shipment *shipment = &notify->shipments[channel][i];

		if (!shipment->parcel)
			place = place ? place : shipment;
		else if (slice_is(buf_slice(&shipment->escalation), id))
			return NULL;
	}
	return place;
}

static void write_body(const struct state *state, uint32_t index, struct buf *out)
{
	struct json_writer json = json_begin(out);

	json_object(&json);
	json_put_str(&json, "type", "escalation.raised");
	json_put_time(&json, "timestamp", state_escalation(state, index)->raised_at_us);
	json_key(&json, "data");
	json_object(&json);
	view_escalation_members(state, index, &json);
	json_object_end(&json);
	json_object_end(&json);
}

/* Another ledger has an escalation of the same name, too, but not of the same microsecond. */
static void write_message_id(const struct escalation *escalation, struct buf *out)
{
	buf_add_slice(out, escalation->id);
	buf_add_byte(out, '-');
	buf_add_i64(out, escalation->raised_at_us);
}

/* False when it could not even begin, and has ended already. */
static bool ship(struct daemon *daemon, uint32_t index, enum escalation_channel channel,
		 struct shipment *place)
{
	const struct escalation *escalation = state_escalation(&daemon->machine.state, index);
	struct buf body = { 0 }, id = { 0 };
	struct letter letter = { .about = escalation->id, .sent_at_us = clock_wall_us() };

	write_body(&daemon->machine.state, index, &body);
	write_message_id(escalation, &id);
	letter.body = buf_slice(&body);
	letter.id = buf_slice(&id);
	buf_clear(&place->escalation);
	buf_add_slice(&place->escalation, escalation->id);
	place->parcel = channel == ESCALATION_WEBHOOK ?
			courier_post(daemon->notify->courier, &letter) :
			courier_run(daemon->notify->courier, &letter);
	buf_finish(&body);
	buf_finish(&id);
	return !parcel_has_ended(place->parcel);
}

/*
 * Sends it when its time has come and there is a place. Returns when there
 * will be something to do: to send it, or to put on record that it failed.
 */
static int64_t ship_when_due(struct daemon *daemon, uint32_t index,
			     enum escalation_channel channel, int64_t now_us)
{
	const struct escalation *escalation = state_escalation(&daemon->machine.state, index);
	struct shipment *place;

	if (!is_wanted(daemon, escalation, channel))
		return INT64_MAX;
	if (escalation->deliveries[channel].next_attempt_us > now_us)
		return escalation->deliveries[channel].next_attempt_us;
	/* Without a place it waits for one that ends, which looks again, too. */
	place = place_for(daemon->notify, channel, escalation->id);
	if (!place || ship(daemon, index, channel, place))
		return INT64_MAX;
	return now_us;
}

static void on_timer(void *context)
{
	struct notify *notify = context;

	notify->is_stale = true;
}

void notify_work(struct daemon *daemon)
{
	struct notify *notify = daemon->notify;
	const struct state *state = &daemon->machine.state;
	int64_t next_us = INT64_MAX, now_us;

	if (!notify || daemon->stopping || daemon->health.err != OK)
		return;
	see_durable(daemon);
	if (!notify->is_stale)
		return;
	notify->is_stale = false;
	loop_timer_cancel(notify->timer);
	now_us = daemon_now_us(daemon);
	while (notify->first < notify->durable &&
	       !is_wanted_somewhere(daemon, state_escalation(state, notify->first)))
		notify->first++;
	for (uint32_t i = notify->first; i < notify->durable; i++) {
		for (int channel = 0; channel < ESCALATION_CHANNEL_COUNT; channel++) {
			int64_t at_us = ship_when_due(daemon, i, (enum escalation_channel)channel,
						      now_us);

			next_us = at_us < next_us ? at_us : next_us;
		}
	}
	if (next_us != INT64_MAX)
		loop_timer_set(notify->timer, next_us - now_us);
}

/* ---- how it went --------------------------------------------------------------------------- */

static void log_delivery(struct slice id, enum escalation_channel channel, struct slice error)
{
	const char *name = escalation_channel_names[channel];

	if (error.len)
		log_event(LOG_LEVEL_WARN, "notify",
			  "an escalation did not get through; it is tried again",
			  LOG_FIELDS(log_text("escalation", id), log_str("channel", name),
				     log_text("error", error)));
	else
		log_event(LOG_LEVEL_INFO, "notify", "an escalation is delivered",
			  LOG_FIELDS(log_text("escalation", id), log_str("channel", name)));
}

static void note(struct daemon *daemon, struct shipment *shipment, enum escalation_channel channel)
{
	struct slice id = buf_slice(&shipment->escalation);
	struct slice error = parcel_error(shipment->parcel);
	uint32_t index = state_find_escalation(&daemon->machine.state, id);

	log_delivery(id, channel, error);
	/* It may have been settled meanwhile: then it matters to nobody that it did not arrive. */
	if (index != INDEX_NONE &&
	    (!error.len || is_wanted(daemon, state_escalation(&daemon->machine.state, index), channel)))
		machine_note_delivery(&daemon->machine, index, channel, error,
				      daemon_now_us(daemon));
	parcel_drop(shipment->parcel);
	shipment->parcel = NULL;
	daemon->notify->is_stale = true;
}

/* While writes are refused it waits: who notes nothing would send it again. */
void notify_note(struct daemon *daemon)
{
	struct notify *notify = daemon->notify;

	if (!notify || daemon->health.err != OK)
		return;
	for (int channel = 0; channel < ESCALATION_CHANNEL_COUNT; channel++) {
		for (size_t i = 0; i < AT_ONCE; i++) {
			struct shipment *shipment = &notify->shipments[channel][i];

			if (shipment->parcel && parcel_has_ended(shipment->parcel))
				note(daemon, shipment, (enum escalation_channel)channel);
		}
	}
}

/* ---- status -------------------------------------------------------------------------------- */

void notify_put(const struct daemon *daemon, struct json_writer *json)
{
	const struct govern *govern = &daemon->machine.state.govern;
	int64_t oldest_us = 0, undelivered = 0;

	for (uint32_t i = 0; i < govern->escalations.count; i++) {
		const struct escalation *escalation = state_escalation(&daemon->machine.state, i);

		if (escalation->state == ESCALATION_RESOLVED)
			continue;
		oldest_us = oldest_us ? oldest_us : escalation->raised_at_us;
		undelivered += is_wanted_somewhere(daemon, escalation);
	}
	json_key(json, "escalations");
	json_object(json);
	json_put_i64(json, "open", govern->open_escalations);
	json_put_i64(json, "undelivered", undelivered);
	if (oldest_us) {
		int64_t age_us = clock_wall_us() - oldest_us;

		json_put_i64(json, "oldest_ms", age_us > 0 ? age_us / 1000 : 0);
	}
	json_key(json, "channels");
	json_array(json);
	for (int i = 0; i < ESCALATION_CHANNEL_COUNT; i++)
		if (has_channel(daemon, (enum escalation_channel)i))
			json_str(json, escalation_channel_names[i]);
	json_array_end(json);
	json_object_end(json);
}

/* ---- opening and closing ------------------------------------------------------------------- */

enum err notify_open(struct daemon *daemon, struct buf *ret_detail)
{
	struct courier *courier;
	enum err err;

	if (!has_any_channel(daemon))
		return OK;
	err = courier_open(daemon->loop, &daemon->config.courier, daemon->config.socket_path,
			   &courier, ret_detail);
	if (err != OK)
		return err;
	daemon->notify = alloc_zero(1, sizeof(*daemon->notify));
	daemon->notify->courier = courier;
	daemon->notify->timer = loop_timer_open(daemon->loop, on_timer, daemon->notify);
	return OK;
}

void notify_close(struct daemon *daemon)
{
	struct notify *notify = daemon->notify;

	if (!notify)
		return;
	for (int channel = 0; channel < ESCALATION_CHANNEL_COUNT; channel++) {
		for (size_t i = 0; i < AT_ONCE; i++) {
			parcel_drop(notify->shipments[channel][i].parcel);
			buf_finish(&notify->shipments[channel][i].escalation);
		}
	}
	courier_close(notify->courier);
	loop_timer_close(notify->timer);
	free(notify);
	daemon->notify = NULL;
}
