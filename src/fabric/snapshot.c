#include "fabric/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "base/text.h"
#include "fabric/codec.h"

#define MAGIC "IFSNAP"

/* ---- parts --------------------------------------------------------------------------------- */

static bool has_governor(const struct state *state)
{
	return state->feature_level >= FEATURE_GOVERNOR;
}

static bool has_chassis(const struct state *state)
{
	return state->feature_level >= FEATURE_CHASSIS;
}

/* A ledger that no later feature has written to has the snapshots that it always had. */
static int64_t version_of(const struct state *state)
{
	if (has_chassis(state))
		return SNAPSHOT_VERSION;
	return has_governor(state) ? SNAPSHOT_VERSION_GOVERNOR : SNAPSHOT_VERSION_FIRST;
}

static void code_header(struct codec *codec, struct state *state)
{
	struct slice magic = SLICE(MAGIC);
	int64_t version = version_of(state);

	code_bytes(codec, &magic);
	code_i64(codec, &version);
	if (!slice_is(magic, SLICE(MAGIC)) || version < SNAPSHOT_VERSION_FIRST ||
	    version > SNAPSHOT_VERSION)
		codec->bad = true;
	CODE(codec, state->last_event, INT64_MAX);
	code_time(codec, &state->last_at_us);
	CODE(codec, state->epoch, INT64_MAX);
	code_i64(codec, &state->feature_level);
	code_time(codec, &state->grace_until_us);
}

static void code_boards(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, state->boards.count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct slice id = codec->reading ? SLICE_EMPTY : state_board(state, i)->id;
		struct board *board;

		code_bytes(codec, &id);
		if (codec->reading) {
			if (!id_is_valid(id) || state_find_board(state, id) != INDEX_NONE) {
				codec->bad = true;
				return;
			}
			state_add_board(state, id);
		}
		board = state_board(state, i);
		code_owned(codec, &board->title);
		code_time(codec, &board->created_at_us);
		CODE(codec, board->archived, 1);
		code_flush(codec, CODEC_SINK_BYTES);
	}
}

static void code_inbox(struct codec *codec, struct swarm *swarm)
{
	uint32_t count = code_count(codec, swarm_unread(swarm));

	if (codec->reading) {
		swarm->inbox = alloc_grow(swarm->inbox, &swarm->inbox_capacity, count + 1U,
					  sizeof(*swarm->inbox));
		swarm->inbox_count = count;
	}
	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		uint64_t number = codec->reading ? 0 : swarm->inbox[swarm->inbox_first + i];

		CODE(codec, number, INT64_MAX);
		if (codec->reading)
			swarm->inbox[i] = number;
	}
}

static void code_swarm(struct codec *codec, struct state *state, uint32_t index)
{
	struct swarm *swarm = state_swarm(state, index);

	code_owned_list(codec, &swarm->capabilities);
	code_owned_list(codec, &swarm->boards);
	code_owned(codec, &swarm->model);
	code_owned(codec, &swarm->title);
	code_owned(codec, &swarm->help_wanted);
	code_i64(codec, &swarm->slots);
	code_i64(codec, &swarm->spare);
	code_duration(codec, &swarm->presence_ms);
	code_time(codec, &swarm->registered_at_us);
	code_time(codec, &swarm->seen_at_us);
	CODE(codec, swarm->read_no, INT64_MAX);
	CODE(codec, swarm->done_count, INT64_MAX);
	CODE(codec, swarm->failed_count, INT64_MAX);
	CODE(codec, swarm->registered, 1);
	CODE(codec, swarm->absent, 1);
	CODE(codec, swarm->beats, 1);
	code_inbox(codec, swarm);
	if (!codec->reading || codec->bad)
		return;
	swarm->skills = capability_set_of(&state->capabilities, swarm->capabilities);
	state->registered_swarms += swarm->registered;
	if (swarm->registered && !swarm->absent)
		state_presence_timer(state, index, swarm->seen_at_us + swarm->presence_ms * 1000);
}

static void code_swarms(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, state->swarms.count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct slice id = codec->reading ? SLICE_EMPTY : state_swarm(state, i)->id;

		code_bytes(codec, &id);
		if (codec->reading) {
			if (!id_is_valid(id) || state_find_swarm(state, id) != INDEX_NONE) {
				codec->bad = true;
				return;
			}
			state_swarm_of_name(state, id);
		}
		code_swarm(codec, state, i);
		code_flush(codec, CODEC_SINK_BYTES);
	}
}

/* The claim as long as the task holds none: made by load_claims, in the order of the fences. */
struct saved_claim {
	struct claim claim;
	uint32_t task;
};

struct claim_list {
	struct saved_claim *items;
	size_t count, capacity;
};

