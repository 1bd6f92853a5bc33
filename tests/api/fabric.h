/*
 * fabric - a daemon of a test's own, and the command line that talks to it.
 *
 * The programs are those that IFCTL and IF_COORDINATOR name. Everything lies
 * in one folder, which fabric_remove takes away; a daemon whose test died
 * dies with it.
 */
#ifndef TESTS_API_FABRIC_H
#define TESTS_API_FABRIC_H

#include <sys/types.h>

#include "api/wire.h"

#define FABRIC_PATH_SIZE 96		/* that of a socket has 107 bytes at most */

struct fabric {
	char folder[FABRIC_PATH_SIZE];
	char socket[FABRIC_PATH_SIZE];
	char ledger[FABRIC_PATH_SIZE];
	char log[FABRIC_PATH_SIZE];
	pid_t pid;			/* of the daemon; 0: none runs */
	int port;			/* of TCP on loopback; 0 until it is asked for */
	unsigned descriptors_max;	/* that the daemon may have; 0: as many as we */
	struct buf said;		/* "ready", or why it did not start */
};

/* Makes the folder; no daemon runs yet. */
void fabric_make(struct fabric *fabric);
/* Stops the daemon if one runs, checks how it ended, and removes the folder. */
void fabric_remove(struct fabric *fabric);

/*
 * Starts the daemon on the fabric's ledger, with more arguments up to NULL
 * (`more` may be NULL). False when it did not become ready: `said` has its
 * last words, and `ret_exit` (which may be NULL) its exit code.
 */
bool fabric_launch(struct fabric *fabric, const char *const more[], int *ret_exit);
/* The same, for those to whom it must start. */
void fabric_start(struct fabric *fabric);
/* kill -9. */
void fabric_kill(struct fabric *fabric);
/* TERM. Fails the test when it does not end well: with a leak, say. */
void fabric_stop(struct fabric *fabric);

/* Fails the test, with the daemon's last lines, unless it still runs. */
void fabric_check_alive(struct fabric *fabric);

/* ---- HTTP, a connection for each call ------------------------------------------------------- */

/* `body` may be NULL. The answer's texts live until the next answer or answer_finish. */
void ask(struct fabric *fabric, const char *method, const char *path, const char *body,
	 struct http_answer *answer);
/* As ask, with more header lines, each ended by CR LF. */
void ask_with(struct fabric *fabric, const char *headers, const char *method, const char *path,
	      const char *body, struct http_answer *answer);
/* POST that must be answered with 200. */
void must_post(struct fabric *fabric, const char *path, const char *body,
	       struct http_answer *answer);
/* GET that must be answered with 200. */
void must_get(struct fabric *fabric, const char *path, struct http_answer *answer);
/* Where TCP listens; asks the daemon when it is not known. */
int fabric_port(struct fabric *fabric);

/* ---- the command line ----------------------------------------------------------------------- */

struct run {
	int code;			/* exit code; -1 when a signal ended it */
	struct buf out, err;
};

/*
 * Runs ifctl with words that are parted by spaces; 'single quotes' keep a
 * word together. $IF_SOCKET is the fabric's.
 */
void run(struct fabric *fabric, const char *words, struct run *run);
/* Starts it only; run_end waits for it. Returns its pid. */
pid_t run_begin(struct fabric *fabric, const char *words, struct run *run);
void run_end(pid_t pid, struct run *run);
void run_finish(struct run *run);

/* ---- odds and ends -------------------------------------------------------------------------- */

/* Where a clock, of the monotone kind, stands; in milliseconds. */
int64_t now_ms(void);
void sleep_ms(int64_t ms);
/* `format` as by printf; lives until the sixteenth call after it. */
const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Replaces a file's content. */
void write_file(const char *path, struct slice content);

#endif
