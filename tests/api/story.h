/*
 * story - what the ledger says of every task of a board, read from its
 * events, with the rules that must hold at each of them: one live claim at
 * most, rising fencing tokens, and nothing done under a token that is over.
 */
#ifndef TESTS_API_STORY_H
#define TESTS_API_STORY_H

#include "api/fabric.h"

#define STORY_TASKS_MAX 4096

struct story_task {
	int64_t live_fence;		/* 0: nobody holds it */
	int64_t last_fence;
	int64_t done_fence;		/* under which it was completed; 0: it was not */
	unsigned claims;
	unsigned handed_on;		/* claims that ended without completing it */
	char holder[32];
};

struct story {
	struct story_task tasks[STORY_TASKS_MAX];	/* by number: task t17 is the 17th */
	int64_t events;
};

/* Reads all events from the first; fails the test where one breaks a rule. */
void story_read(struct fabric *fabric, const char *board, struct story *story);

#endif
