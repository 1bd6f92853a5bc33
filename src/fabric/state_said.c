/*
 * The parts of the state that hold what was said: messages, remembered
 * answers, notes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fabric/state.h"

/* ---- messages ------------------------------------------------------------------------------ */

static bool same_message(const void *context, uint32_t value, const void *key)
{
	const struct state *state = context;
	const struct message *message = slab_at(&state->messages, value);

	return message->number == *(const uint64_t *)key;
}

static uint32_t message_hash(const struct state *state, uint64_t number)
{
	return (uint32_t)hash_bytes(state->hash_seed, &number, sizeof(number));
}

uint32_t state_find_message(const struct state *state, uint64_t number)
{
	return map_find(&state->message_map, message_hash(state, number), same_message, state,
			&number);
}

uint32_t state_add_message(struct state *state, uint64_t number)
{
	uint32_t index = state->free_message;
	struct message *message;

	while (index < state->messages.count &&
	       ((struct message *)slab_at(&state->messages, index))->number != 0)
		index++;
	if (index == state->messages.count)
		index = slab_add(&state->messages);
	state->free_message = index + 1;
	message = slab_at(&state->messages, index);
	message->number = number;
	map_add(&state->message_map, message_hash(state, number), index);
	state->live_messages++;
	return index;
}

void state_drop_message(struct state *state, uint32_t index)
{
	struct message *message = slab_at(&state->messages, index);

	if (message->number == 0)
		return;
	map_remove(&state->message_map, message_hash(state, message->number), index);
	owned_set(&message->from, SLICE_EMPTY);
	owned_set(&message->to, SLICE_EMPTY);
	owned_set(&message->to_board, SLICE_EMPTY);
	owned_set(&message->subject, SLICE_EMPTY);
	owned_set(&message->body, SLICE_EMPTY);
	*message = (struct message){ 0 };
	if (index < state->free_message)
		state->free_message = index;
	state->live_messages--;
}

void state_inbox_add(struct state *state, uint32_t swarm_index, uint32_t message_index)
{
	struct swarm *swarm = state_swarm(state, swarm_index);
	struct message *message = slab_at(&state->messages, message_index);

	if (swarm->inbox_first > 0 && swarm->inbox_count == swarm->inbox_capacity) {
		swarm->inbox_count -= swarm->inbox_first;
		memmove(swarm->inbox, swarm->inbox + swarm->inbox_first,
			swarm->inbox_count * sizeof(*swarm->inbox));
		swarm->inbox_first = 0;
	}
	swarm->inbox = alloc_grow(swarm->inbox, &swarm->inbox_capacity, swarm->inbox_count + 1,
				  sizeof(*swarm->inbox));
	swarm->inbox[swarm->inbox_count++] = message->number;
	message->unread_by++;
}

void state_inbox_read(struct state *state, uint32_t swarm_index, uint64_t cursor)
{
	struct swarm *swarm = state_swarm(state, swarm_index);

	while (swarm->inbox_first < swarm->inbox_count &&
	       swarm->inbox[swarm->inbox_first] <= cursor) {
		uint32_t index = state_find_message(state, swarm->inbox[swarm->inbox_first++]);
		struct message *message = slab_at(&state->messages, index);

		if (--message->unread_by == 0)
			state_drop_message(state, index);
	}
	if (cursor > swarm->read_no)
		swarm->read_no = cursor;
}

/* ---- answers ------------------------------------------------------------------------------- */

static struct answer *answer_at(const struct state *state, size_t place)
{
	return &state->answers[place % state->answer_capacity];
}

static bool same_answer(const void *context, uint32_t value, const void *key)
{
	return slice_is(answer_at(context, value)->key, *(const struct slice *)key);
}

const struct answer *state_find_answer(const struct state *state, struct slice key)
{
	uint32_t place = map_find(&state->answer_map, hash_slice(state->hash_seed, key),
				  same_answer, state, &key);

	return place == MAP_NONE ? NULL : answer_at(state, place);
}

