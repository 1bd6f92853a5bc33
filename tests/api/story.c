#include "api/story.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Says which event broke a rule. */
#define RULE(event, holds) \
	ck_assert_msg((holds), "%s, which event %s breaks", #holds, buf_str(&(event)->body))

static void claimed(struct story_task *task, struct http_answer *event)
{
	int64_t number = answer_number(event, "event", 0);

	RULE(event, task->live_fence == 0);
	RULE(event, task->done_fence == 0);
	RULE(event, number > task->last_fence);
	task->live_fence = task->last_fence = number;
	task->claims++;
	snprintf(task->holder, sizeof(task->holder), "%s", answer_text(event, "swarm"));
}

static bool is_one_of(const char *kind, const char *const kinds[])
{
	for (size_t i = 0; kinds[i]; i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

/* What only the holder of the live claim can do, or what ends that claim. */
static void under_claim(struct story_task *task, struct http_answer *event, const char *kind)
{
	static const char *const ends[] = { "task.completed", "task.released", "task.failed",
					    "task.cancelled", "lease.lost", NULL };

	RULE(event, task->live_fence != 0);
	RULE(event, answer_number(event, "fence", 0) == task->live_fence);
	RULE(event, strcmp(answer_text(event, "swarm"), task->holder) == 0);
	if (!is_one_of(kind, ends))
		return;
	if (strcmp(kind, "task.completed") == 0)
		task->done_fence = task->live_fence;
	else
		task->handed_on++;
	task->live_fence = 0;
}

static void tell(struct story *story, const char *board, struct http_answer *event)
{
	const char *kind = answer_text(event, "kind");
	const char *id = answer_text(event, "task");
	struct story_task *task;
	unsigned long number;

	story->events++;
	RULE(event, answer_number(event, "event", 0) == story->events);
	if (id[0] != 't' || strcmp(answer_text(event, "board"), board) != 0)
		return;
	number = strtoul(id + 1, NULL, 10);
	RULE(event, number < STORY_TASKS_MAX);
	task = &story->tasks[number];
	if (strcmp(kind, "task.claimed") == 0)
		claimed(task, event);
	else if (answer_at(event, "fence"))
		under_claim(task, event, kind);
}

void story_read(struct fabric *fabric, const char *board, struct story *story)
{
	struct http_answer answer = { 0 }, event = { 0 };
	struct buf line = { 0 };
	struct wire wire;

	*story = (struct story){ 0 };
	wire_open(&wire, fabric->socket);
	wire_ask(&wire, "GET", "/v1/witness/export", NULL, SLICE_EMPTY);
	ck_assert(wire_stream(&wire, &answer));
	while (wire_line(&wire, WIRE_PATIENCE_MS, &line)) {
		buf_add_slice(&event.body, buf_slice(&line));
		tell(story, board, &event);
		answer_finish(&event);
	}
	ck_assert_int_gt(story->events, 0);
	buf_finish(&line);
	answer_finish(&answer);
	wire_close(&wire);
}
