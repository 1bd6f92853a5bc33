#include "document/mojibake.h"

#include "base/ensure.h"
#include "base/text.h"

/* What Windows-1252 has at 0x80 to 0x9f; 0 where it has nothing. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0,
	0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
	0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
};

/* The byte that reads as this character, or -1. Latin-1 has the controls where 1252 has nothing. */
static int byte_of(uint32_t code_point)
{
	if (code_point >= 0x80 && code_point <= 0xff)
		return (int)code_point;
	for (int i = 0; i < 32; i++)
		if (windows_1252[i] == code_point)
			return 0x80 + i;
	return -1;
}

enum verdict {
	RIGHT,		/* not encoded twice */
	WEAK,		/* would decode, but right text may look like that */
	STRONG,
};

struct run {
	size_t len;		/* of the text */
	enum verdict verdict;
};

static bool byte_is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Quotes, dashes, ellipsis and the fixed space: what may well follow a letter in right text. */
static bool byte_is_punctuation(unsigned char byte)
{
	return (byte >= 0x91 && byte <= 0x97) || byte == 0x82 || byte == 0x84 || byte == 0x85 ||
	       byte == 0x8b || byte == 0x9b || byte == 0xa0 || byte == 0xab || byte == 0xbb;
}

static bool is_all_punctuation(struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (!byte_is_punctuation((unsigned char)bytes.ptr[i]))
			return false;
	return true;
}

/*
 * A run of one character of two bytes. The German MENU with its umlaut, the
 * Swedish PA with its ring and the Portuguese IRMA with its tilde, in quotes,
 * end in such a pair: so a pair with punctuation counts only in the middle of
 * a word. C2 and C3 give back the accented letters of Western Europe, C4 and
 * C5 those of its middle; other pairs prove nothing when they stand alone.
 */
static enum verdict judge_pair(unsigned char lead, unsigned char second, bool word_goes_on)
{
	bool punctuation = byte_is_punctuation(second) && second != 0xa0;

	if (lead == 0xc2 || lead == 0xc3)
		return !punctuation || word_goes_on ? STRONG : WEAK;
	if (lead == 0xc4 || lead == 0xc5)
		return !punctuation && word_goes_on ? STRONG : WEAK;
	return WEAK;
}

static enum verdict judge(struct slice bytes, bool word_goes_on)
{
	size_t at = 0, characters = 0;

	while (at < bytes.len) {
		uint32_t code_point;
		size_t len = text_decode(slice_from(bytes, at), &code_point);

		if (len == 0 && characters && slice_is(slice_from(bytes, at), SLICE("\xef\xb8")))
			return STRONG;	/* an emoji's selector whose last byte, 0x8f, got lost */
		if (len < 2 || code_point < 0xa0)
			return RIGHT;
		characters++;
		at += len;
	}
	if (characters == 0)
		return RIGHT;
	/* In French an accented letter, a fixed space and a closing quote are one Chinese character. */
	if (bytes.len > 2)
		return characters == 1 && is_all_punctuation(slice_from(bytes, 1)) ? WEAK : STRONG;
	return judge_pair((unsigned char)bytes.ptr[0], (unsigned char)bytes.ptr[1], word_goes_on);
}

/* The run that starts at text.ptr, its bytes in `bytes`. */
static struct run read_run(struct slice text, struct buf *bytes)
{
	struct run run = { 0 };
	bool mapped = true;

	buf_clear(bytes);
	while (run.len < text.len && (unsigned char)text.ptr[run.len] >= 0x80) {
		uint32_t code_point;
		size_t len = text_decode(slice_from(text, run.len), &code_point);
		int byte;

		ENSURE(len > 0);
		byte = byte_of(code_point);
		if (byte < 0)
			mapped = false;
		else
			buf_add_byte(bytes, (char)byte);
		run.len += len;
	}
	run.verdict = !mapped ? RIGHT :
		      judge(buf_slice(bytes), run.len < text.len && byte_is_alnum(text.ptr[run.len]));
	return run;
}

static size_t ascii_len(struct slice text)
{
	size_t len = 0;

	while (len < text.len && (unsigned char)text.ptr[len] < 0x80)
		len++;
	return len;
}

/* The weakest verdict that is repaired: WEAK only where everything else was encoded twice too. */
static enum verdict threshold_of(struct slice text, struct buf *bytes)
{
	bool strong = false, right = false;

	while (text.len) {
		struct run run;

		text = slice_from(text, ascii_len(text));
		if (text.len == 0)
			break;
		run = read_run(text, bytes);
		strong = strong || run.verdict == STRONG;
		right = right || run.verdict == RIGHT;
		text = slice_from(text, run.len);
	}
	return strong && !right ? WEAK : STRONG;
}

static void add_meant(struct slice bytes, struct buf *out)
{
	bool cut = slice_ends(bytes, SLICE("\xef\xb8"));

	buf_add_slice(out, bytes);
	if (cut)
		buf_add_byte(out, (char)0x8f);
}

struct mojibake mojibake_repair(struct slice text, struct buf *out)
{
	struct mojibake found = { 0 };
	struct buf bytes = { 0 };
	enum verdict threshold = threshold_of(text, &bytes);
	size_t start = out->len, at = 0;

	while (at < text.len) {
		size_t plain = ascii_len(slice_from(text, at));
		struct run run;

		buf_add(out, text.ptr + at, plain);
		at += plain;
		if (at == text.len)
			break;
		run = read_run(slice_from(text, at), &bytes);
		if (run.verdict < threshold || run.verdict == RIGHT) {
			buf_add(out, text.ptr + at, run.len);
		} else {
			if (found.count++ == 0) {
				found.first_at = at;
				found.first = slice_of(text.ptr + at, run.len);
			}
			add_meant(buf_slice(&bytes), out);
		}
		at += run.len;
	}
	if (found.count == 0)
		out->len = start;
	buf_finish(&bytes);
	return found;
}

bool mojibake_suspected(struct slice text)
{
	struct buf bytes = { 0 };
	bool suspected = false;

	while (text.len && !suspected) {
		struct run run;

		text = slice_from(text, ascii_len(text));
		if (text.len == 0)
			break;
		run = read_run(text, &bytes);
		suspected = run.verdict != RIGHT;
		text = slice_from(text, run.len);
	}
	buf_finish(&bytes);
	return suspected;
}
