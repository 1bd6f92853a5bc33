#include "cli/guest_tell.h"

#include "base/json.h"
#include "cli/columns.h"
#include "fabric/limit.h"
#include "sandbox/limit.h"

#define LIMIT_REASON "task_limit"	/* beside those of the sandbox: the time was not the contract's */

enum chassis_verdict guest_verdict(const struct guest_end *end)
{
	return end->limit_ms && end->outcome->was_killed ? CHASSIS_VERDICT_OUT_OF_TIME :
							   end->outcome->verdict;
}

static bool was_cut_short(const struct guest_end *end)
{
	return guest_verdict(end) != end->outcome->verdict ||
	       (end->limit_ms && end->outcome->was_killed);
}

enum err guest_failure(const struct guest_end *end)
{
	const struct outcome *outcome = end->outcome;

	if (outcome->err != OK)
		return outcome->err;
	return end->has_lost_proxy && outcome->http_requests && !outcome->was_killed &&
	       outcome->verdict != CHASSIS_VERDICT_RESULT ? ERR_PROXY_UNREACHABLE : OK;
}

bool guest_has_succeeded(const struct guest_end *end)
{
	return end->outcome->err == OK && guest_verdict(end) == CHASSIS_VERDICT_RESULT;
}

int guest_exit_code(const struct guest_end *end)
{
	static const int codes[CHASSIS_VERDICT_COUNT] = {
		[CHASSIS_VERDICT_RESULT] = IFAB_OK,
		[CHASSIS_VERDICT_TRAP] = IFAB_FAILED,
		[CHASSIS_VERDICT_OUT_OF_FUEL] = IFAB_FAILED,
		[CHASSIS_VERDICT_OUT_OF_TIME] = IFAB_TIMEOUT,
		[CHASSIS_VERDICT_OUT_OF_MEMORY] = IFAB_FAILED,
		[CHASSIS_VERDICT_DENIED] = IFAB_DENIED,
		[CHASSIS_VERDICT_BAD_RESULT] = IFAB_FAILED,
		[CHASSIS_VERDICT_REFUSED] = IFAB_DENIED,
	};

	return guest_failure(end) != OK ? err_info(guest_failure(end))->exit_code :
					  codes[guest_verdict(end)];
}

/* ---- words ----------------------------------------------------------------------------------- */

static struct slice reason_of(const struct guest_end *end)
{
	return was_cut_short(end) ? SLICE(LIMIT_REASON) : buf_slice(&end->outcome->reason);
}

static void add_detail(const struct guest_end *end, struct buf *out)
{
	if (was_cut_short(end)) {
		buf_add_lit(out, "its task's time limit of ");
		duration_write(out, end->limit_ms);
		buf_add_lit(out, " was over");
	} else {
		text_add_visible(out, buf_slice(&end->outcome->detail), false);
	}
}

/* Without the verdict: "unreachable: it trapped". */
static void add_reason_alone(const struct guest_end *end, struct buf *out)
{
	struct slice reason = reason_of(end);

	if (guest_failure(end) == ERR_PROXY_UNREACHABLE) {
		buf_add_lit(out, "the one that it asked has ended");
		return;
	}
	text_add_visible(out, reason, false);
	buf_add_str(out, reason.len ? ": " : "");
	if (was_cut_short(end) || end->outcome->detail.len)
		add_detail(end, out);
	else
		buf_add_str(out, chassis_verdict_meaning(guest_verdict(end)));
}

void guest_add_reason(const struct guest_end *end, struct buf *out)
{
	bool has_word = end->outcome->err == OK && reason_of(end).len;

	if (guest_failure(end) != OK)
		buf_add_str(out, err_info(guest_failure(end))->message);
	else
		buf_add_str(out, chassis_verdict_name(guest_verdict(end)));
	buf_add_str(out, has_word ? ", " : ": ");
	add_reason_alone(end, out);
}

static void add_kib(struct buf *out, int64_t bytes)
{
	bool is_large = bytes >= 10 * MIB;

	buf_add_i64(out, bytes / (is_large ? MIB : KIB));
	buf_add_str(out, is_large ? " MiB" : " KiB");
}

