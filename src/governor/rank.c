#include "governor/rank.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ensure.h"

#define PPM INT64_C(1000000)
#define DOLLAR INT64_C(1000000000)
#define FREE (INT64_C(1) << 62)	/* added to the value of who costs nothing */
#define OUT INT64_C(-1)		/* the value of who is not there */

/* A change says which swarm, and whether more than its being free has changed. */
#define CHANGE_OF(swarm, described) ((swarm) << 1 | (described))
#define SWARMS_MAX (UINT32_MAX >> 1)

#define PROBES_LOOKED 8		/* swarms that are looked at for one probe */
#define PROBE_REST 32		/* claims after a search that found none */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t ratio(int64_t ppm)
{
	return ppm < 0 ? 0 : least(ppm, 2 * PPM);
}

struct score rank_score(const struct learning *learning, uint32_t swarm, uint32_t needs,
			uint32_t failed_before, const struct candidate *candidate,
			int64_t estimate_nanousd)
{
	struct score score = { .candidate = *candidate, .divisor_nanousd = LEARN_UNKNOWN };
	int64_t failure;

	/* Of a swarm that is none nothing is learnt: what it declares is left, or what is usual. */
	score.outlook = learn_outlook(learning, candidate->only_promised ? RANK_NONE : swarm, needs,
				      failed_before, &candidate->promise, estimate_nanousd);
	failure = PPM - score.outlook.success_ppm;
	score.worth_ppm = ratio(candidate->overlap_ppm) * ratio(candidate->reputation_ppm) / PPM *
			  score.outlook.success_ppm / PPM;
	if (score.outlook.hoped_nanousd == 0) {
		score.divisor_nanousd = 0;
		score.value = FREE + score.worth_ppm;
		return score;
	}
	/* Without any figure of cost all cost the same. */
	if (score.outlook.hoped_nanousd > 0)
		score.divisor_nanousd = score.outlook.hoped_nanousd +
					learn_scale(score.outlook.loss_nanousd, failure, PPM);
	score.value = least(learn_scale(score.worth_ppm, DOLLAR, score.divisor_nanousd < 0 ?
					DOLLAR : score.divisor_nanousd), FREE - 1);
	return score;
}

/* ---- views ---------------------------------------------------------------------------------- */

void rank_init(struct rank_index *index, const struct learning *learning,
	       rank_describe_fn *describe, const void *context)
{
	*index = (struct rank_index){
		.learning = learning, .describe = describe, .context = context,
		.views = alloc_zero(RANK_VIEWS_MAX, sizeof(struct rank_view)),
		.changes = alloc_zero(RANK_CHANGES, sizeof(uint32_t)),
	};
}

void rank_finish(struct rank_index *index)
{
	for (uint32_t i = 0; i < index->view_count; i++) {
		free(index->views[i].values);
		free(index->views[i].winners);
		free(index->views[i].order);
	}
	free(index->views);
	free(index->changes);
	free(index->is_free);
	free(index->is_moved);
	free(index->spare);
	map_finish(&index->by_key);
	heap_finish(&index->heap);
	*index = (struct rank_index){ 0 };
}

static void note_change(struct rank_index *index, uint32_t swarm, bool described)
{
	index->changes[index->changed++ % RANK_CHANGES] = CHANGE_OF(swarm, described);
}

static void know_swarm(struct rank_index *index, uint32_t swarm)
{
	ENSURE(swarm < SWARMS_MAX);
	if (swarm < index->swarm_count)
		return;
	index->is_free = alloc_grow(index->is_free, &index->free_capacity, (size_t)swarm + 1,
				    sizeof(*index->is_free));
	index->spare = alloc_grow(index->spare, &index->spare_capacity, (size_t)swarm + 1,
				  sizeof(*index->spare));
	index->is_moved = alloc_grow(index->is_moved, &index->moved_capacity, (size_t)swarm + 1,
				     sizeof(*index->is_moved));
	for (; index->swarm_count <= swarm; index->swarm_count++) {
		index->is_free[index->swarm_count] = false;
		index->is_moved[index->swarm_count] = false;
		note_change(index, index->swarm_count, true);
	}
}

