#include "sandbox/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "base/alloc.h"

/*
 * A sane pattern needs a few steps for each byte of an argument; (a+)+b
 * needs 2^n of them, and is given up after some milliseconds.
 */
#define STEPS_MAX 1000000
#define DEPTH_MAX 10000
#define HEAP_KIB_MAX 4096

struct pattern {
	pcre2_code *code;
	pcre2_match_context *limits;
};

enum err pattern_compile(struct slice text, struct pattern **ret_pattern, struct buf *detail)
{
	struct pattern *pattern = alloc_zero(1, sizeof(*pattern));
	PCRE2_UCHAR reason[128];
	PCRE2_SIZE at = 0;
	int code = 0;

	pattern->code = pcre2_compile((PCRE2_SPTR)(text.ptr ? text.ptr : ""), text.len,
				      PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY |
					      PCRE2_NEVER_BACKSLASH_C,
				      &code, &at, NULL);
	pattern->limits = pcre2_match_context_create(NULL);
	if (pattern->code && pattern->limits) {
		pcre2_set_match_limit(pattern->limits, STEPS_MAX);
		pcre2_set_depth_limit(pattern->limits, DEPTH_MAX);
		pcre2_set_heap_limit(pattern->limits, HEAP_KIB_MAX);
		*ret_pattern = pattern;
		return OK;
	}
	pcre2_get_error_message(code, reason, sizeof(reason));
	buf_add_lit(detail, "the pattern ");
	buf_add_slice(detail, slice_head(text, 80));
	buf_add_lit(detail, " is wrong at byte ");
	buf_add_u64(detail, at);
	buf_add_lit(detail, ": ");
	buf_add_str(detail, (const char *)reason);
	pattern_destroy(pattern);
	return ERR_DOCUMENT_INVALID;
}

void pattern_destroy(struct pattern *pattern)
{
	if (!pattern)
		return;
	pcre2_code_free(pattern->code);
	pcre2_match_context_free(pattern->limits);
	free(pattern);
}

enum pattern_answer pattern_match(const struct pattern *pattern, struct slice text)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int found;

	if (!data)
		return PATTERN_TOO_HARD;
	found = pcre2_match(pattern->code, (PCRE2_SPTR)(text.ptr ? text.ptr : ""), text.len, 0, 0,
			    data, pattern->limits);
	pcre2_match_data_free(data);
	/* 0: it matched, and more was captured than is kept. */
	return found >= 0 ? PATTERN_YES : found == PCRE2_ERROR_NOMATCH ? PATTERN_NO :
									   PATTERN_TOO_HARD;
}