static void code_claim(struct codec *codec, struct claim *claim)
{
	CODE(codec, claim->swarm, UINT32_MAX);
	CODE(codec, claim->fence, INT64_MAX);
	code_time(codec, &claim->claimed_at_us);
	code_time(codec, &claim->lease_until_us);
	code_time(codec, &claim->claim_until_us);
	code_duration(codec, &claim->lease_ms);
	code_time(codec, &claim->progress_at_us);
	claim->percent++;
	CODE(codec, claim->percent, 101);
	claim->percent--;
	CODE(codec, claim->attempt, UINT32_MAX);
	CODE(codec, claim->imported, 1);
	code_owned(codec, &claim->note);
	code_owned_list(codec, &claim->paths);
}

static void code_task_claim(struct codec *codec, struct state *state, uint32_t index,
			    struct claim_list *claims)
{
	uint32_t at = state_task(state, index)->claim;
	bool held = at != INDEX_NONE;
	struct saved_claim *saved;

	CODE(codec, held, 1);
	if (!held || codec->bad)
		return;
	if (!codec->reading) {
		code_claim(codec, state_claim(state, at));
		return;
	}
	claims->items = alloc_grow(claims->items, &claims->capacity, claims->count + 1,
				   sizeof(*claims->items));
	saved = &claims->items[claims->count++];
	*saved = (struct saved_claim){ .task = index, .claim.percent = -1 };
	code_claim(codec, &saved->claim);
}

static void code_task(struct codec *codec, struct state *state, uint32_t index,
		      struct claim_list *claims)
{
	struct task *task = state_task(state, index);
	struct slice spec = task_spec_bytes(task);
	struct slice outcome = slice_of(task->outcome, task->outcome_len);
	uint8_t state_now = task->state;

	code_bytes(codec, &spec);
	code_bytes(codec, &outcome);
	CODE(codec, state_now, TASK_STATE_COUNT - 1);
	CODE(codec, task->failures, UINT16_MAX);
	CODE(codec, task->attempts, UINT16_MAX);
	CODE(codec, task->blockers_open, UINT16_MAX);
	CODE(codec, task->added_no, INT64_MAX);
	CODE(codec, task->ready_no, INT64_MAX);
	code_time(codec, &task->ready_at_us);
	code_time(codec, &task->not_before_us);
	code_time(codec, &task->ended_at_us);
	code_task_claim(codec, state, index, claims);
	if (!codec->reading || codec->bad)
		return;
	task->text = alloc_resize(task->text, task->id_len + spec.len + 1, 1);
	if (spec.len)
		memcpy(task->text + task->id_len, spec.ptr, spec.len);
	task->spec_len = (uint32_t)spec.len;
	if (outcome.len)
		task->outcome = alloc_copy(outcome.ptr, outcome.len);
	task->outcome_len = (uint32_t)outcome.len;
	state->in_state[task->state]--;
	state_board(state, task->board)->in_state[task->state]--;
	task->state = state_now;
	state->in_state[task->state]++;
	state_board(state, task->board)->in_state[task->state]++;
}

static void code_tasks(struct codec *codec, struct state *state, struct claim_list *claims)
{
	uint32_t count = code_count(codec, state->tasks.count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		uint32_t board = codec->reading ? 0 : state_task(state, i)->board;
		struct slice id = codec->reading ? SLICE_EMPTY : task_id(state_task(state, i));

		CODE(codec, board, UINT32_MAX);
		code_bytes(codec, &id);
		if (codec->reading) {
			if (codec->bad || board >= state->boards.count || !id_is_valid(id) ||
			    state_find_task(state, board, id) != INDEX_NONE) {
				codec->bad = true;
				return;
			}
			state_add_task(state, board, id);
		}
		code_task(codec, state, i, claims);
		code_flush(codec, CODEC_SINK_BYTES);
	}
}

static void code_blockers(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, state->blockers.count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct slice id = codec->reading ? SLICE_EMPTY : state_blocker(state, i)->id;
		struct blocker *blocker;

		code_bytes(codec, &id);
		if (codec->reading)
			state_add_blocker(state, id);
		blocker = state_blocker(state, i);
		CODE(codec, blocker->task, UINT32_MAX);
		CODE(codec, blocker->swarm, UINT32_MAX);
		CODE(codec, blocker->severity, SEVERITY_COUNT - 1);
		CODE(codec, blocker->state, BLOCKER_STATE_COUNT - 1);
		code_time(codec, &blocker->raised_at_us);
		code_time(codec, &blocker->ended_at_us);
		code_owned(codec, &blocker->type);
		code_owned(codec, &blocker->description);
		code_owned(codec, &blocker->note);
		code_owned(codec, &blocker->ended_by);
		code_owned_list(codec, &blocker->needs);
		if (codec->reading && (blocker->task >= state->tasks.count ||
				       (blocker->swarm != INDEX_NONE &&
					blocker->swarm >= state->swarms.count)))
			codec->bad = true;
		state->open_blockers += codec->reading && blocker->state == BLOCKER_OPEN;
		code_flush(codec, CODEC_SINK_BYTES);
	}
}

