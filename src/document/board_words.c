#include "document/board_words.h"

#include "base/ensure.h"
#include "base/text.h"

struct status_word {
	const char *word;
	enum doc_status status;
};

/* What begins with another word stands before it. */
static const struct status_word status_words[] = {
	{ "[ ]", DOC_OPEN },
	{ "[x]", DOC_DONE },
	{ ":blue_circle:", DOC_OPEN },
	{ ":large_blue_circle:", DOC_OPEN },
	{ ":white_circle:", DOC_OPEN },
	{ ":yellow_circle:", DOC_CLAIMED },
	{ ":construction:", DOC_CLAIMED },
	{ ":hourglass:", DOC_CLAIMED },
	{ ":green_circle:", DOC_DONE },
	{ ":white_check_mark:", DOC_DONE },
	{ ":heavy_check_mark:", DOC_DONE },
	{ ":red_circle:", DOC_BLOCKED },
	{ ":no_entry:", DOC_BLOCKED },
	{ ":x:", DOC_FAILED },
	{ "yes", DOC_DONE },
	{ "x", DOC_DONE },
	{ "no", DOC_OPEN },
	{ "available", DOC_OPEN },
	{ "open", DOC_OPEN },
	{ "todo", DOC_OPEN },
	{ "to do", DOC_OPEN },
	{ "to-do", DOC_OPEN },
	{ "ready", DOC_OPEN },
	{ "pending", DOC_OPEN },
	{ "not started", DOC_OPEN },
	{ "not yet started", DOC_OPEN },
	{ "not done", DOC_OPEN },
	{ "not claimed", DOC_OPEN },
	{ "new", DOC_OPEN },
	{ "backlog", DOC_OPEN },
	{ "planned", DOC_OPEN },
	{ "unclaimed", DOC_OPEN },
	{ "unassigned", DOC_OPEN },
	{ "free", DOC_OPEN },
	{ "queued", DOC_OPEN },
	{ "delayed", DOC_OPEN },
	{ "scheduled", DOC_OPEN },
	{ "next", DOC_OPEN },
	{ "claimed", DOC_CLAIMED },
	{ "in progress", DOC_CLAIMED },
	{ "in-progress", DOC_CLAIMED },
	{ "in_progress", DOC_CLAIMED },
	{ "inprogress", DOC_CLAIMED },
	{ "in review", DOC_CLAIMED },
	{ "in work", DOC_CLAIMED },
	{ "wip", DOC_CLAIMED },
	{ "started", DOC_CLAIMED },
	{ "doing", DOC_CLAIMED },
	{ "active", DOC_CLAIMED },
	{ "assigned", DOC_CLAIMED },
	{ "working", DOC_CLAIMED },
	{ "ongoing", DOC_CLAIMED },
	{ "running", DOC_CLAIMED },
	{ "review", DOC_CLAIMED },
	{ "underway", DOC_CLAIMED },
	{ "completed", DOC_DONE },
	{ "complete", DOC_DONE },
	{ "done", DOC_DONE },
	{ "finished", DOC_DONE },
	{ "closed", DOC_DONE },
	{ "merged", DOC_DONE },
	{ "shipped", DOC_DONE },
	{ "resolved", DOC_DONE },
	{ "delivered", DOC_DONE },
	{ "100%", DOC_DONE },
	{ "blocked", DOC_BLOCKED },
	{ "waiting", DOC_BLOCKED },
	{ "on hold", DOC_BLOCKED },
	{ "on-hold", DOC_BLOCKED },
	{ "held", DOC_BLOCKED },
	{ "hold", DOC_BLOCKED },
	{ "paused", DOC_BLOCKED },
	{ "stuck", DOC_BLOCKED },
	{ "failed", DOC_FAILED },
	{ "failing", DOC_FAILED },
	{ "failure", DOC_FAILED },
	{ "broken", DOC_FAILED },
	{ "quarantined", DOC_FAILED },
	{ "error", DOC_FAILED },
	{ "cancelled", DOC_CANCELLED },
	{ "canceled", DOC_CANCELLED },
	{ "dropped", DOC_CANCELLED },
	{ "won't do", DOC_CANCELLED },
	{ "wont do", DOC_CANCELLED },
	{ "won't fix", DOC_CANCELLED },
	{ "wontfix", DOC_CANCELLED },
	{ "skipped", DOC_CANCELLED },
	{ "abandoned", DOC_CANCELLED },
	{ "obsolete", DOC_CANCELLED },
	{ "rejected", DOC_CANCELLED },
	{ "removed", DOC_CANCELLED },
};

struct status_picture {
	uint32_t code_point;
	enum doc_status status;
};

