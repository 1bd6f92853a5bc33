/*
 * Help: what a blocker needs is matched with who can do it, one capability at
 * a time; each helper gets a task of its own with its part of the money.
 */
#include "base/ensure.h"
#include "fabric/decide_govern.h"

#define HELPERS_MOST 64		/* of one blocker, whatever the policy allows */

#define HELP_IDS_MOST (2 * HELPERS_MOST)	/* some may be those of other tasks */

struct help {
	struct decision *decision;
	uint32_t task;				/* that is held up */
	uint32_t blocked;			/* swarm that holds it, or INDEX_NONE */
	struct slice blocker;
	struct slice description;
	int64_t part_nanousd;			/* each helper's; negative: no limit */
	uint32_t helpers[HELPERS_MOST];
	size_t count;
	int64_t number;				/* of the last helper's task */
	bool unaffordable;			/* somebody could, but for the money */
};

static struct slice help_id(struct decision *decision, struct slice blocker, int64_t number)
{
	return TEXT(decision, "help-{}-{}", blocker, decision_number(decision, number));
}

static bool helps_already(const struct help *help, uint32_t swarm)
{
	for (size_t i = 0; i < help->count; i++)
		if (help->helpers[i] == swarm)
			return true;
	return false;
}

/* A helper that is asked for something else may be able to do this, too. */
static bool is_asked(const struct help *help, struct slice need)
{
	const struct state *state = help->decision->state;

	for (size_t i = 0; i < help->count; i++)
		if (capability_covers(&state->capabilities,
				      state_swarm(state, help->helpers[i])->skills, need))
			return true;
	return false;
}

static bool can_help(const struct help *help, uint32_t index, struct slice need)
{
	const struct state *state = help->decision->state;
	const struct swarm *swarm = state_swarm(state, index);

	return swarm->registered && (!swarm->absent || swarm->waiting) && index != help->blocked &&
	       !helps_already(help, index) &&
	       state_worker(state, index)->breaker.state == BREAKER_CLOSED &&
	       swarm_works_on(swarm, state_board(state, state_task(state, help->task)->board)->id) &&
	       capability_covers(&state->capabilities, swarm->skills, need);
}

/* Whether its money is there: its own budget, and the part of this help that it may cost. */
static bool is_affordable(const struct help *help, uint32_t swarm, int64_t cost_nanousd)
{
	const struct state *state = help->decision->state;
	uint32_t own = state_find_budget(state, BUDGET_OF_SWARM, swarm);
	int64_t cost = cost_nanousd > 0 ? cost_nanousd : 0;

	if (help->part_nanousd >= 0 && cost > help->part_nanousd)
		return false;
	return own == INDEX_NONE || !state->govern.policy.settings.enable_budget_enforcement ||
	       budget_has_room(&state_budget(state, own)->budget, cost);
}

/* The best of those who can, by rank. */
static uint32_t find_helper(struct help *help, struct slice need)
{
	const struct state *state = help->decision->state;
	uint32_t best = INDEX_NONE;
	int64_t best_value = 0;

	for (uint32_t i = 0; i < state->swarms.count; i++) {
		struct score score;

		if (!can_help(help, i, need))
			continue;
		score = govern_score_for(state, i, need);
		if (!is_affordable(help, i, score.outlook.cost_nanousd)) {
			help->unaffordable = true;
			continue;
		}
		if (best != INDEX_NONE && !rank_before(score.value, i, best_value, best))
			continue;
		best = i;
		best_value = score.value;
	}
	return best;
}

/* help-b17-1 and so on, past ids that other tasks have. Empty: none is left. */
static struct slice free_id(struct help *help)
{
	const struct state *state = help->decision->state;
	uint32_t board = state_task(state, help->task)->board;

	while (++help->number <= HELP_IDS_MOST) {
		struct slice id = help_id(help->decision, help->blocker, help->number);

		if (state_find_task(state, board, id) == INDEX_NONE)
			return id;
	}
	return SLICE_EMPTY;
}

