#include "document/source.h"

#include <stdio.h>

#include "base/text.h"

/* Cuts one line off. A last line without an end is one too; an empty rest is none. */
static struct slice cut_line(struct slice *rest)
{
	struct slice line = *rest;
	size_t end = 0;

	while (end < rest->len && rest->ptr[end] != '\n' && rest->ptr[end] != '\r')
		end++;
	line.len = end;
	if (end + 1 < rest->len && rest->ptr[end] == '\r' && rest->ptr[end + 1] == '\n')
		end++;
	*rest = end < rest->len ? slice_from(*rest, end + 1) : SLICE_EMPTY;
	return line;
}

void source_cut(struct slice text, struct arena *arena, struct source *ret_source)
{
	struct slice rest = text;
	struct slice *lines;
	size_t count = 0;

	while (rest.len) {
		cut_line(&rest);
		count++;
	}
	lines = arena_zero(arena, count, sizeof(*lines));
	rest = text;
	for (size_t i = 0; i < count; i++)
		lines[i] = cut_line(&rest);
	*ret_source = (struct source){ .text = text, .lines = lines, .line_count = count };
}

static int line_of(struct slice text, size_t at)
{
	struct slice rest = text;
	int line = 0;

	do {
		cut_line(&rest);
		line++;
	} while (rest.len && (size_t)(rest.ptr - text.ptr) <= at);
	return line;
}

static size_t first_fault(struct slice text)
{
	size_t at = 0;

	while (at < text.len) {
		uint32_t code_point;
		size_t len = text_decode(slice_from(text, at), &code_point);

		if (len == 0 || code_point == 0)
			break;
		at += len;
	}
	return at;
}

/* UTF-16 without a mark shows itself by a zero in every other byte of its first ASCII. */
static bool looks_like_utf16(struct slice text)
{
	return text.len >= 2 && (slice_starts(text, SLICE("\xff\xfe")) ||
				 slice_starts(text, SLICE("\xfe\xff")) ||
				 (text.ptr[0] == '\0') != (text.ptr[1] == '\0'));
}

enum err source_check(struct slice text, struct slice *ret_text, struct source_fault *ret_fault)
{
	size_t at;

	if (looks_like_utf16(text)) {
		ret_fault->line = 1;
		snprintf(ret_fault->text, sizeof(ret_fault->text),
			 "the text is UTF-16; save it as UTF-8");
		return ERR_DOCUMENT_INVALID;
	}
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_from(text, 3);
	if (text_is_valid(text)) {
		*ret_text = text;
		return OK;
	}
	at = first_fault(text);
	ret_fault->line = line_of(text, at);
	if (text.ptr[at] == '\0')
		snprintf(ret_fault->text, sizeof(ret_fault->text),
			 "a NUL byte: this is no text file");
	else
		snprintf(ret_fault->text, sizeof(ret_fault->text),
			 "byte 0x%02x is not UTF-8 (is it Latin-1 or Windows-1252?); save it as UTF-8",
			 (unsigned char)text.ptr[at]);
	return ERR_DOCUMENT_INVALID;
}