static const struct status_picture status_pictures[] = {
	{ 0x1f535, DOC_OPEN },	    /* blue circle */
	{ 0x2b1c, DOC_OPEN },	    /* white square */
	{ 0x2610, DOC_OPEN },	    /* ballot box */
	{ 0x1f532, DOC_OPEN },	    /* square button */
	{ 0x26aa, DOC_OPEN },	    /* white circle */
	{ 0x1f195, DOC_OPEN },	    /* "new" */
	{ 0x1f7e1, DOC_CLAIMED },   /* yellow circle */
	{ 0x1f7e0, DOC_CLAIMED },   /* orange circle */
	{ 0x23f3, DOC_CLAIMED },    /* hourglass, running */
	{ 0x231b, DOC_CLAIMED },    /* hourglass */
	{ 0x1f504, DOC_CLAIMED },   /* arrows in a circle */
	{ 0x1f6a7, DOC_CLAIMED },   /* construction */
	{ 0x25b6, DOC_CLAIMED },    /* play */
	{ 0x1f7e2, DOC_DONE },	    /* green circle */
	{ 0x2705, DOC_DONE },	    /* check mark button */
	{ 0x2714, DOC_DONE },	    /* heavy check mark */
	{ 0x2713, DOC_DONE },	    /* check mark */
	{ 0x2611, DOC_DONE },	    /* ballot box with check */
	{ 0x1f3c1, DOC_DONE },	    /* chequered flag */
	{ 0x1f534, DOC_BLOCKED },   /* red circle */
	{ 0x26d4, DOC_BLOCKED },    /* no entry */
	{ 0x1f6d1, DOC_BLOCKED },   /* stop sign */
	{ 0x23f8, DOC_BLOCKED },    /* pause */
	{ 0x1f512, DOC_BLOCKED },   /* lock */
	{ 0x274c, DOC_FAILED },	    /* cross mark */
	{ 0x2717, DOC_FAILED },	    /* ballot x */
	{ 0x2718, DOC_FAILED },	    /* heavy ballot x */
	{ 0x1f4a5, DOC_FAILED },    /* collision */
	{ 0x26ab, DOC_CANCELLED },  /* black circle */
	{ 0x1f6ab, DOC_CANCELLED }, /* prohibited */
	{ 0x23ed, DOC_CANCELLED },  /* next track */
	{ 0x1f5d1, DOC_CANCELLED }, /* wastebasket */
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

static struct slice to_id(struct slice text, const char *kept, struct arena *arena)
{
	char id[ID_BYTES_MAX];
	size_t len = 0;

	for (size_t i = 0; i < text.len && len < sizeof(id); i++) {
		char c = lower(text.ptr[i]);

		if (!is_alnum(c) && (c == '\0' || !strchr(kept, c)))
			c = '-';
		if (c != '-' || (len && id[len - 1] != '-'))
			id[len++] = c;
	}
	while (len && strchr("-.:", id[len - 1]))
		len--;
	return len ? arena_copy(arena, slice_of(id, len)) : SLICE_EMPTY;
}

struct slice word_to_id(struct slice text, struct arena *arena)
{
	return to_id(text, "._:@", arena);
}

struct slice word_to_board_id(struct slice text, struct arena *arena)
{
	return to_id(text, "._", arena);
}

static bool is_one_of(struct slice text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is_nocase(text, slice_of_str(words[i])))
			return true;
	return false;
}

bool word_is_nothing(struct slice text)
{
	static const char *const words[] = {
		"", "none", "n/a", "na", "nil", "-", "--", "---", "\xe2\x80\x93", "\xe2\x80\x94",
		"\xe2\x88\x92",	/* minus */
	};

	return is_one_of(text, words, ARRAY_LEN(words));
}

bool word_is_nobody(struct slice text)
{
	static const char *const words[] = {
		"any", "anyone", "anybody", "all", "nobody", "unassigned", "open", "free", "tbd",
		"tba", "?", "??", "???",
	};

	return word_is_nothing(text) || is_one_of(text, words, ARRAY_LEN(words));
}

bool word_cut(struct slice *text, const char *word)
{
	size_t len = strlen(word);

	if (text->len < len || !slice_is_nocase(slice_head(*text, len), slice_of_str(word)))
		return false;
	if (text->len > len && is_alnum(word[len - 1]) && is_alnum(text->ptr[len]))
		return false;
	*text = slice_trim(slice_from(*text, len));
	return true;
}

bool word_is_picture(uint32_t c)
{
	return (c >= 0x1f000 && c <= 0x1faff) || (c >= 0x2600 && c <= 0x27bf) ||
	       (c >= 0x2300 && c <= 0x23ff) || (c >= 0x2b00 && c <= 0x2bff) ||
	       (c >= 0x25a0 && c <= 0x25ff) || (c >= 0xe0020 && c <= 0xe007f) || c == 0x2610 ||
	       c == 0xfe0f || c == 0xfe0e || c == 0x200d || c == 0x20e3;
}

static bool is_space(uint32_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0xa0 || c == 0x3000;
}

static bool picture_status(uint32_t code_point, enum doc_status *ret_status)
{
	for (size_t i = 0; i < ARRAY_LEN(status_pictures); i++) {
		if (status_pictures[i].code_point == code_point) {
			*ret_status = status_pictures[i].status;
			return true;
		}
	}
	return false;
}

