/*
 * A guest without a C library: counts lines and words of its input, 4 KiB at a time.
 *
 *	input   any text
 *	result  {"lines":3,"words":12,"bytes":71}
 */
#include "infrafabric.h"

#include <stdbool.h>

static size_t put_text(char *out, size_t at, const char *text)
{
	while (*text)
		out[at++] = *text++;
	return at;
}

static size_t put_number(char *out, size_t at, size_t number)
{
	char digits[20];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	while (count)
		out[at++] = digits[--count];
	return at;
}

IF_EXPORT("run") void run(void)
{
	static char piece[4096];
	size_t lines = 0, words = 0, bytes = 0, at = 0, got;
	bool in_word = false;
	char out[128];

	while ((got = if_input_read(piece, sizeof(piece), bytes)) > 0) {
		for (size_t i = 0; i < got; i++) {
			bool is_blank = piece[i] == ' ' || piece[i] == '\t' || piece[i] == '\n';

			lines += piece[i] == '\n';
			words += !is_blank && !in_word;
			in_word = !is_blank;
		}
		bytes += got;
	}
	if_log(IF_LOG_INFO, "counted", 7);
	at = put_text(out, at, "{\"lines\":");
	at = put_number(out, at, lines);
	at = put_text(out, at, ",\"words\":");
	at = put_number(out, at, words);
	at = put_text(out, at, ",\"bytes\":");
	at = put_number(out, at, bytes);
	at = put_text(out, at, "}");
	if_result(out, at);
}
