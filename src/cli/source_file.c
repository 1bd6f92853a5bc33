#include "cli/source_file.h"

#include <string.h>

#include "cli/cli.h"
#include "sys/files.h"

#define SOURCE_BYTES_MAX (8UL * 1024 * 1024)	/* as much as readers of documents take */

static bool is_stdin(const char *file)
{
	return strcmp(file, "-") == 0;
}

const char *source_file_shown(const char *file)
{
	return is_stdin(file) ? "standard input" : file;
}

enum err source_file_read(const char *file, struct buf *ret_text, struct buf *detail)
{
	enum err err = is_stdin(file) ? file_read_fd(0, SOURCE_BYTES_MAX, ret_text) :
					file_read(file, SOURCE_BYTES_MAX, ret_text);

	if (err == ERR_LIMIT_EXCEEDED) {
		buf_add_str(detail, file);
		buf_add_lit(detail, " is longer than 8 MiB");
	} else if (err != OK) {
		file_describe(detail, "read", source_file_shown(file));
		err = ERR_USAGE;
	}
	return err;
}

void source_file_say(const char *file, int64_t line, struct slice text)
{
	struct buf out = { 0 };

	buf_add_str(&out, file);
	if (line) {
		buf_add_byte(&out, ':');
		buf_add_i64(&out, line);
	}
	buf_add_lit(&out, ": ");
	buf_add_slice(&out, text);
	cli_say_plain(buf_slice(&out));
	buf_finish(&out);
}

void source_file_say_all(const char *file, const struct doc_message *messages, size_t count)
{
	for (size_t i = 0; i < count; i++)
		source_file_say(file, messages[i].line, messages[i].text);
}

void source_file_put_all(struct json_writer *json, const char *key,
			 const struct doc_message *messages, size_t count)
{
	json_key(json, key);
	json_array(json);
	for (size_t i = 0; i < count; i++) {
		json_object(json);
		json_put_i64(json, "line", messages[i].line);
		json_put_text(json, "text", messages[i].text);
		json_object_end(json);
	}
	json_array_end(json);
}

int source_file_tell_difference(struct cli *cli, struct slice lines, size_t count)
{
	struct json_writer json = json_begin(&cli->out);

	if (!cli->as_json) {
		buf_add_slice(&cli->out, lines);
		if (count == 0)
			buf_add_lit(&cli->out, "Nothing differs.\n");
		return count > 0;
	}
	json_object(&json);
	json_put_bool(&json, "differs", count > 0);
	json_key(&json, "lines");
	json_array(&json);
	while (lines.len)
		json_text(&json, slice_cut(&lines, '\n'));
	json_array_end(&json);
	json_object_end(&json);
	buf_add_byte(&cli->out, '\n');
	return count > 0;
}
