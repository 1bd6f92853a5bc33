/*
 * log - one line of logfmt on stderr for each event.
 *
 *   level=warn part=bus msg="append conflict" seq=812 tries=2 at=2026-11-22T19:34:07.123456Z
 *
 * A reader of stderr that stands still never holds the daemon up: lines
 * that do not fit are dropped, and counted in the next one that does. The
 * same line again and again is held back the same way. Never log a token
 * or a payload. Safe from any thread.
 */
#ifndef SYS_LOG_H
#define SYS_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_COUNT };

struct log_field {
	const char *key;
	struct slice text;	/* used when is_number is false */
	int64_t number;
	bool is_number;
};

struct log_fields {
	const struct log_field *items;
	size_t count;
};

static inline struct log_field log_text(const char *key, struct slice text)
{
	return (struct log_field){ .key = key, .text = text };
}

static inline struct log_field log_str(const char *key, const char *str)
{
	return log_text(key, slice_of_str(str));
}

static inline struct log_field log_i64(const char *key, int64_t number)
{
	return (struct log_field){ .key = key, .number = number, .is_number = true };
}

static inline struct log_field log_err(enum err err)
{
	return log_str("code", err_info(err)->code);
}

/* LOG_FIELDS(log_i64("seq", 812), log_str("path", path)) */
#define LOG_FIELDS(...)                                                            \
	((struct log_fields){ (const struct log_field[]){ __VA_ARGS__ },           \
			      sizeof((const struct log_field[]){ __VA_ARGS__ }) /  \
				      sizeof(struct log_field) })
#define LOG_NO_FIELDS ((struct log_fields){ NULL, 0 })

/* `part` and `msg` are literals: which lines are the same is told by them. */
void log_event(enum log_level level, const char *part, const char *msg, struct log_fields fields);

/* Lines less urgent than this are not written. LOG_LEVEL_INFO at the start. */
void log_set_level(enum log_level level);
/* error, warn, info or debug. */
MUST_USE bool log_level_of(struct slice name, enum log_level *ret_level);
/* Standard error at the start; tests look at a file. */
void log_set_fd(int fd);

#endif
