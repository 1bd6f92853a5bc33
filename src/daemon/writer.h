/*
 * writer - the one thread that waits for the disk.
 *
 * It does one job at a time for the loop and tells the loop when it is
 * done. While a job runs, what the job uses belongs to this thread.
 */
#ifndef DAEMON_WRITER_H
#define DAEMON_WRITER_H

#include <stdbool.h>

#include "base/error.h"
#include "sys/loop.h"

struct writer;

typedef void writer_job_fn(void *context);	/* in the thread */
typedef void writer_done_fn(void *context);	/* in the loop */

MUST_USE enum err writer_open(struct loop *loop, struct writer **ret_writer);
/* Waits for a running job; its `done` is not called. */
void writer_close(struct writer *writer);

bool writer_is_busy(const struct writer *writer);
/* Must not be busy. */
void writer_start(struct writer *writer, writer_job_fn *job, writer_done_fn *done, void *context);
/* Waits for the running job, if there is one, and calls its `done`. */
void writer_wait(struct writer *writer);

#endif