void rank_changed(struct rank_index *index, uint32_t swarm)
{
	know_swarm(index, swarm);
	note_change(index, swarm, true);
}

void rank_all_changed(struct rank_index *index)
{
	for (uint32_t i = 0; i < index->view_count; i++)
		index->views[i].count = 0;
}

void rank_set_free(struct rank_index *index, uint32_t swarm, bool is_free)
{
	know_swarm(index, swarm);
	if (index->is_free[swarm] == is_free)
		return;
	index->is_free[swarm] = is_free;
	note_change(index, swarm, false);
}

static int64_t value_of(const struct rank_index *index, const struct rank_view *view,
			uint32_t swarm)
{
	struct candidate candidate = { 0 };

	if (!index->describe(index->context, swarm, view->needs, &candidate))
		return OUT;
	return rank_score(index->learning, swarm, view->needs, view->kind, &candidate,
			  LEARN_UNKNOWN).value;
}

/* The swarm at a leaf when it can be chosen. */
static uint32_t at_leaf(const struct rank_index *index, const struct rank_view *view,
			uint32_t swarm)
{
	return swarm < view->count && index->is_free[swarm] && view->values[swarm] != OUT ?
	       swarm : RANK_NONE;
}

static uint32_t at_node(const struct rank_index *index, const struct rank_view *view, uint32_t node)
{
	return node < view->capacity ? view->winners[node] :
	       at_leaf(index, view, node - view->capacity);
}

static uint32_t winner_of(const struct rank_index *index, const struct rank_view *view,
			  uint32_t node)
{
	uint32_t left = at_node(index, view, 2 * node);
	uint32_t right = at_node(index, view, 2 * node + 1);

	if (left == RANK_NONE || right == RANK_NONE)
		return left == RANK_NONE ? right : left;
	return view->values[right] > view->values[left] ? right : left;
}

/* Up to where the swarm neither was nor is the winner: above, nothing depends on it. */
static void climb(const struct rank_index *index, struct rank_view *view, uint32_t swarm)
{
	for (uint32_t node = (view->capacity + swarm) / 2; node > 0; node /= 2) {
		uint32_t before = view->winners[node];

		view->winners[node] = winner_of(index, view, node);
		if (before == view->winners[node] && before != swarm)
			break;
	}
}

static void make_anew(struct rank_index *index, struct rank_view *view)
{
	uint32_t capacity = view->capacity ? view->capacity : 16;

	while (capacity < index->swarm_count)
		capacity *= 2;
	if (capacity != view->capacity) {
		view->values = alloc_resize(view->values, capacity, sizeof(*view->values));
		view->winners = alloc_resize(view->winners, capacity, sizeof(*view->winners));
		view->order = alloc_resize(view->order, capacity, sizeof(*view->order));
		view->capacity = capacity;
	}
	view->count = index->swarm_count;
	view->edition = index->learning->fleet.edition;
	view->seen = index->changed;
	view->ordered = false;
	view->moved_count = 0;
	for (uint32_t swarm = 0; swarm < view->count; swarm++)
		view->values[swarm] = value_of(index, view, swarm);
	for (uint32_t node = capacity - 1; node > 0; node--)
		view->winners[node] = winner_of(index, view, node);
}

static void note_moved(struct rank_view *view, uint32_t swarm)
{
	if (!view->ordered)
		return;
	for (uint32_t i = 0; i < view->moved_count; i++)
		if (view->moved[i] == swarm)
			return;
	if (view->moved_count == RANK_MOVED_MAX)
		view->ordered = false;
	else
		view->moved[view->moved_count++] = swarm;
}

/* New numbers are not there until their change is reached. */
static void catch_up(struct rank_index *index, struct rank_view *view)
{
	for (; view->count < index->swarm_count; view->count++)
		view->values[view->count] = OUT;
	for (; view->seen < index->changed; view->seen++) {
		uint32_t change = index->changes[view->seen % RANK_CHANGES];
		uint32_t swarm = change >> 1;

		if (change & 1) {
			view->values[swarm] = value_of(index, view, swarm);
			note_moved(view, swarm);
		}
		climb(index, view, swarm);
	}
}

