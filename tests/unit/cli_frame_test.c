/*
 * What `board watch` shows: one look at a board on screens of several sizes.
 */
#include "cli/board_frame.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "cli/columns.h"

#define BOARD                                                                                       \
	"{\"board\":\"demo\",\"title\":\"A plan\",\"task_count\":8,\"counts\":{\"blocked\":2,"        \
	"\"ready\":1,\"claimed\":1,\"held\":1,\"done\":2,\"failed\":1},\"tasks\":["                   \
	"{\"task\":\"T-1\",\"state\":\"done\"},{\"task\":\"T-2\",\"state\":\"done\"},"                \
	"{\"task\":\"T-3\",\"state\":\"claimed\",\"held_by\":\"alice\",\"percent\":60,"               \
	"\"claimed_at\":\"2001-09-09T01:45:00Z\",\"lease_until\":\"2001-09-09T01:47:20Z\","           \
	"\"title\":\"the \\u001b[2J parser\"},"                                                       \
	"{\"task\":\"T-4\",\"state\":\"ready\",\"prefers\":\"bob\"},"                                 \
	"{\"task\":\"T-5\",\"state\":\"blocked\",\"waits_for\":[\"T-3\"],\"deps\":[\"T-3\"]},"        \
	"{\"task\":\"T-6\",\"state\":\"blocked\",\"waits_for\":[\"T-3\",\"T-5\"],"                    \
	"\"deps\":[\"T-3\",\"T-5\"]},"                                                                \
	"{\"task\":\"T-7\",\"state\":\"held\",\"blockers_open\":1},"                                  \
	"{\"task\":\"T-8\",\"state\":\"failed\",\"reason\":\"no access\"}]}"
#define NOW_US 1000000000000000		/* 2001-09-09T01:46:40Z */

static struct json_value *board;
static struct arena arena;
static struct board_doc doc;
static struct buf out;
static struct frame frame;

static void set_up(void)
{
	const struct json_limits limits = { 1 << 20, JSON_READ_DEPTH_MAX, 1 << 20 };

	setenv("TZ", "UTC", 1);
	ck_assert_int_eq(json_parse(SLICE(BOARD), &limits, &board, NULL), OK);
	ck_assert_int_eq(board_doc_read(SLICE(BOARD), BOARD_JSON, &arena, &doc), OK);
	frame = (struct frame){ board, &doc, 80, 24, NOW_US, false, true };
}

static void tear_down(void)
{
	json_free(board);
	arena_finish(&arena);
	buf_finish(&out);
}

static const char *draw(void)
{
	buf_clear(&out);
	frame_write(&frame, &out);
	return buf_str(&out);
}

START_TEST(a_board_is_seen_at_a_glance)
{
	const char *seen = draw();

	ck_assert_ptr_nonnull(strstr(seen, "demo: A plan"));
	ck_assert_ptr_nonnull(strstr(seen, "01:46:40\n"));
	ck_assert_ptr_nonnull(strstr(seen, "2 of 8 done (25 %)\n"));
	ck_assert_ptr_nonnull(strstr(seen, "1 claimed, 1 ready, 3 waiting, 1 failed or cancelled\n"));
	ck_assert_ptr_nonnull(strstr(seen, "T-3  alice for 1 min 40 s, lease 40 s, 60 %  the "));
	ck_assert_ptr_nonnull(strstr(seen, "T-6  waits for T-3, T-5\n"));
	ck_assert_ptr_nonnull(strstr(seen, "T-7  1 blocker is open\n"));
	ck_assert_ptr_nonnull(strstr(seen, "T-8  failed: no access\n"));
	ck_assert_ptr_nonnull(strstr(seen, "T-4  best for bob\n"));
	ck_assert_ptr_nonnull(strstr(seen, "Critical path: 3 tasks left\n  T-3 > T-5 > T-6\n"));
}
END_TEST

START_TEST(a_title_cannot_steer_the_screen)
{
	ck_assert_ptr_null(strchr(draw(), '\033'));
	ck_assert_ptr_nonnull(strstr(draw(), "the \\x1b[2J parser"));
}
END_TEST

START_TEST(a_frame_fits_every_screen)
{
	for (size_t width = 1; width < 120; width += 7)
		for (size_t height = 1; height < 40; height++) {
			struct slice rest;
			size_t rows = 0;

			frame.width = width;
			frame.height = height;
			draw();
			rest = buf_slice(&out);
			while (rest.len) {
				ck_assert_uint_le(text_width(slice_cut(&rest, '\n')), width);
				rows++;
			}
			ck_assert_uint_le(rows, height);
		}
}
END_TEST

START_TEST(what_does_not_fit_is_counted)
{
	frame.height = 14;
	ck_assert_ptr_nonnull(strstr(draw(), "Critical path"));
	frame.height = 12;
	ck_assert_ptr_nonnull(strstr(draw(), "Working"));
}
END_TEST

START_TEST(colours_are_for_those_who_want_them)
{
	frame.has_color = true;
	ck_assert_ptr_nonnull(strstr(draw(), "\033[32m"));
}
END_TEST

START_TEST(a_silent_daemon_is_named)
{
	frame.is_connected = false;
	ck_assert_ptr_nonnull(strstr(draw(), "(the daemon does not answer)"));
}
END_TEST

START_TEST(a_board_with_claims_is_not_over)
{
	struct progress progress = progress_of(board);

	ck_assert_int_eq(progress.total, 8);
	ck_assert_int_eq(progress.waiting, 3);
	ck_assert(!progress_is_over(&progress, board));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_frame");
	TCase *tcase = tcase_create("frames");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_board_is_seen_at_a_glance);
	tcase_add_test(tcase, a_title_cannot_steer_the_screen);
	tcase_add_test(tcase, a_frame_fits_every_screen);
	tcase_add_test(tcase, what_does_not_fit_is_counted);
	tcase_add_test(tcase, colours_are_for_those_who_want_them);
	tcase_add_test(tcase, a_silent_daemon_is_named);
	tcase_add_test(tcase, a_board_with_claims_is_not_over);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
