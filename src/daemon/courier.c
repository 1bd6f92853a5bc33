#include "daemon/courier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ensure.h"
#include "base/text.h"
#include "client/transport.h"
#include "document/json.h"
#include "sys/files.h"
#include "sys/process.h"
#include "crypto/hash.h"

#define POST_LIMIT_US 15000000		/* a receiver only has to note it down */
#define RUN_LIMIT_US 60000000		/* a command may have to call somebody who is slow */
#define RUN_GRACE_US 5000000		/* between TERM and KILL */
#define ANSWER_BYTES_MAX 65536		/* what a receiver answers is not read, only awaited */
#define SECRET_BYTES_MAX 65536
#define ERROR_BYTES_MAX 300		/* each try that fails is an event that holds it */
#define SAID_BYTES 200			/* of what a command wrote last on standard error */
#define ENV_MAX 16

struct courier {
	struct loop *loop;
	struct courier_config config;
	const char *socket;		/* of this daemon; NULL: none */
	struct address address;		/* of the webhook */
	struct transport *transport;	/* NULL: no webhook */
	struct loop_fd *watched;	/* transport's */
};

struct parcel {
	struct courier *courier;
	struct loop_timer *timer;	/* for its time limit */
	struct buf body;
	bool has_ended;
	bool is_out_of_time;
	struct buf error;

	/* To a webhook. */
	struct exchange *exchange;	/* NULL: over */
	struct transport_answer answer;
	struct buf reason;
	size_t answer_len;

	/* Into a command. */
	struct process *process;
	struct buf said;
};

/* ---- parcels ------------------------------------------------------------------------------- */

/* Errors come from libraries, servers and programs, and go on record: text on one line. */
static void set_error(struct parcel *parcel, struct slice text)
{
	struct slice rest = slice_head(text, ERROR_BYTES_MAX);

	buf_clear(&parcel->error);
	while (rest.len) {
		uint32_t code_point = 0;
		size_t len = text_decode(rest, &code_point);

		if (len == 0 || code_point < 0x20 || code_point == 0x7f)
			buf_add_byte(&parcel->error, ' ');
		else
			buf_add(&parcel->error, rest.ptr, len);
		rest = slice_from(rest, len ? len : 1);
	}
}

static void end_parcel(struct parcel *parcel, struct slice error)
{
	loop_timer_cancel(parcel->timer);
	set_error(parcel, error);
	parcel->has_ended = true;
}

static void add_seconds(struct buf *text, int64_t us)
{
	buf_add_i64(text, us / 1000000);
	if (us % 1000000) {
		buf_add_byte(text, '.');
		buf_add_i64(text, us % 1000000 / 100000);
	}
	buf_add_lit(text, " s");
}

static int64_t limit_us(const struct courier *courier, int64_t usual_us)
{
	return courier->config.limit_ms ? courier->config.limit_ms * 1000 : usual_us;
}

/* A webhook is let go of; a command is told to end, and tells when it has. */
static void on_limit(void *context)
{
	struct parcel *parcel = context;
	struct buf text = { 0 };

	parcel->is_out_of_time = true;
	if (parcel->process) {
		process_stop(parcel->process, RUN_GRACE_US);
		return;
	}
	exchange_drop(parcel->exchange);
	parcel->exchange = NULL;
	buf_add_lit(&text, "no answer within ");
	add_seconds(&text, limit_us(parcel->courier, POST_LIMIT_US));
	end_parcel(parcel, buf_slice(&text));
	buf_finish(&text);
}

static struct parcel *parcel_create(struct courier *courier, const struct letter *letter)
{
	struct parcel *parcel = alloc_zero(1, sizeof(*parcel));

	parcel->courier = courier;
	parcel->timer = loop_timer_open(courier->loop, on_limit, parcel);
	buf_add_slice(&parcel->body, letter->body);
	return parcel;
}

bool parcel_has_ended(const struct parcel *parcel)
{
	return parcel->has_ended;
}

struct slice parcel_error(const struct parcel *parcel)
{
	return buf_slice(&parcel->error);
}

void parcel_drop(struct parcel *parcel)
{
	if (!parcel)
		return;
	exchange_drop(parcel->exchange);
	process_destroy(parcel->process);
	loop_timer_close(parcel->timer);
	buf_finish(&parcel->body);
	buf_finish(&parcel->error);
	buf_finish(&parcel->reason);
	buf_finish(&parcel->said);
	free(parcel);
}