static bool same_key(const void *context, uint32_t value, const void *key)
{
	const struct rank_view *view = &((const struct rank_index *)context)->views[value];
	const uint32_t *both = key;

	return view->needs == both[0] && view->kind == both[1];
}

/* The view that nobody has asked for the longest time gives its place. */
static uint32_t place_of_view(struct rank_index *index)
{
	uint32_t oldest = 0;
	uint32_t key[2];

	if (index->view_count < RANK_VIEWS_MAX)
		return index->view_count++;
	for (uint32_t i = 1; i < RANK_VIEWS_MAX; i++)
		if (index->views[i].used < index->views[oldest].used)
			oldest = i;
	key[0] = index->views[oldest].needs;
	key[1] = index->views[oldest].kind;
	map_remove(&index->by_key, (uint32_t)hash_bytes(0, key, sizeof(key)), oldest);
	return oldest;
}

static struct rank_view *view_for(struct rank_index *index, uint32_t needs, uint32_t failed_before)
{
	const uint32_t key[2] = { needs, (uint32_t)least(failed_before, LEARN_KINDS - 1) };
	uint32_t hash = (uint32_t)hash_bytes(0, key, sizeof(key));
	uint32_t number = map_find(&index->by_key, hash, same_key, index, key);
	struct rank_view *view;

	if (number == MAP_NONE) {
		number = place_of_view(index);
		view = &index->views[number];
		view->needs = key[0];
		view->kind = key[1];
		view->count = 0;
		map_add(&index->by_key, hash, number);
	}
	view = &index->views[number];
	view->used = ++index->now;
	if (view->count == 0 || view->edition != index->learning->fleet.edition ||
	    view->capacity < index->swarm_count || index->changed - view->seen > RANK_CHANGES)
		make_anew(index, view);
	else
		catch_up(index, view);
	return view;
}

/* ---- choice --------------------------------------------------------------------------------- */

static void push(struct rank_index *index, const struct rank_view *view, uint32_t node)
{
	uint32_t winner = at_node(index, view, node);

	if (winner != RANK_NONE)
		heap_push(&index->heap, (struct heap_entry){
			.key = -view->values[winner], .tie = winner, .value = node,
		});
}

/* What is left of the tree below `node` without the leaf of its winner. */
static void push_rest(struct rank_index *index, const struct rank_view *view, uint32_t node,
		      uint32_t winner)
{
	for (uint32_t at = view->capacity + winner; at != node; at /= 2)
		push(index, view, at ^ 1U);
}

uint32_t rank_best(struct rank_index *index, uint32_t needs, uint32_t failed_before,
		   rank_may_fn *may, void *context)
{
	const struct rank_view *view = view_for(index, needs, failed_before);

	index->heap.count = 0;
	if (view->count)
		push(index, view, 1);
	while (index->heap.count) {
		struct heap_entry best = *heap_first(&index->heap);
		uint32_t winner = (uint32_t)best.tie;

		if (!may || may(context, winner))
			return winner;
		heap_pop(&index->heap);
		push_rest(index, view, best.value, winner);
	}
	return RANK_NONE;
}

static bool covers(const struct rank_index *index, const struct rank_view *view, uint32_t swarm)
{
	struct candidate candidate = { 0 };
	struct outlook outlook;

	if (!index->describe(index->context, swarm, view->needs, &candidate))
		return false;
	outlook = learn_outlook(index->learning, swarm, view->needs, view->kind,
				&candidate.promise, LEARN_UNKNOWN);
	return outlook.cost_nanousd <= index->learning->fleet.probe_nanousd;
}

/* The free swarm that has waited longest, of those behind `after`, in the order of waiting. */
static uint32_t next_waiting(const struct rank_index *index, const struct rank_view *view,
			     uint32_t after)
{
	const struct learning *learning = index->learning;
	int64_t after_claim = -1, since = INT64_MAX;
	uint32_t longest = RANK_NONE;

	if (after != RANK_NONE)
		after_claim = after < learning->swarm_count ?
			      learning->swarms[after].claimed_at : 0;
	for (uint32_t swarm = 0; swarm < view->count; swarm++) {
		int64_t claimed_at = swarm < learning->swarm_count ?
				     learning->swarms[swarm].claimed_at : 0;

		if (claimed_at >= since || claimed_at < after_claim ||
		    (claimed_at == after_claim && swarm <= after) ||
		    at_leaf(index, view, swarm) == RANK_NONE)
			continue;
		longest = swarm;
		since = claimed_at;
	}
	return longest;
}

