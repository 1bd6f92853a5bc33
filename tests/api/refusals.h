/*
 * refusals - what refusals_test.c and refusals_own.c share.
 */
#ifndef TESTS_API_REFUSALS_H
#define TESTS_API_REFUSALS_H

#include "api/fabric.h"

/* The answer is that refusal, with all that the catalogue says of it. */
void check_problem(enum err err, struct http_answer *answer);
/* Asks and checks. */
void refused_by_http(struct fabric *fabric, enum err err, const char *method, const char *path,
		     const char *body);
/*
 * Runs the command with and without --json: exit code, what the person reads
 * on standard error, what the program reads on standard output. `says`
 * must be in what the person reads; it may be NULL.
 */
void refused_by_cli(struct fabric *fabric, enum err err, const char *words, const char *says);
/* The same for a command that was begun with and without --json. */
void check_run(enum err err, struct run *plain, struct run *json, const char *says);
/* A daemon that refuses every request so. `fabric` is made here, and removed by stub_end. */
void stub_begin(struct fabric *fabric, enum err err);
void stub_end(struct fabric *fabric);

/* The rows that take a daemon of their own. */
struct own_refusal {
	const char *name;
	void (*provoke)(enum err err);
	bool is_slow;			/* runs last */
};
extern const struct own_refusal own_refusals[];
extern const size_t own_refusal_count;

/* Begins what takes its time; the rows at the end only wait for the rest of it. */
void own_refusals_begin(void);

#endif