static void code_message(struct codec *codec, struct message *message)
{
	code_time(codec, &message->sent_at_us);
	CODE(codec, message->to_all, 1);
	code_owned(codec, &message->from);
	code_owned(codec, &message->to);
	code_owned(codec, &message->to_board);
	code_owned(codec, &message->subject);
	code_owned(codec, &message->body);
	code_flush(codec, CODEC_SINK_BYTES);
}

/* In the order in which they were sent, wherever they happen to lie. */
static void save_messages(struct codec *codec, const struct state *state)
{
	struct heap order = { 0 };

	code_count(codec, state->live_messages);
	for (uint32_t i = 0; i < state->messages.count; i++) {
		const struct message *message = slab_at(&state->messages, i);

		if (message->number)
			heap_push(&order, (struct heap_entry){
				.key = (int64_t)message->number, .value = i });
	}
	for (; order.count; heap_pop(&order)) {
		struct message *message = slab_at(&state->messages, heap_first(&order)->value);

		CODE(codec, message->number, INT64_MAX);
		code_message(codec, message);
	}
	heap_finish(&order);
}

static void load_messages(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, 0);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		uint64_t number = 0;
		uint32_t index;

		CODE(codec, number, INT64_MAX);
		if (codec->bad || number == 0) {
			codec->bad = true;
			return;
		}
		index = state_add_message(state, number);
		code_message(codec, slab_at(&state->messages, index));
	}
	for (uint32_t i = 0; i < state->swarms.count && !codec->bad; i++) {
		const struct swarm *swarm = state_swarm(state, i);

		for (size_t at = swarm->inbox_first; at < swarm->inbox_count; at++) {
			uint32_t index = state_find_message(state, swarm->inbox[at]);

			if (index == INDEX_NONE) {
				codec->bad = true;
				return;
			}
			((struct message *)slab_at(&state->messages, index))->unread_by++;
		}
	}
}

static void code_notes(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, state->note_count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct slice key = codec->reading ? SLICE_EMPTY : state->notes[i]->key;
		struct note *note;

		code_bytes(codec, &key);
		note = codec->reading ? state_note_add(state, key) : state->notes[i];
		code_owned(codec, &note->value);
		code_owned(codec, &note->by);
		CODE(codec, note->version, INT64_MAX);
		code_time(codec, &note->written_at_us);
		code_flush(codec, CODEC_SINK_BYTES);
	}
}

static void code_answer(struct codec *codec, struct answer *answer)
{
	int64_t fingerprint = (int64_t)answer->fingerprint;

	code_bytes(codec, &answer->key);
	code_bytes(codec, &answer->code);
	code_bytes(codec, &answer->body);
	code_i64(codec, &fingerprint);
	code_time(codec, &answer->at_us);
	answer->fingerprint = (uint64_t)fingerprint;
	code_flush(codec, CODEC_SINK_BYTES);
}

static void code_answers(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, state->answer_count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		struct answer answer = { 0 };

		if (!codec->reading)
			answer = state->answers[(state->answer_first + i) % state->answer_capacity];
		code_answer(codec, &answer);
		if (codec->reading && !codec->bad)
			state_answer_add(state, &answer);
	}
}

static void code_quarantined(struct codec *codec, struct state *state)
{
	uint32_t count = code_count(codec, state->quarantined.count);

	for (uint32_t i = 0; i < count && !codec->bad; i++) {
		if (codec->reading)
			slab_add(&state->quarantined);
		code_owned(codec, slab_at(&state->quarantined, i));
	}
}

/* ---- both ways ----------------------------------------------------------------------------- */

void state_save(const struct state *state, state_sink_fn *sink, void *context)
{
	struct codec codec = { .sink = sink, .context = context };
	/* Writing leaves everything as it is; the functions serve reading too. */
	struct state *same = (struct state *)(uintptr_t)state;

	code_header(&codec, same);
	code_boards(&codec, same);
	code_swarms(&codec, same);
	code_tasks(&codec, same, NULL);
	code_blockers(&codec, same);
	save_messages(&codec, state);
	code_notes(&codec, same);
	code_answers(&codec, same);
	code_quarantined(&codec, same);
	if (has_governor(state))
		code_govern(&codec, same);
	if (has_chassis(state))
		code_chassis(&codec, same);
	ENSURE(!codec.bad);
	code_flush(&codec, 0);
	buf_finish(&codec.out);
}

