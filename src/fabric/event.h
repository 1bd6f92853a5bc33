/*
 * event - what has happened, made from event.def.
 *
 * Binary form of an event inside a record: varint type, varint length of
 * the rest, varint microseconds since the record's time, varint length and
 * bytes of the actor, then the fields. Its number is not written: numbers
 * run on from the record's first one.
 */
#ifndef FABRIC_EVENT_H
#define FABRIC_EVENT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/schema.h"
#include "fabric/command.h"
#include "governor/budget.h"
#include "governor/breaker.h"
#include "governor/cost.h"
#include "governor/escalation.h"
#include "governor/policy.h"

#include "fabric/event.def"

#define FEATURE_LEVEL 3		/* the highest that this program knows */
#define FEATURE_GOVERNOR 2	/* outcomes are learnt from, money is counted */
#define FEATURE_CHASSIS 3	/* promises are compared with outcomes, modules have contracts */

enum event_type {
#define EVENT(number, NAME, ...) EVENT_##NAME = number,
#include "fabric/event.def"
#undef EVENT
	EVENT_TYPE_END
};

#define EVENT_MEMBER(T, kind, name, ...) FIELD_C_##kind name;

#define EVENT(number, NAME, name, ...)         \
	struct ev_##name {                     \
		FIELDS_##NAME(EVENT_MEMBER, )  \
	};
#include "fabric/event.def"
#undef EVENT

struct event {
	enum event_type type;
	uint64_t number;		/* 0 until it is known */
	int64_t at_us;
	struct slice actor;		/* who asked for it; empty: the daemon itself */
	struct task_spec spec;		/* of task.added and task.changed only; else not set */
	union {
#define EVENT(number, NAME, name, ...) struct ev_##name name;
#include "fabric/event.def"
#undef EVENT
	} of;
	struct event *next;		/* in a list of events */
};

struct event_info {
	enum event_type type;
	const char *name;	/* TASK_CLAIMED */
	const char *kind;	/* task.claimed */
	enum part part;
	int feature_level;
	const char *meaning;
	struct schema fields;
	bool has_spec;
};

/* NULL when this program knows no such event. */
const struct event_info *event_info(uint64_t type);
extern const struct event_info *const event_table[];
extern const size_t event_count;

/* The id in a field, or empty: what an event is about, for filters. */
struct slice event_text(const struct event *event, const char *field);

/* Whether it can be kept: its numbers are within bounds, and it prefers an id or nobody. */
bool task_spec_is_sound(const struct task_spec *spec);

void event_encode(const struct event *event, int64_t record_at_us, struct buf *out);
/*
 * Cuts one event off the front of a record's body. Texts point into it,
 * lists live in `arena`. The number is the caller's to set.
 *
 * ERR_LEDGER_TOO_NEW: an unknown type. ERR_LEDGER_CORRUPT: not an event.
 */
MUST_USE enum err event_decode(struct slice *body, int64_t record_at_us, struct arena *arena,
			       struct event *ret_event);

/*
 * {"event":17,"at":...,"kind":"task.claimed","part":...,"by":..., fields..., "spec":{...}}.
 * Fields that have a kind go into "rule"; beside a field `by` the actor is "actor".
 */
void event_write_json(const struct event *event, struct json_writer *json);

#endif