/* ---- signing ------------------------------------------------------------------------------- */

static bool add_signature(struct slice secret, const struct slice *parts, size_t count,
			  struct buf *out)
{
	struct buf key = { 0 };
	struct hash mac;
	bool is_key = true;

	if (slice_starts(secret, SLICE("whsec_")))
		is_key = hash_from_base64(slice_from(secret, 6), &key);
	else
		buf_add_slice(&key, secret);
	if (is_key && key.len) {
		mac = hash_hmac(buf_slice(&key), parts, count);
		if (out->len)
			buf_add_byte(out, ' ');
		buf_add_lit(out, "v1,");
		hash_add_base64(out, slice_of(mac.bytes, HASH_BYTES));
	}
	is_key = is_key && key.len;
	if (key.len)
		explicit_bzero(key.ptr, key.len);
	buf_finish(&key);
	return is_key;
}

enum err courier_sign(struct slice secrets, struct slice id, struct slice timestamp,
		      struct slice body, struct buf *ret_signature, struct buf *ret_detail)
{
	const struct slice parts[] = { id, SLICE("."), timestamp, SLICE("."), body };

	while (secrets.len) {
		struct slice line = slice_trim(slice_cut(&secrets, '\n'));

		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (!add_signature(line, parts, ARRAY_LEN(parts), ret_signature)) {
			buf_add_lit(ret_detail, "what stands behind whsec_ is no base64");
			return ERR_USAGE;
		}
	}
	if (ret_signature->len)
		return OK;
	buf_add_lit(ret_detail, "there is no secret in it");
	return ERR_USAGE;
}

/* Read again for each letter, so that secrets are exchanged without a new start. */
static enum err sign(const struct courier *courier, struct slice id, struct slice timestamp,
		     struct slice body, struct buf *ret_signature, struct buf *ret_detail)
{
	const char *path = courier->config.secret_file;
	struct buf secrets = { 0 };
	enum err err = file_read(path, SECRET_BYTES_MAX, &secrets);

	if (err == OK) {
		buf_add_str(ret_detail, path);
		buf_add_lit(ret_detail, ": ");
		err = courier_sign(buf_slice(&secrets), id, timestamp, body, ret_signature,
				   ret_detail);
	} else {
		file_describe(ret_detail, "read", path);
	}
	if (secrets.len)
		explicit_bzero(secrets.ptr, secrets.len);
	buf_finish(&secrets);
	return err == OK ? OK : ERR_USAGE;
}

/* ---- to a webhook -------------------------------------------------------------------------- */

static bool on_answer(void *context, int http_status, struct slice bytes)
{
	struct parcel *parcel = context;

	(void)http_status;
	parcel->answer_len += bytes.len;
	return parcel->answer_len <= ANSWER_BYTES_MAX;
}

static void on_posted(void *context, enum transport_end end)
{
	struct parcel *parcel = context;
	int status = parcel->answer.http_status;
	/* An answer that went on too long was one all the same. */
	bool is_answer = end == TRANSPORT_DONE ||
			 (end == TRANSPORT_INTERRUPTED && status != 0);
	struct buf text = { 0 };

	parcel->exchange = NULL;
	if (is_answer && status >= 200 && status < 300) {
		end_parcel(parcel, SLICE_EMPTY);
		return;
	}
	if (is_answer) {
		buf_add_lit(&text, "the receiver answered with status ");
		buf_add_i64(&text, status);
	} else {
		buf_add_slice(&text, buf_slice(&parcel->reason));
	}
	if (text.len == 0)
		buf_add_lit(&text, "the connection broke");
	end_parcel(parcel, buf_slice(&text));
	buf_finish(&text);
}

static const char *header(struct buf *line, const char *name, struct slice value)
{
	buf_add_str(line, name);
	buf_add_lit(line, ": ");
	buf_add_slice(line, value);
	return buf_str(line);
}

static struct exchange *post(struct parcel *parcel, struct slice id, struct slice timestamp,
			     struct slice signature)
{
	struct buf lines[3] = { 0 };
	struct transport_request request = {
		.method = "POST", .path = "", .body = buf_slice(&parcel->body),
		.headers = {
			"content-type: application/json",
			"user-agent: infrafabric/" IF_VERSION,
			header(&lines[0], "webhook-id", id),
			header(&lines[1], "webhook-timestamp", timestamp),
			header(&lines[2], "webhook-signature", signature),
		},
		.header_count = 5, .takes_proxy = true,
		.on_body = on_answer, .context = parcel,
	};
	struct exchange *exchange;

