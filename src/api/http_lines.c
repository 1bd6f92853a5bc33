#include "api/http_lines.h"

enum { AT_START, IN_LINE, AFTER_CR, AFTER_FIRST_CR };

static inline bool byte_is_plain(unsigned char byte)
{
	return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

/* Position of the first byte from `at` on that is not plain. */
static size_t skip_plain(struct slice bytes, size_t at)
{
	while (at < bytes.len && byte_is_plain((unsigned char)bytes.ptr[at]))
		at++;
	return at;
}

enum http_lines http_lines_scan(uint8_t *state, struct slice bytes, size_t *ret_used)
{
	size_t at = 0;

	while (at < bytes.len) {
		char byte = bytes.ptr[at];

		if (*state == AFTER_CR || *state == AFTER_FIRST_CR) {
			bool is_empty = *state == AFTER_FIRST_CR;

			if (byte != '\n')
				return HTTP_LINES_BAD;
			*state = AT_START;
			at++;
			if (is_empty) {
				*ret_used = at;
				return HTTP_LINES_EMPTY;
			}
		} else if (byte == '\r') {
			*state = *state == AT_START ? AFTER_FIRST_CR : AFTER_CR;
			at++;
		} else if (*state == AT_START && (byte == ' ' || byte == '\t')) {
			return HTTP_LINES_BAD;
		} else {
			size_t end = skip_plain(bytes, at);

			if (end == at)
				return HTTP_LINES_BAD;
			*state = IN_LINE;
			at = end;
		}
	}
	*ret_used = at;
	return HTTP_LINES_MORE;
}
