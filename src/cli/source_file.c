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