static bool emit_help(struct help *help, uint32_t swarm, struct slice need)
{
	struct decision *decision = help->decision;
	const struct state *state = decision->state;
	struct slice id = free_id(help);
	struct slice *needs = arena_zero(decision->arena, 1, sizeof(*needs));
	struct slice *avoids = arena_zero(decision->arena, 1, sizeof(*avoids));
	struct slice task = arena_copy(decision->arena, task_id(state_task(state, help->task)));
	struct slice board;
	struct event *event;

	if (id.len == 0 || state->tasks.count + help->count >= LIMIT_TASKS)
		return false;
	event = decision_emit(decision, EVENT_TASK_ADDED);
	decision_name_task(decision, help->task, &board, &event->of.task_added.task);
	event->of.task_added.board = board;
	event->of.task_added.task = id;
	needs[0] = need;
	event->spec = (struct task_spec){
		.title = TEXT(decision, "Help with blocker {} of task {}", help->blocker, task),
		.description = help->description, .kind = TASK_CRITICAL,
		.priority = LIMIT_PRIORITY_MOST, .prefers = state_swarm(state, swarm)->id,
		.needs = { needs, 1 }, .est_cost_usd = -1, .max_cost_usd = help->part_nanousd,
		.max_attempts = LIMIT_ATTEMPTS_DEFAULT, .helps = help->blocker,
	};
	if (help->blocked != INDEX_NONE) {
		avoids[0] = state_swarm(state, help->blocked)->id;
		event->spec.avoids = (struct slice_list){ avoids, 1 };
	}
	decision_emit(decision, EVENT_TASK_READY)->of.task_ready =
		(struct ev_task_ready){ board, id, SLICE("a blocker asks for help") };
	help->helpers[help->count++] = swarm;
	return true;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* What helping may cost in all: the policy's most, the task's own, what budgets have left. */
static int64_t money_for(const struct decision *decision, uint32_t index)
{
	const struct state *state = decision->state;
	const struct task *task = state_task(state, index);
	int64_t most = state->govern.policy.settings.max_cost_per_task;
	uint32_t swarm = task->claim == INDEX_NONE ? INDEX_NONE :
						     state_claim(state, task->claim)->swarm;
	uint32_t budgets[BUDGET_SCOPE_COUNT];
	size_t count = state_budgets_of(state, index, swarm, budgets);
	struct task_spec spec;

	task_spec_of(task, decision->arena, &spec);
	most = least(most, spec.max_cost_usd);
	for (size_t i = 0; i < count; i++) {
		const struct budget_entry *entry = state_budget(state, budgets[i]);

		/* A helper does not draw on the blocked swarm's budget. */
		if (entry->scope != BUDGET_OF_SWARM)
			most = least(most, budget_left(&entry->budget));
	}
	return most;
}

static void ask_a_person(struct help *help, struct slice_list needs)
{
	struct decision *decision = help->decision;
	struct slice board, task;
	struct buf names = { 0 };

	for (size_t i = 0; i < needs.count; i++) {
		if (i)
			buf_add_lit(&names, ", ");
		buf_add_slice(&names, needs.items[i]);
	}
	decision_name_task(decision, help->task, &board, &task);
	decide_escalate(decision, &(struct escalation_about){
		.cause = ESCALATION_HELP, .board = state_task(decision->state, help->task)->board,
		.task = help->task, .swarm = help->blocked, .blocker = help->blocker,
		.subject = help->unaffordable ?
			TEXT(decision, "no help that can be paid for blocker {} of task {}",
			     help->blocker, task) :
			TEXT(decision, "nobody here can help with blocker {} of task {}",
			     help->blocker, task),
		.detail = TEXT(decision, "{} (it needs: {})", help->description,
			       arena_copy(decision->arena, buf_slice(&names))),
		.once = TEXT(decision, "help:{}", help->blocker),
	});
	buf_finish(&names);
}

void decide_help(struct decision *decision, uint32_t index, struct slice blocker,
		 struct slice description, struct slice_list needs)
{
	const struct state *state = decision->state;
	const struct task *task = state_task(state, index);
	int64_t most = state->govern.policy.settings.max_swarms_per_task;
	struct help help = {
		.decision = decision, .task = index, .blocker = blocker,
		.description = description, .blocked = INDEX_NONE,
	};
	int64_t wanted = (int64_t)needs.count < most ? (int64_t)needs.count : most;
	struct slice *unmet;
	size_t unmet_count = 0;

	if (task->claim != INDEX_NONE)
		help.blocked = state_claim(state, task->claim)->swarm;
	if (wanted > 0) {
		help.part_nanousd = money_for(decision, index);
		if (help.part_nanousd > 0)
			help.part_nanousd /= wanted;
	}
	unmet = arena_zero(decision->arena, needs.count + 1, sizeof(*unmet));
	for (size_t i = 0; i < needs.count && (int64_t)help.count < most &&
	     help.count < HELPERS_MOST; i++) {
		uint32_t helper = find_helper(&help, needs.items[i]);

		if ((helper == INDEX_NONE || !emit_help(&help, helper, needs.items[i])) &&
		    !is_asked(&help, needs.items[i]))
			unmet[unmet_count++] = needs.items[i];
	}
	/* Without needs there is nothing to match: it is whoever watches the board who helps. */
	if (unmet_count)
		ask_a_person(&help, (struct slice_list){ unmet, unmet_count });
}

void decide_help_ends(struct decision *decision, uint32_t index)
{
	const struct state *state = decision->state;
	const struct blocker *blocker = state_blocker(state, index);
	uint32_t board = state_task(state, blocker->task)->board;

	for (int64_t i = 1; i <= HELP_IDS_MOST; i++) {
		uint32_t help = state_find_task(state, board, help_id(decision, blocker->id, i));

		if (help == INDEX_NONE)
			break;
		if (task_has_ended(state_task(state, help)) ||
		    !(state_task(state, help)->traits & TASK_HELPS))
			continue;
		decide_emit_cancelled(decision, help, SLICE("the blocker is out of the way"));
	}
	decide_settle(decision, TEXT(decision, "help:{}", blocker->id), decision->actor,
		      SLICE("the blocker is out of the way"));
}
