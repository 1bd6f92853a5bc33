/*
 * worker - the calls of a worker's loop.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/rfc3339.h"
#include "client/client.h"
#include "client/scan.h"

#define WAIT_FOR_EVER_MS INT64_MAX

static struct slice board_or_only(const char *board)
{
	return board && board[0] ? slice_of_str(board) : SLICE("-");
}

static struct json_writer body_begin(struct ifab_client *client)
{
	struct json_writer json;

	buf_clear(&client->body);
	json = json_begin(&client->body);
	json_object(&json);
	return json;
}

static void put_text(struct json_writer *json, const char *key, const char *text)
{
	if (text && text[0])
		json_put_str(json, key, text);
}

static void put_number(struct json_writer *json, const char *key, int64_t value)
{
	if (value > 0)
		json_put_i64(json, key, value);
}

static void put_texts(struct json_writer *json, const char *key, const char *const *texts,
		      size_t count)
{
	if (count == 0)
		return;
	json_key(json, key);
	json_array(json);
	for (size_t i = 0; i < count; i++)
		json_str(json, texts[i]);
	json_array_end(json);
}

static void put_json(struct json_writer *json, const char *key, const char *value)
{
	if (value && value[0])
		json_put_raw(json, key, slice_of_str(value));
}

static enum ifab_status post(struct ifab_client *client, struct json_writer *json, int64_t wait_ms)
{
	struct ifab_request request = { .method = "POST", .wait_ms = wait_ms };

	json_object_end(json);
	request.path = buf_str(&client->path);
	request.body = client->body.ptr;
	request.body_len = client->body.len;
	return ifab_call(client, &request, &client->reply);
}

static void path_of_task(struct ifab_client *client, const char *board, const char *task,
			 const char *verb)
{
	buf_clear(&client->path);
	buf_add_lit(&client->path, "/v1/boards/");
	path_add_encoded(&client->path, board_or_only(board));
	buf_add_lit(&client->path, "/tasks/");
	path_add_encoded(&client->path, slice_of_str(task));
	buf_add_byte(&client->path, '/');
	buf_add_str(&client->path, verb);
}

static void path_of_swarm(struct ifab_client *client, const char *swarm, const char *verb)
{
	buf_clear(&client->path);
	buf_add_lit(&client->path, "/v1/swarms/");
	path_add_encoded(&client->path, slice_of_str(swarm));
	buf_add_byte(&client->path, '/');
	buf_add_str(&client->path, verb);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

void ifab_task_free(struct ifab_task *task)
{
	free(task->title);
	free(task->json);
	memset(task, 0, sizeof(*task));
}

static void copy_id(char ret_id[IFAB_ID_SIZE], struct slice object, const char *member)
{
	struct buf text = { 0 };

	if (scan_text(scan_member(object, member), &text))
		copy_text(ret_id, IFAB_ID_SIZE, buf_slice(&text));
	buf_finish(&text);
}

static int64_t time_member(struct slice object, const char *member)
{
	struct buf text = { 0 };
	int64_t at_us = 0;

	if (scan_text(scan_member(object, member), &text) && !rfc3339_read(buf_slice(&text), &at_us))
		at_us = 0;
	buf_finish(&text);
	return at_us;
}

/* `claim` is the object that describes a claim; a task that holds another is freed first. */
static void fill_task(struct ifab_task *task, struct slice claim)
{
	struct buf title = { 0 };

	ifab_task_free(task);
	copy_id(task->board, claim, "board");
	copy_id(task->task, claim, "task");
	copy_id(task->swarm, claim, "swarm");
	if (!task->swarm[0])
		copy_id(task->swarm, claim, "held_by");
	if (!scan_i64(scan_member(claim, "fence"), &task->fence))
		task->fence = 0;
	if (!scan_i64(scan_member(claim, "attempt"), &task->attempt))
		task->attempt = 0;
	task->lease_until_us = time_member(claim, "lease_until");
	task->claim_until_us = time_member(claim, "claim_until");
	scan_text(scan_member(claim, "title"), &title);
	task->title = alloc_copy(title.ptr, title.len);
	task->json = alloc_copy(claim.ptr, claim.len);
	task->json_len = claim.len;
	buf_finish(&title);
}