uint32_t rank_probe(struct rank_index *index, uint32_t needs, uint32_t failed_before,
		    rank_may_fn *may, void *context)
{
	const struct fleet *fleet = &index->learning->fleet;
	uint32_t swarm = RANK_NONE;
	const struct rank_view *view;

	/* On a task that was failed before, a probe costs more and tells less. */
	if (failed_before || fleet->probe_ppm < PPM || fleet->claims < index->probe_at)
		return RANK_NONE;
	view = view_for(index, needs, failed_before);
	for (int looked = 0; looked < PROBES_LOOKED; looked++) {
		swarm = next_waiting(index, view, swarm);
		if (swarm == RANK_NONE)
			break;
		if (covers(index, view, swarm) && (!may || may(context, swarm)))
			return swarm;
	}
	/* Nobody whom the share would pay for: it has to grow first. */
	index->probe_at = fleet->claims + PROBE_REST;
	return RANK_NONE;
}

/* ---- list ----------------------------------------------------------------------------------- */

static bool comes_before(const struct rank_view *view, uint32_t a, uint32_t b)
{
	return rank_before(view->values[a], a, view->values[b], b);
}

/* Merges runs of rising width: the same order on every machine, whatever the library sorts like. */
static void sort(const struct rank_view *view, uint32_t *swarms, size_t count, uint32_t *spare)
{
	for (size_t width = 1; width < count; width *= 2) {
		for (size_t low = 0; low < count; low += 2 * width) {
			size_t middle = low + width < count ? low + width : count;
			size_t high = middle + width < count ? middle + width : count;
			size_t a = low, b = middle;

			for (size_t at = low; at < high; at++)
				spare[at] = a < middle && (b == high ||
					    !comes_before(view, swarms[b], swarms[a])) ?
					    swarms[a++] : swarms[b++];
		}
		memcpy(swarms, spare, count * sizeof(*swarms));
	}
}

static void order_anew(struct rank_index *index, struct rank_view *view)
{
	view->order_count = 0;
	for (uint32_t swarm = 0; swarm < view->count; swarm++)
		if (view->values[swarm] != OUT)
			view->order[view->order_count++] = swarm;
	sort(view, view->order, view->order_count, index->spare);
}

/* Those that have not moved are in order still: takes the others out and puts them in again. */
static void put_in_place(struct rank_index *index, struct rank_view *view)
{
	uint32_t moved[RANK_MOVED_MAX], spare[RANK_MOVED_MAX];
	uint32_t old_count = view->order_count, count = 0, at = 0;

	for (uint32_t i = 0; i < view->moved_count; i++) {
		index->is_moved[view->moved[i]] = true;
		if (view->values[view->moved[i]] != OUT)
			moved[count++] = view->moved[i];
	}
	sort(view, moved, count, spare);
	memcpy(index->spare, view->order, old_count * sizeof(*view->order));
	view->order_count = 0;
	for (uint32_t i = 0; i < old_count; i++) {
		uint32_t swarm = index->spare[i];

		if (index->is_moved[swarm])
			continue;
		while (at < count && comes_before(view, moved[at], swarm))
			view->order[view->order_count++] = moved[at++];
		view->order[view->order_count++] = swarm;
	}
	while (at < count)
		view->order[view->order_count++] = moved[at++];
	for (uint32_t i = 0; i < view->moved_count; i++)
		index->is_moved[view->moved[i]] = false;
}

size_t rank_list(struct rank_index *index, uint32_t needs, uint32_t failed_before,
		 uint32_t *ret_swarms, size_t max)
{
	struct rank_view *view = view_for(index, needs, failed_before);
	size_t count;

	if (!view->ordered)
		order_anew(index, view);
	else if (view->moved_count)
		put_in_place(index, view);
	view->ordered = true;
	view->moved_count = 0;
	count = view->order_count < max ? view->order_count : max;
	if (count)
		memcpy(ret_swarms, view->order, count * sizeof(*ret_swarms));
	return count;
}