	parcel->answer.reason = &parcel->reason;
	exchange = exchange_start(parcel->courier->transport, &request, &parcel->answer, on_posted,
				  parcel);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		buf_finish(&lines[i]);
	return exchange;
}

struct parcel *courier_post(struct courier *courier, const struct letter *letter)
{
	struct parcel *parcel = parcel_create(courier, letter);
	struct buf timestamp = { 0 }, signature = { 0 }, detail = { 0 };

	buf_add_i64(&timestamp, letter->sent_at_us / 1000000);
	if (sign(courier, letter->id, buf_slice(&timestamp), letter->body, &signature,
		 &detail) == OK) {
		parcel->exchange = post(parcel, letter->id, buf_slice(&timestamp),
					buf_slice(&signature));
		buf_clear(&detail);
		buf_add_lit(&detail, "there is no memory or descriptor for a connection");
	}
	if (parcel->exchange)
		loop_timer_set(parcel->timer, limit_us(courier, POST_LIMIT_US));
	else
		end_parcel(parcel, buf_slice(&detail));
	buf_finish(&timestamp);
	buf_finish(&signature);
	buf_finish(&detail);
	return parcel;
}

/* ---- into a command ------------------------------------------------------------------------ */

static void on_output(void *context, enum process_output which, struct slice bytes)
{
	struct parcel *parcel = context;

	if (which != PROCESS_STDERR)
		return;
	buf_add_slice(&parcel->said, bytes);
	if (parcel->said.len > SAID_BYTES)
		buf_drop(&parcel->said, parcel->said.len - SAID_BYTES);
}

static void on_run(void *context, const struct process_end *end)
{
	struct parcel *parcel = context;
	struct slice said = slice_trim(buf_slice(&parcel->said));
	struct buf text = { 0 };

	if (parcel->is_out_of_time) {
		buf_add_lit(&text, "the command had not ended within ");
		add_seconds(&text, limit_us(parcel->courier, RUN_LIMIT_US));
	} else if (end->signal) {
		buf_add_lit(&text, "the command was killed by signal ");
		buf_add_i64(&text, end->signal);
	} else if (end->exit_status != 0) {
		buf_add_lit(&text, "the command ended with exit code ");
		buf_add_i64(&text, end->exit_status);
	}
	if (text.len && said.len) {
		buf_add_lit(&text, ": ");
		buf_add_slice(&text, said);
	}
	end_parcel(parcel, buf_slice(&text));
	buf_finish(&text);
	process_destroy(parcel->process);
	parcel->process = NULL;
}

/* NAME=VALUE, each with a zero byte, and the list of them. */
struct env {
	struct buf text;
	const char *list[ENV_MAX + 1];
	size_t count;
};

static void env_add(struct env *env, const char *name, struct slice value)
{
	ENSURE(env->count < ENV_MAX);
	env->count++;
	buf_add_str(&env->text, name);
	buf_add_byte(&env->text, '=');
	buf_add_slice(&env->text, value);
	buf_add_byte(&env->text, '\0');
}

static void env_fill(struct env *env, const struct courier *courier, struct slice about)
{
	static const char *const inherited[] = { "PATH", "HOME", "USER", "LANG", "TMPDIR" };
	const char *at;

	for (size_t i = 0; i < ARRAY_LEN(inherited); i++) {
		const char *value = getenv(inherited[i]);

		if (value)
			env_add(env, inherited[i], slice_of_str(value));
	}
	if (courier->socket)
		env_add(env, "IF_SOCKET", slice_of_str(courier->socket));
	env_add(env, "IF_ESCALATION_ID", about);
	at = env->text.ptr;
	for (size_t i = 0; i < env->count; i++) {
		env->list[i] = at;
		at += strlen(at) + 1;
	}
}

struct parcel *courier_run(struct courier *courier, const struct letter *letter)
{
	static const struct process_ops ops = { .on_output = on_output, .on_end = on_run };
	struct parcel *parcel = parcel_create(courier, letter);
	struct env env = { 0 };
	struct process_spec spec = {
		.argv = courier->config.command, .env = env.list, .input = letter->body,
		/* It would be run again by the next daemon: better not by two at once. */
		.dies_with_parent = true, .no_core = true,
	};
	struct buf detail = { 0 };