/* A claim without its fencing token would be a claim that nobody can complete. */
static enum ifab_status take_claim(struct ifab_client *client, enum ifab_status status,
				   struct ifab_task *task)
{
	struct slice body = slice_of(client->reply.body, client->reply.body_len);
	int64_t fence;

	if (status != IFAB_OK)
		return status;
	if (!scan_is_object(body) || !scan_i64(scan_member(body, "fence"), &fence))
		return client_refuse(client, ERR_OS, SLICE("the answer to a claim is not a claim"));
	fill_task(task, body);
	return IFAB_OK;
}

enum ifab_status ifab_claim(struct ifab_client *client, const char *board, const char *task_id,
			    const char *swarm, int64_t lease_ms, struct ifab_task *task)
{
	struct json_writer json = body_begin(client);

	path_of_task(client, board, task_id, "claim");
	put_text(&json, "swarm", swarm);
	put_number(&json, "lease_ms", lease_ms);
	return take_claim(client, post(client, &json, 0), task);
}

/* ---- next ------------------------------------------------------------------------------------ */

/* How long is left of a wait that began at `start_ms`, in pieces the daemon takes. */
static int64_t wait_piece_ms(int64_t wait_ms, int64_t start_ms)
{
	int64_t left = wait_ms == IFAB_FOR_EVER ? WAIT_FOR_EVER_MS :
		       wait_ms - (client_now_ms() - start_ms);

	if (left < 0)
		left = 0;
	return left < CLIENT_WAIT_MOST_MS ? left : CLIENT_WAIT_MOST_MS;
}

static enum ifab_status ask_next(struct ifab_client *client, const char *swarm,
				 const struct ifab_next_options *options, int64_t wait_ms)
{
	struct json_writer json = body_begin(client);

	buf_clear(&client->path);
	buf_add_lit(&client->path, "/v1/next");
	put_text(&json, "swarm", swarm);
	put_text(&json, "board", options->board);
	if (options->critical_only)
		json_put_bool(&json, "critical_only", true);
	put_number(&json, "lease_ms", options->lease_ms);
	put_number(&json, "wait_ms", wait_ms);
	return post(client, &json, wait_ms);
}

enum ifab_status ifab_next(struct ifab_client *client, const char *swarm,
			   const struct ifab_next_options *options, struct ifab_task *task)
{
	static const struct ifab_next_options none;
	int64_t start_ms = client_now_ms();
	enum ifab_status status;
	int64_t piece_ms;

	if (!options)
		options = &none;
	do {
		piece_ms = wait_piece_ms(options->wait_ms, start_ms);
		status = ask_next(client, swarm, options, piece_ms);
	} while (status == IFAB_NOTHING_READY && piece_ms == CLIENT_WAIT_MOST_MS);
	return take_claim(client, status, task);
}

/* ---- a claim that lives ---------------------------------------------------------------------- */

static struct json_writer claim_begin(struct ifab_client *client, const struct ifab_task *task,
				      const char *verb)
{
	struct json_writer json = body_begin(client);

	path_of_task(client, task->board, task->task, verb);
	json_put_i64(&json, "fence", task->fence);
	return json;
}

static enum ifab_status extend(struct ifab_client *client, struct json_writer *json,
			       struct ifab_task *task)
{
	enum ifab_status status = post(client, json, 0);
	struct slice body = slice_of(client->reply.body, client->reply.body_len);
	int64_t until_us = status == IFAB_OK ? time_member(body, "lease_until") : 0;

	if (until_us)
		task->lease_until_us = until_us;
	return status;
}

enum ifab_status ifab_heartbeat(struct ifab_client *client, struct ifab_task *task)
{
	struct json_writer json = claim_begin(client, task, "heartbeat");

	return extend(client, &json, task);
}

enum ifab_status ifab_progress(struct ifab_client *client, struct ifab_task *task, int percent,
			       const char *note)
{
	struct json_writer json = claim_begin(client, task, "progress");

	if (percent >= 0)
		json_put_i64(&json, "percent", percent);
	put_text(&json, "note", note);
	return extend(client, &json, task);
}

enum ifab_status ifab_complete(struct ifab_client *client, const struct ifab_task *task,
			       const char *result_json, const char *evidence_json)
{
	struct json_writer json = claim_begin(client, task, "complete");

	put_json(&json, "result", result_json);
	put_json(&json, "evidence", evidence_json);
	return post(client, &json, 0);
}

