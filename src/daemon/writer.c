#include "daemon/writer.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/ensure.h"

struct writer {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct loop_wake *wake;

	/* Under the mutex */
	writer_job_fn *job;	/* to be done, or being done */
	bool finished;		/* the job was done and the loop has not heard it yet */
	bool quit;

	/* The loop's */
	writer_done_fn *done;	/* NULL: not busy */
	void *context;
};

static void *writer_main(void *argument)
{
	struct writer *writer = argument;

	pthread_mutex_lock(&writer->mutex);
	for (;;) {
		writer_job_fn *job;

		while (!writer->quit && (!writer->job || writer->finished))
			pthread_cond_wait(&writer->changed, &writer->mutex);
		if (writer->quit)
			break;
		job = writer->job;
		pthread_mutex_unlock(&writer->mutex);
		job(writer->context);
		pthread_mutex_lock(&writer->mutex);
		writer->finished = true;
		pthread_cond_broadcast(&writer->changed);
		loop_wake_send(writer->wake);
	}
	pthread_mutex_unlock(&writer->mutex);
	return NULL;
}

static void hear(void *argument)
{
	struct writer *writer = argument;
	writer_done_fn *done = NULL;

	pthread_mutex_lock(&writer->mutex);
	if (writer->finished) {
		done = writer->done;
		writer->done = NULL;
		writer->job = NULL;
		writer->finished = false;
	}
	pthread_mutex_unlock(&writer->mutex);
	if (done)
		done(writer->context);
}

enum err writer_open(struct loop *loop, struct writer **ret_writer)
{
	struct writer *writer = alloc_zero(1, sizeof(*writer));
	enum err err = loop_wake_open(loop, hear, writer, &writer->wake);

	if (err != OK) {
		free(writer);
		return err;
	}
	pthread_mutex_init(&writer->mutex, NULL);
	pthread_cond_init(&writer->changed, NULL);
	if (pthread_create(&writer->thread, NULL, writer_main, writer) != 0) {
		loop_wake_close(writer->wake);
		free(writer);
		return ERR_OS;
	}
	*ret_writer = writer;
	return OK;
}

void writer_close(struct writer *writer)
{
	if (!writer)
		return;
	pthread_mutex_lock(&writer->mutex);
	while (writer->job && !writer->finished)
		pthread_cond_wait(&writer->changed, &writer->mutex);
	writer->quit = true;
	pthread_cond_broadcast(&writer->changed);
	pthread_mutex_unlock(&writer->mutex);
	pthread_join(writer->thread, NULL);
	loop_wake_close(writer->wake);
	pthread_mutex_destroy(&writer->mutex);
	pthread_cond_destroy(&writer->changed);
	free(writer);
}

bool writer_is_busy(const struct writer *writer)
{
	return writer->done != NULL;
}

void writer_start(struct writer *writer, writer_job_fn *job, writer_done_fn *done, void *context)
{
	ENSURE(!writer_is_busy(writer));
	pthread_mutex_lock(&writer->mutex);
	writer->job = job;
	writer->done = done;
	writer->context = context;
	pthread_cond_broadcast(&writer->changed);
	pthread_mutex_unlock(&writer->mutex);
}

void writer_wait(struct writer *writer)
{
	pthread_mutex_lock(&writer->mutex);
	while (writer->job && !writer->finished)
		pthread_cond_wait(&writer->changed, &writer->mutex);
	pthread_mutex_unlock(&writer->mutex);
	hear(writer);
}
