#include "cli/spawn_say.h"

#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/columns.h"
#include "sys/files.h"

void spawn_say(const struct cli *cli, struct slice swarm, const struct spawn_claim *claim,
	       struct slice text)
{
	struct buf line = { 0 };

	if (cli->as_json)
		return;
	buf_add_str(&line, cli->program);
	buf_add_lit(&line, ": ");
	buf_add_slice(&line, swarm);
	buf_add_lit(&line, ": ");
	if (claim) {
		buf_add_str(&line, claim->task);
		buf_add_byte(&line, ' ');
	}
	text_add_visible(&line, text, true);
	buf_add_byte(&line, '\n');
	file_write_now(STDERR_FILENO, buf_slice(&line));
	buf_finish(&line);
}

void spawn_say_event(struct cli *cli, struct slice swarm, const struct spawn_claim *claim,
		     const struct worker *worker, const char *what, struct slice detail)
{
	struct json_writer json = json_begin(&cli->out);

	if (!cli->as_json)
		return;
	json_object(&json);
	json_put_str(&json, "what", what);
	json_put_text(&json, "swarm", swarm);
	json_put_str(&json, "board", claim->board);
	json_put_str(&json, "task", claim->task);
	json_put_i64(&json, "fence", claim->fence);
	json_put_i64(&json, "attempt", claim->attempt);
	if (detail.len)
		json_put_text(&json, "detail", detail);
	if (worker && strcmp(what, "started") == 0 && worker_handover_us(worker) > 0) {
		json_put_i64(&json, "handover_us", worker_handover_us(worker));
		json_put_bool(&json, "was_waiting", worker_was_waiting(worker));
	}
	json_object_end(&json);
	buf_add_byte(&cli->out, '\n');
	cli_flush(cli);
}