/* The next claim of an answer to finish-and-next: the member `next`, null when there is none. */
static bool next_of_answer(const struct ifab_client *client, struct slice *ret_claim)
{
	struct slice body = slice_of(client->reply.body, client->reply.body_len);

	*ret_claim = scan_member(body, "next");
	return scan_is_object(*ret_claim);
}

enum ifab_status ifab_finish_and_next(struct ifab_client *client, const struct ifab_task *task,
				      const char *result_json, const char *evidence_json,
				      const struct ifab_next_options *options,
				      struct ifab_task *next)
{
	static const struct ifab_next_options none;
	struct json_writer json = claim_begin(client, task, "finish-and-next");
	int64_t start_ms = client_now_ms();
	char swarm[IFAB_ID_SIZE];
	enum ifab_status status;
	struct slice claim;
	int64_t piece_ms;

	if (!options)
		options = &none;
	piece_ms = wait_piece_ms(options->wait_ms, start_ms);
	copy_text(swarm, sizeof(swarm), slice_of_str(task->swarm));
	put_json(&json, "result", result_json);
	put_json(&json, "evidence", evidence_json);
	if (options->critical_only)
		json_put_bool(&json, "critical_only", true);
	put_number(&json, "lease_ms", options->lease_ms);
	put_number(&json, "wait_ms", piece_ms);
	status = post(client, &json, piece_ms);
	if (status != IFAB_OK)
		return status;
	if (next_of_answer(client, &claim)) {
		fill_task(next, claim);
		return IFAB_OK;
	}
	ifab_task_free(next);
	if (piece_ms == CLIENT_WAIT_MOST_MS && swarm[0]) {
		struct ifab_next_options rest = *options;

		if (rest.wait_ms != IFAB_FOR_EVER)
			rest.wait_ms -= client_now_ms() - start_ms;
		/* The task is complete, whatever comes of this: the next call will tell. */
		if (rest.wait_ms > 0 || rest.wait_ms == IFAB_FOR_EVER)
			(void)ifab_next(client, swarm, &rest, next);
	}
	return IFAB_OK;
}

enum ifab_status ifab_fail(struct ifab_client *client, const struct ifab_task *task,
			   const char *reason, const char *evidence_json, bool is_final)
{
	struct json_writer json = claim_begin(client, task, "fail");

	put_text(&json, "reason", reason);
	put_json(&json, "evidence", evidence_json);
	if (is_final)
		json_put_bool(&json, "final", true);
	return post(client, &json, 0);
}

enum ifab_status ifab_release(struct ifab_client *client, const struct ifab_task *task,
			      const char *reason, int64_t delay_ms)
{
	struct json_writer json = claim_begin(client, task, "release");

	put_text(&json, "reason", reason);
	put_number(&json, "delay_ms", delay_ms);
	return post(client, &json, 0);
}

/* ---- swarms ---------------------------------------------------------------------------------- */

enum ifab_status ifab_register(struct ifab_client *client, const struct ifab_swarm *swarm)
{
	struct json_writer json = body_begin(client);

	buf_clear(&client->path);
	buf_add_lit(&client->path, "/v1/swarms");
	put_text(&json, "swarm", swarm->id);
	put_texts(&json, "capabilities", swarm->capabilities, swarm->capability_count);
	put_texts(&json, "boards", swarm->boards, swarm->board_count);
	put_number(&json, "slots", swarm->slots);
	put_number(&json, "presence_ms", swarm->presence_ms);
	put_text(&json, "model", swarm->model);
	put_text(&json, "title", swarm->title);
	return post(client, &json, 0);
}

enum ifab_status ifab_swarm_heartbeat(struct ifab_client *client, const char *swarm)
{
	struct json_writer json = body_begin(client);

	path_of_swarm(client, swarm, "heartbeat");
	return post(client, &json, 0);
}

enum ifab_status ifab_leave(struct ifab_client *client, const char *swarm, const char *reason)
{
	struct json_writer json = body_begin(client);

	path_of_swarm(client, swarm, "leave");
	put_text(&json, "reason", reason);
	return post(client, &json, 0);
}