void guest_add_resources(const struct guest_end *end, struct buf *out)
{
	const struct outcome *outcome = end->outcome;

	duration_write_us(out, outcome->wall_us);
	buf_add_lit(out, ", ");
	duration_write_us(out, outcome->cpu_us);
	buf_add_lit(out, " of a processor, ");
	buf_add_i64(out, outcome->fuel_used);
	buf_add_lit(out, " steps, ");
	add_kib(out, outcome->memory_bytes);
	buf_add_lit(out, " of memory");
	if (outcome->http_requests) {
		buf_add_lit(out, ", ");
		buf_add_i64(out, outcome->http_requests);
		buf_add_str(out, outcome->http_requests == 1 ? " request" : " requests");
	}
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static bool is_json(struct slice text)
{
	const struct json_limits limits = {
		.bytes_max = text.len + 1, .depth_max = JSON_READ_DEPTH_MAX - 8,
		.values_max = text.len + 1,
	};
	struct json_value *root = NULL;

	if (json_parse(text, &limits, &root, NULL) != OK)
		return false;
	json_free(root);
	return true;
}

void guest_add_result(const struct guest_end *end, struct buf *out)
{
	struct slice result = slice_trim(buf_slice(&end->outcome->result));
	struct json_writer json = json_begin(out);
	struct buf text = { 0 };

	if (!guest_has_succeeded(end))
		return;
	if (is_json(result)) {
		buf_add_slice(out, result);
		return;
	}
	text_add_valid(&text, buf_slice(&end->outcome->result));
	json_text(&json, buf_slice(&text));
	buf_finish(&text);
}

static void put_resources(const struct outcome *outcome, struct json_writer *json)
{
	json_key(json, "resources");
	json_object(json);
	json_put_i64(json, "wall_us", outcome->wall_us);
	json_put_i64(json, "cpu_us", outcome->cpu_us);
	json_put_i64(json, "fuel", outcome->fuel_used);
	json_put_i64(json, "memory_bytes", outcome->memory_bytes);
	json_put_i64(json, "resident_bytes", outcome->resident_bytes);
	json_put_i64(json, "host_calls", outcome->host_calls);
	json_put_i64(json, "log_bytes", outcome->log_bytes);
	json_put_i64(json, "http_requests", outcome->http_requests);
	json_put_i64(json, "denials", outcome->denials);
	json_object_end(json);
}

void guest_put_end(const struct guest_end *end, struct json_writer *json)
{
	struct buf text = { 0 };

	if (end->module->id[0])
		json_put_str(json, "module", end->module->id);
	json_put_str(json, "sha256", end->module->sha256);
	json_put_str(json, "verdict", chassis_verdict_name(guest_verdict(end)));
	text_add_valid(&text, reason_of(end));
	json_put_text(json, "reason", buf_slice(&text));
	buf_clear(&text);
	add_detail(end, &text);
	json_put_text(json, "detail", buf_slice(&text));
	put_resources(end->outcome, json);
	json_put_text(json, "log_tail", end->log);
	buf_finish(&text);
}

void guest_add_evidence(const struct guest_end *end, struct buf *out)
{
	struct json_writer json = json_begin(out);

	json_object(&json);
	guest_put_end(end, &json);
	json_object_end(&json);
}

/* What the ledger takes of a sentence; not cut in the middle of a character. */
static struct slice cut(struct slice text)
{
	size_t len = text.len < LIMIT_TITLE_BYTES ? text.len : LIMIT_TITLE_BYTES;

	while (len < text.len && len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
		len--;
	return slice_head(text, len);
}

void guest_add_report(const struct guest_end *end, struct buf *out)
{
	const struct outcome *outcome = end->outcome;
	struct buf object = { 0 }, detail = { 0 };
	struct json_writer json = json_begin(&object);

	json_object(&json);
	json_put_str(&json, "verdict", chassis_verdict_name(guest_verdict(end)));
	if (!guest_has_succeeded(end)) {
		add_reason_alone(end, &detail);
		json_put_text(&json, "detail", cut(buf_slice(&detail)));
	}
	json_put_i64(&json, "wall_us", outcome->wall_us);
	json_put_i64(&json, "cpu_us", outcome->cpu_us);
	json_put_i64(&json, "fuel", outcome->fuel_used);
	json_put_i64(&json, "memory_bytes", outcome->memory_bytes);
	json_put_i64(&json, "output_bytes", (int64_t)outcome->result.len);
	json_put_i64(&json, "http_requests", outcome->http_requests);
	json_object_end(&json);
	/* Without the braces around them. */
	buf_add(out, object.ptr + 1, object.len - 2);
	buf_finish(&object);
	buf_finish(&detail);
}
