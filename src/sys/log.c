#include "sys/log.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/clock.h"

/* A pipe that poll calls writable takes this much without blocking. */
#define LINE_BYTES_MAX PIPE_BUF
#define VALUE_BYTES_MAX 512	/* eight long values still fit a line */

/* The same line: so many in a window, then only their number. */
#define REPEATS_MAX 10
#define REPEAT_WINDOW_US 10000000
#define REPEAT_SLOTS 64		/* more than there are kinds of lines in one window of trouble */

struct repeat {
	const char *part;
	const char *msg;
	int64_t since_us;
	int64_t count;
};

static struct {
	pthread_mutex_t lock;
	enum log_level level;
	int fd;
	int64_t dropped;	/* lines that nobody read in time */
	struct repeat repeats[REPEAT_SLOTS];
} logger = { .lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_LEVEL_INFO, .fd = STDERR_FILENO };

static const char *const level_names[LOG_LEVEL_COUNT] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

/* A line being made; what does not fit is cut. No memory is asked for: there may be none. */
struct line {
	char bytes[LINE_BYTES_MAX];
	size_t len;
};

static void put(struct line *line, struct slice text)
{
	size_t room = sizeof(line->bytes) - 1 - line->len;
	size_t len = text.len < room ? text.len : room;

	if (len)
		memcpy(line->bytes + line->len, text.ptr, len);
	line->len += len;
}

static void put_number(struct line *line, int64_t number)
{
	struct buf digits = { 0 };
	char room[32];

	/* Enough for any int64, so the buffer never grows. */
	digits.ptr = room;
	digits.capacity = sizeof(room);
	buf_add_i64(&digits, number);
	put(line, buf_slice(&digits));
}

static bool byte_is_bare(char byte)
{
	return byte > ' ' && byte != '"' && byte != '=' && byte != '\\' && byte != 0x7f;
}

static bool text_is_bare(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!byte_is_bare(text.ptr[i]))
			return false;
	}
	return text.len > 0;
}

/* Quoted when it has to be; a line stays one line whatever is in the value. */
static void put_value(struct line *line, struct slice text)
{
	static const char digits[] = "0123456789abcdef";
	struct slice shown = slice_head(text, VALUE_BYTES_MAX);

	if (text_is_bare(shown)) {
		put(line, shown);
		return;
	}
	put(line, SLICE("\""));
	for (size_t i = 0; i < shown.len; i++) {
		unsigned char byte = (unsigned char)shown.ptr[i];
		char escape[4] = { '\\', 'x', digits[byte >> 4], digits[byte & 15] };

		if (byte == '"' || byte == '\\')
			put(line, SLICE("\\"));
		if (byte < ' ' || byte == 0x7f)
			put(line, slice_of(escape, sizeof(escape)));
		else
			put(line, slice_of(shown.ptr + i, 1));
	}
	put(line, SLICE("\""));
}

static void put_key(struct line *line, const char *key)
{
	if (line->len)
		put(line, SLICE(" "));
	put(line, slice_of_str(key));
	put(line, SLICE("="));
}

static void put_time(struct line *line, int64_t at_us)
{
	struct buf time = { 0 };
	char room[128];

	time.ptr = room;
	time.capacity = sizeof(room);
	buf_add_time(&time, at_us);
	put(line, buf_slice(&time));
}

/*
 * The slot of this kind of line. A slot taken by another kind is taken
 * over: at worst a line is shown once too often.
 */
static struct repeat *repeat_slot(const char *part, const char *msg)
{
	uintptr_t mixed = ((uintptr_t)part * 31 + (uintptr_t)msg) * 0x9e3779b1u;
	struct repeat *slot = &logger.repeats[(mixed >> 16) % REPEAT_SLOTS];

	if (slot->part != part || slot->msg != msg)
		*slot = (struct repeat){ .part = part, .msg = msg };
	return slot;
}

/* False when the line is to be held back. `ret_held_back` lines like it were, before. */
static bool may_show(const char *part, const char *msg, int64_t now_us, int64_t *ret_held_back)
{
	struct repeat *slot = repeat_slot(part, msg);

	*ret_held_back = 0;
	if (slot->count == 0 || now_us - slot->since_us >= REPEAT_WINDOW_US) {
		*ret_held_back = slot->count > REPEATS_MAX ? slot->count - REPEATS_MAX : 0;
		slot->since_us = now_us;
		slot->count = 0;
	}
	slot->count++;
	return slot->count <= REPEATS_MAX;
}

static void make_line(struct line *line, enum log_level level, const char *part, const char *msg,
		      struct log_fields fields, int64_t held_back)
{
	line->len = 0;
	put_key(line, "level");
	put(line, slice_of_str(level_names[level]));
	put_key(line, "part");
	put_value(line, slice_of_str(part));
	put_key(line, "msg");
	put_value(line, slice_of_str(msg));
	for (size_t i = 0; i < fields.count; i++) {
		put_key(line, fields.items[i].key);
		if (fields.items[i].is_number)
			put_number(line, fields.items[i].number);
		else
			put_value(line, fields.items[i].text);
	}
	if (held_back) {
		put_key(line, "held_back");
		put_number(line, held_back);
	}
	if (logger.dropped) {
		put_key(line, "dropped");
		put_number(line, logger.dropped);
	}
	put_key(line, "at");
	put_time(line, clock_wall_us());
	line->bytes[line->len++] = '\n';
}

static bool write_line(const struct line *line)
{
	struct pollfd ready = { .fd = logger.fd, .events = POLLOUT };

	if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT))
		return false;
	return write(logger.fd, line->bytes, line->len) == (ssize_t)line->len;
}

void log_event(enum log_level level, const char *part, const char *msg, struct log_fields fields)
{
	struct line line;
	int64_t held_back;

	ENSURE(level < LOG_LEVEL_COUNT);
	pthread_mutex_lock(&logger.lock);
	if (level <= logger.level && may_show(part, msg, clock_mono_us(), &held_back)) {
		make_line(&line, level, part, msg, fields, held_back);
		if (write_line(&line))
			logger.dropped = 0;
		else
			logger.dropped++;
	}
	pthread_mutex_unlock(&logger.lock);
}

void log_set_level(enum log_level level)
{
	ENSURE(level < LOG_LEVEL_COUNT);
	pthread_mutex_lock(&logger.lock);
	logger.level = level;
	pthread_mutex_unlock(&logger.lock);
}

bool log_level_of(struct slice name, enum log_level *ret_level)
{
	for (unsigned level = 0; level < LOG_LEVEL_COUNT; level++) {
		if (slice_is_str(name, level_names[level])) {
			*ret_level = (enum log_level)level;
			return true;
		}
	}
	return false;
}

void log_set_fd(int fd)
{
	pthread_mutex_lock(&logger.lock);
	logger.fd = fd;
	pthread_mutex_unlock(&logger.lock);
}