/* The last character of a text that is not empty. */
static size_t last_character(struct slice text, uint32_t *ret_code_point)
{
	size_t len = 1;

	while (len < 4 && len < text.len && ((unsigned char)text.ptr[text.len - len] & 0xc0) == 0x80)
		len++;
	return text_decode(slice_from(text, text.len - len), ret_code_point);
}

struct stripping {
	struct slice text;
	enum doc_status status;
	bool has_status;
};

/* Whether this character goes; the first status that is met counts. */
static bool goes(struct stripping *s, uint32_t code_point)
{
	enum doc_status status;

	if (is_space(code_point))
		return true;
	if (!word_is_picture(code_point))
		return false;
	if (!s->has_status && picture_status(code_point, &status)) {
		s->status = status;
		s->has_status = true;
	}
	return true;
}

/* A character at either end, a break as a space; 0 when there is none. */
static size_t end_character(struct slice text, bool back, uint32_t *ret_code_point)
{
	if (text.ptr[back ? text.len - 1 : 0] == MARKDOWN_BREAK) {
		*ret_code_point = ' ';
		return 1;
	}
	return back ? last_character(text, ret_code_point) : text_decode(text, ret_code_point);
}

/* `room` is how much there is up to what is literal. */
static void strip_front(struct stripping *s, size_t room)
{
	while (s->text.len && room) {
		uint32_t code_point;
		size_t len = end_character(s->text, false, &code_point);

		if (len == 0 || len > room || !goes(s, code_point))
			return;
		s->text = slice_from(s->text, len);
		room -= len;
	}
}

static void strip_back(struct stripping *s, size_t room)
{
	while (s->text.len && room) {
		uint32_t code_point;
		size_t len = end_character(s->text, true, &code_point);

		if (len == 0 || len > room || !goes(s, code_point))
			return;
		s->text.len -= len;
		room -= len;
	}
}

/* A check box that was written into a cell, where Markdown knows none. */
static void strip_box(struct stripping *s)
{
	struct slice box = slice_head(s->text, 3);

	if (!slice_is_nocase(box, SLICE("[x]")) && !slice_is(box, SLICE("[ ]")))
		return;
	if (s->text.len > 3 && s->text.ptr[3] != ' ')
		return;
	s->status = slice_is(box, SLICE("[ ]")) ? DOC_OPEN : DOC_DONE;
	s->has_status = true;
	s->text = slice_from(s->text, 3);
}

struct slice word_plain(const struct markdown_text *text, enum doc_status *ret_status,
			bool *ret_has_status)
{
	bool literal = text->literal_to > 0;
	size_t len = text->text.len;
	struct stripping s = { .text = text->text };

	strip_front(&s, literal ? text->literal_from : len);
	if (!literal && ret_status) {
		strip_box(&s);
		strip_front(&s, len);
	}
	strip_back(&s, literal ? len - text->literal_to : len);
	if (ret_status) {
		*ret_has_status = s.has_status;
		if (s.has_status)
			*ret_status = s.status;
	}
	return s.text;
}

bool word_is_verbatim(const struct markdown_text *text)
{
	return text->literal_to > 0 && text->literal_from == 0;
}

/* The name behind "by", up to where a remark follows. */
static struct slice name_by(struct slice rest)
{
	static const char *const ends[] = { ",", ";", " since ", " on ", " at ", " until ", " - " };
	ptrdiff_t by = slice_starts(rest, SLICE("by ")) ? 0 : slice_find(rest, SLICE(" by "));

	if (by < 0)
		return SLICE_EMPTY;
	rest = slice_trim(slice_from(rest, (size_t)by + (by ? 4 : 3)));
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		ptrdiff_t end = slice_find(rest, slice_of_str(ends[i]));

		if (end > 0)
			rest = slice_trim(slice_head(rest, (size_t)end));
	}
	return rest;
}

bool word_to_status(struct slice text, enum doc_status *ret_status, struct slice *ret_by)
{
	for (size_t i = 0; i < ARRAY_LEN(status_words); i++) {
		struct slice rest = text;

		if (!word_cut(&rest, status_words[i].word))
			continue;
		*ret_status = status_words[i].status;
		*ret_by = name_by(rest);
		return true;
	}
	return false;
}

bool word_to_priority(struct slice text, int64_t *ret_priority)
{
	static const struct {
		const char *word;
		int64_t priority;
	} words[] = {
		{ "critical", 20 }, { "urgent", 20 },  { "highest", 20 }, { "blocker", 20 },
		{ "p0", 20 },	    { "high", 10 },    { "p1", 10 },	  { "medium", 0 },
		{ "normal", 0 },    { "default", 0 },  { "p2", 0 },	  { "low", -10 },
		{ "p3", -10 },	    { "lowest", -20 }, { "trivial", -20 }, { "p4", -20 },
	};

	if (slice_to_i64(text, ret_priority))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (slice_is_nocase(text, slice_of_str(words[i].word))) {
			*ret_priority = words[i].priority;
			return true;
		}
	}
	return false;
}