static void answers_grow(struct state *state)
{
	size_t capacity = state->answer_capacity ? state->answer_capacity * 2 : 64;
	struct answer *grown = alloc_zero(capacity, sizeof(*grown));

	map_finish(&state->answer_map);
	for (size_t i = 0; i < state->answer_count; i++) {
		grown[i] = *answer_at(state, state->answer_first + i);
		map_add(&state->answer_map, hash_slice(state->hash_seed, grown[i].key),
			(uint32_t)i);
	}
	free(state->answers);
	state->answers = grown;
	state->answer_capacity = capacity;
	state->answer_first = 0;
}

static void answer_drop_oldest(struct state *state)
{
	struct answer *oldest = answer_at(state, state->answer_first);

	map_remove(&state->answer_map, hash_slice(state->hash_seed, oldest->key),
		   (uint32_t)state->answer_first);
	owned_set(&oldest->key, SLICE_EMPTY);
	owned_set(&oldest->code, SLICE_EMPTY);
	owned_set(&oldest->body, SLICE_EMPTY);
	state->answer_first = (state->answer_first + 1) % state->answer_capacity;
	state->answer_count--;
}

void state_answer_add(struct state *state, const struct answer *answer)
{
	uint32_t known = map_find(&state->answer_map, hash_slice(state->hash_seed, answer->key),
				  same_answer, state, &answer->key);
	struct answer *kept;
	size_t place;

	if (known != MAP_NONE) {
		owned_set(&answer_at(state, known)->code, answer->code);
		owned_set(&answer_at(state, known)->body, answer->body);
		return;
	}
	if (state->answer_count == (size_t)LIMIT_ANSWERS)
		answer_drop_oldest(state);
	if (state->answer_count == state->answer_capacity)
		answers_grow(state);
	place = (state->answer_first + state->answer_count) % state->answer_capacity;
	kept = &state->answers[place];
	*kept = (struct answer){ .fingerprint = answer->fingerprint, .at_us = answer->at_us };
	owned_set(&kept->key, answer->key);
	owned_set(&kept->code, answer->code);
	owned_set(&kept->body, answer->body);
	state->answer_count++;
	map_add(&state->answer_map, hash_slice(state->hash_seed, kept->key), (uint32_t)place);
}

void state_answers_expire(struct state *state, int64_t before_us)
{
	while (state->answer_count && answer_at(state, state->answer_first)->at_us < before_us)
		answer_drop_oldest(state);
}

/* ---- notes --------------------------------------------------------------------------------- */

size_t state_note_position(const struct state *state, struct slice key)
{
	size_t low = 0, high = state->note_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (slice_compare(state->notes[middle]->key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct note *state_find_note(const struct state *state, struct slice key)
{
	size_t at = state_note_position(state, key);

	return at < state->note_count && slice_is(state->notes[at]->key, key) ? state->notes[at] :
										 NULL;
}

struct note *state_note_add(struct state *state, struct slice key)
{
	size_t at = state_note_position(state, key);
	struct note *note;

	if (at < state->note_count && slice_is(state->notes[at]->key, key))
		return state->notes[at];
	note = alloc_zero(1, sizeof(*note));
	owned_set(&note->key, key);
	state->notes = alloc_grow(state->notes, &state->note_capacity, state->note_count + 1,
				  sizeof(struct note *));
	memmove(state->notes + at + 1, state->notes + at,
		(state->note_count - at) * sizeof(struct note *));
	state->notes[at] = note;
	state->note_count++;
	return note;
}

void state_note_drop(struct state *state, size_t position)
{
	struct note *note = state->notes[position];

	owned_set(&note->key, SLICE_EMPTY);
	owned_set(&note->value, SLICE_EMPTY);
	owned_set(&note->by, SLICE_EMPTY);
	free(note);
	state->note_count--;
	memmove(state->notes + position, state->notes + position + 1,
		(state->note_count - position) * sizeof(struct note *));
}