	env_fill(&env, courier, letter->about);
	if (process_spawn(courier->loop, &spec, &ops, parcel, &parcel->process) == OK) {
		loop_timer_set(parcel->timer, limit_us(courier, RUN_LIMIT_US));
	} else {
		file_describe(&detail, "run", courier->config.command[0]);
		end_parcel(parcel, buf_slice(&detail));
	}
	buf_finish(&env.text);
	buf_finish(&detail);
	return parcel;
}

/* ---- opening ------------------------------------------------------------------------------- */

static void on_transport(void *context, unsigned ready)
{
	struct courier *courier = context;

	(void)ready;
	transport_turn(courier->transport);
}

static bool is_url(struct slice url)
{
	for (size_t i = 0; i < url.len; i++)
		if ((unsigned char)url.ptr[i] <= 0x20 || (unsigned char)url.ptr[i] >= 0x7f)
			return false;
	return (slice_starts(url, SLICE("http://")) && url.len > 7) ||
	       (slice_starts(url, SLICE("https://")) && url.len > 8);
}

static enum err open_webhook(struct courier *courier, struct buf *ret_detail)
{
	struct slice url = slice_of_str(courier->config.webhook_url);
	struct buf signature = { 0 };
	enum err err;

	if (!is_url(url)) {
		buf_add_lit(ret_detail, "a webhook is http://... or https://...");
		return ERR_USAGE;
	}
	if (!courier->config.secret_file) {
		buf_add_lit(ret_detail, "a webhook needs a file with the secret that signs for it");
		return ERR_USAGE;
	}
	err = sign(courier, SLICE("1"), SLICE("1"), SLICE("{}"), &signature, ret_detail);
	buf_finish(&signature);
	if (err != OK)
		return err;
	buf_clear(ret_detail);
	buf_add_slice(&courier->address.text, url);
	courier->transport = transport_open(&courier->address);
	if (!courier->transport || transport_fd(courier->transport) < 0) {
		buf_add_lit(ret_detail, "there is no memory or descriptor for webhooks");
		return ERR_OS;
	}
	courier->watched = loop_fd_open(courier->loop, transport_fd(courier->transport),
					on_transport, courier);
	loop_fd_watch(courier->watched, LOOP_READ);
	return OK;
}

static enum err check_command(const struct courier *courier, struct buf *ret_detail)
{
	const char *program = courier->config.command[0];
	struct env env = { 0 };
	enum err err = OK;

	env_fill(&env, courier, SLICE("none"));
	if (!process_can_run(program, env.list)) {
		file_describe(ret_detail, "run", program);
		err = ERR_USAGE;
	}
	buf_finish(&env.text);
	return err;
}

enum err courier_read_command(struct slice text, struct arena *arena,
			      struct courier_config *config, struct buf *ret_detail)
{
	static const struct json_limits limits = {
		.bytes_max = 65536, .depth_max = 1, .values_max = COURIER_COMMAND_WORDS_MAX + 1,
	};
	struct json_value *root = NULL;
	struct slice word;
	size_t count;

	if (!slice_starts(text, SLICE("["))) {
		config->command[0] = arena_copy(arena, text).ptr;
		return OK;
	}
	if (json_parse(text, &limits, &root, NULL) != OK)
		root = NULL;
	count = json_count(root);
	for (size_t i = 0; i < count; i++) {
		if (!json_get_text(json_at(root, i), &word) || count > COURIER_COMMAND_WORDS_MAX)
			count = 0;
		else
			config->command[i] = arena_copy(arena, word).ptr;
	}
	json_free(root);
	if (count)
		return OK;
	buf_add_lit(ret_detail, "a command is a program, or a JSON list of its name and arguments: ");
	buf_add_slice(ret_detail, text);
	return ERR_USAGE;
}

enum err courier_open(struct loop *loop, const struct courier_config *config, const char *socket,
		      struct courier **ret_courier, struct buf *ret_detail)
{
	struct courier *courier = alloc_zero(1, sizeof(*courier));
	enum err err = OK;

	courier->loop = loop;
	courier->config = *config;
	courier->socket = socket;
	if (config->webhook_url)
		err = open_webhook(courier, ret_detail);
	if (err == OK && config->command[0])
		err = check_command(courier, ret_detail);
	if (err == OK)
		*ret_courier = courier;
	else
		courier_close(courier);
	return err;
}

void courier_close(struct courier *courier)
{
	if (!courier)
		return;
	if (courier->watched)
		loop_fd_close(courier->watched);
	transport_close(courier->transport);
	address_finish(&courier->address);
	free(courier);
}