static bool outcome_is_sound(const struct task *task, struct arena *arena)
{
	struct task_outcome outcome;

	return schema_decode(&task_outcome_schema, slice_of(task->outcome, task->outcome_len),
			     arena, &outcome);
}

/* Specifications name tasks and swarms, so they are read when all of those are there. */
static void load_specs(struct codec *codec, struct state *state)
{
	for (uint32_t i = 0; i < state->tasks.count && !codec->bad; i++) {
		struct task *task = state_task(state, i);
		struct task_spec spec;

		arena_reset(&codec->arena);
		if (!schema_decode(&task_spec_schema, task_spec_bytes(task), &codec->arena,
				   &spec) ||
		    !task_spec_is_sound(&spec) || !outcome_is_sound(task, &codec->arena)) {
			codec->bad = true;
			return;
		}
		for (size_t dep = 0; dep < spec.deps.count; dep++)
			if (state_find_task(state, task->board, spec.deps.items[dep]) == INDEX_NONE) {
				codec->bad = true;
				return;
			}
		state_spec_apply(state, i, &spec);
		if (task->state == TASK_READY)
			ready_add(state, i);
		else if (!task_has_ended(task) && task->not_before_us)
			state_timer(state, TIMER_READY, i, task->not_before_us);
	}
	state->ready.fresh_count = 0;
}

/* In the order in which they were made, so that a swarm's list is as it was. */
static void load_claims(struct codec *codec, struct state *state, struct claim_list *claims)
{
	struct heap order = { 0 };

	for (size_t i = 0; i < claims->count; i++)
		heap_push(&order, (struct heap_entry){
			.key = (int64_t)claims->items[i].claim.fence, .value = (uint32_t)i });
	for (; order.count; heap_pop(&order)) {
		struct saved_claim *saved = &claims->items[heap_first(&order)->value];
		const struct task *task = state_task(state, saved->task);
		struct claim *claim;

		if (saved->claim.swarm >= state->swarms.count ||
		    (task->state != TASK_CLAIMED && task->state != TASK_HELD)) {
			codec->bad = true;
			continue;
		}
		claim = state_claim(state, state_claim_add(state, saved->task, saved->claim.swarm,
							   saved->claim.paths));
		claim->fence = saved->claim.fence;
		claim->claimed_at_us = saved->claim.claimed_at_us;
		claim->lease_until_us = saved->claim.lease_until_us;
		claim->claim_until_us = saved->claim.claim_until_us;
		claim->lease_ms = saved->claim.lease_ms;
		claim->progress_at_us = saved->claim.progress_at_us;
		claim->percent = saved->claim.percent;
		claim->attempt = saved->claim.attempt;
		claim->imported = saved->claim.imported;
		owned_set(&claim->note, saved->claim.note);
		state_lease_timer(state, task->claim, claim->lease_until_us);
	}
	heap_finish(&order);
}

static void claims_finish(struct claim_list *claims)
{
	for (size_t i = 0; i < claims->count; i++) {
		owned_set(&claims->items[i].claim.note, SLICE_EMPTY);
		owned_list_free(&claims->items[i].claim.paths);
	}
	free(claims->items);
}

/* A newer snapshot is told from damage by what stands at its beginning. */
static bool is_newer(struct slice bytes)
{
	struct codec codec = { .reading = true, .in = bytes };
	struct slice magic;
	int64_t version = 0;

	code_bytes(&codec, &magic);
	code_i64(&codec, &version);
	return !codec.bad && slice_is(magic, SLICE(MAGIC)) && version > SNAPSHOT_VERSION;
}

enum err state_load(struct state *state, struct slice bytes)
{
	struct codec codec = { .reading = true, .in = bytes };
	struct claim_list claims = { 0 };

	if (is_newer(bytes))
		return ERR_LEDGER_TOO_NEW;
	code_header(&codec, state);
	code_boards(&codec, state);
	code_swarms(&codec, state);
	code_tasks(&codec, state, &claims);
	code_blockers(&codec, state);
	load_messages(&codec, state);
	code_notes(&codec, state);
	code_answers(&codec, state);
	code_quarantined(&codec, state);
	load_specs(&codec, state);
	if (!codec.bad)
		load_claims(&codec, state, &claims);
	if (!codec.bad && has_governor(state))
		code_govern(&codec, state);
	if (!codec.bad && has_chassis(state))
		code_chassis(&codec, state);
	if (codec.in.len)
		codec.bad = true;
	claims_finish(&claims);
	arena_finish(&codec.arena);
	/* What is whole may still contradict itself; nothing may be decided on that. */
	codec.bad = codec.bad || state_flaw(state) != NULL;
	return codec.bad ? ERR_LEDGER_CORRUPT : OK;
}
