/*
 * 256 workers ask at the same moment for work that one budget pays for. Some
 * of them die, some are too slow, the daemon is killed; and at no event of
 * the ledger is more promised and spent than the limit.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/fabric.h"
#include "document/json.h"

#define CLAIMERS 256
#define ROUNDS 16
#define KILLED_IN 4		/* the daemon, in this round */
#define TASKS 3000
#define LEASE_MS 1000
#define LIMIT_CENTS 400		/* at first; a claim is for about 7, so 57 get one */
#define RAISE_CENTS 100		/* each round */
#define FENCES_MAX 100000
#define PATIENCE_MS 120000	/* leases of an earlier reign have 30 s of grace */

static struct fabric fabric;
static struct wire wires[CLAIMERS];
static struct http_answer answers[CLAIMERS];
static unsigned short dice[3] = { 4, 5, 6 };

static void setup(void)
{
	for (int i = 0; i < CLAIMERS; i++)
		wires[i].fd = -1;
	fabric_make(&fabric);
	fabric_start(&fabric);
}

static void teardown(void)
{
	for (int i = 0; i < CLAIMERS; i++) {
		wire_close(&wires[i]);
		answer_finish(&answers[i]);
	}
	fabric_remove(&fabric);
}

static void set_limit(unsigned cents)
{
	struct http_answer answer = { 0 };

	must_post(&fabric, "/v1/cost/budgets",
		  text("{\"scope\":\"board\",\"board\":\"b\",\"limit_usd\":%u.%02u}", cents / 100,
		       cents % 100), &answer);
	answer_finish(&answer);
}

static void lay_out(void)
{
	struct http_answer answer = { 0 };
	struct buf body = { 0 };

	buf_add_lit(&body, "{\"id\":\"b\",\"title\":\"b\",\"tasks\":[");
	for (int i = 0; i < TASKS; i++)
		buf_add_str(&body, text("%s{\"id\":\"t%d\",\"max_attempts\":1000}", i ? "," : "", i));
	buf_add_lit(&body, "]}");
	must_post(&fabric, "/v1/import", buf_str(&body), &answer);
	/* Losers are not to be kept away, nor is failed work: it is about the money. */
	must_post(&fabric, "/v1/governor/policy",
		  "{\"document\":\"resource_policy: {circuit_breaker_failure_threshold: 0, "
		  "retry_backoff: 0s}\",\"format\":\"yaml\"}", &answer);
	for (int i = 0; i < CLAIMERS; i++)
		must_post(&fabric, "/v1/swarms", text("{\"swarm\":\"s%d\",\"slots\":2,"
						      "\"usual_cost_usd\":0.07}", i), &answer);
	set_limit(LIMIT_CENTS);
	buf_finish(&body);
	answer_finish(&answer);
}

static int64_t money(struct http_answer *event, const char *member)
{
	int64_t nanousd = 0;

	ck_assert(json_get_money(answer_at(event, member), &nanousd));
	return nanousd;
}

/* Of each claimer one request is under way before any answer is read. */
static void ask_all(void)
{
	for (int i = 0; i < CLAIMERS; i++) {
		if (wires[i].fd < 0)
			wire_open(&wires[i], fabric.socket);
		wire_ask(&wires[i], "POST", "/v1/next", NULL,
			 slice_of_str(text("{\"swarm\":\"s%d\",\"lease_ms\":%d}", i, LEASE_MS)));
	}
}

/* What becomes of a claim; an attempt costs what was promised for it. */
static void send_end(int i, const char *task, int64_t fence, int64_t promised)
{
	const char *verb = "complete";
	const char *body = text("{\"fence\":%lld,\"cost_usd\":\"0.%09lld\"}", (long long)fence,
				(long long)promised);

	switch (nrand48(dice) % 6) {
	case 0:
		/* It dies: nobody hears of it any more, and its lease runs out. */
		wire_close(&wires[i]);
		return;
	case 1:
		return;		/* it sleeps, and its lease runs out */
	case 2:
		verb = "fail";
		break;
	case 3:
		verb = "release";
		body = text("{\"fence\":%lld}", (long long)fence);
		break;
	default:
		break;
	}
	wire_ask(&wires[i], "POST", text("/v1/boards/b/tasks/%s/%s", task, verb), NULL,
		 slice_of_str(body));
	(void)wire_answer(&wires[i], &answers[i]);
}

/* Returns how many got a task. */
static int hear_all(void)
{
	int granted = 0;

	for (int i = 0; i < CLAIMERS; i++) {
		char task[32];

		if (!wire_answer(&wires[i], &answers[i])) {
			wire_close(&wires[i]);
			continue;
		}
		if (answers[i].status != 200)
			continue;
		granted++;
		strncpy(task, answer_text(&answers[i], "task"), sizeof(task) - 1);
		task[sizeof(task) - 1] = '\0';
		send_end(i, task, answer_number(&answers[i], "fence", 0),
			 money(&answers[i], "reserved_usd"));
	}
	return granted;
}

static void wait_for_the_last_lease(void)
{
	struct http_answer answer = { 0 };
	int64_t until_ms = now_ms() + PATIENCE_MS;

	do {
		sleep_ms(100);
		must_get(&fabric, "/v1/status", &answer);
		ck_assert_int_lt(now_ms(), until_ms);
	} while (answer_number(&answer, "claims", -1) != 0);
	answer_finish(&answer);
}

/* ---- the ledger, added up by other means than the machine's --------------------------------- */

struct account {
	int64_t limit, spent, reserved;
	int64_t held[FENCES_MAX];	/* of the claim with this token */
	unsigned claims, lost;
};

static void charge(struct account *account, int64_t fence, int64_t cost)
{
	int64_t promised = account->held[fence] < cost ? account->held[fence] : cost;

	account->spent += cost;
	account->reserved -= promised;
	account->held[fence] -= promised;
}

static void tell(struct account *account, struct http_answer *event)
{
	const char *kind = answer_text(event, "kind");
	int64_t number = answer_number(event, "event", 0);
	int64_t fence = answer_number(event, "fence", 0);

	ck_assert_int_lt(number, FENCES_MAX);
	if (strcmp(kind, "budget.set") == 0) {
		account->limit = money(event, "limit_usd");
	} else if (strcmp(kind, "task.claimed") == 0) {
		account->held[number] = money(event, "reserved_usd");
		ck_assert_int_gt(account->held[number], 0);
		account->reserved += account->held[number];
		account->claims++;
	} else if (strcmp(kind, "cost.charged") == 0) {
		charge(account, fence, money(event, "cost_usd"));
	} else if (strcmp(kind, "task.completed") == 0 || strcmp(kind, "task.failed") == 0 ||
		   strcmp(kind, "task.released") == 0 || strcmp(kind, "lease.lost") == 0) {
		account->reserved -= account->held[fence];
		account->held[fence] = 0;
		account->lost += strcmp(kind, "lease.lost") == 0;
	}
	ck_assert_msg(account->spent + account->reserved <= account->limit,
		      "%lld spent and %lld promised of %lld after %s", (long long)account->spent,
		      (long long)account->reserved, (long long)account->limit, buf_str(&event->body));
}

static void read_ledger(struct account *account)
{
	struct http_answer answer = { 0 }, event = { 0 };
	struct buf line = { 0 };
	struct wire wire;

	wire_open(&wire, fabric.socket);
	wire_ask(&wire, "GET", "/v1/witness/export", NULL, SLICE_EMPTY);
	ck_assert(wire_stream(&wire, &answer));
	while (wire_line(&wire, WIRE_PATIENCE_MS, &line)) {
		buf_add_slice(&event.body, buf_slice(&line));
		tell(account, &event);
		answer_finish(&event);
	}
	buf_finish(&line);
	answer_finish(&answer);
	wire_close(&wire);
}

START_TEST(no_dollar_is_promised_twice_to_256_who_ask_at_once)
{
	static struct account account;
	struct http_answer answer = { 0 };
	int64_t spent = -1;
	int granted = 0, most = 0;

	lay_out();
	for (unsigned round = 0; round < ROUNDS; round++) {
		int now;

		ask_all();
		if (round == KILLED_IN) {
			fabric_kill(&fabric);
			fabric_start(&fabric);
		}
		now = hear_all();
		granted += now;
		most = now > most ? now : most;
		set_limit(LIMIT_CENTS + (round + 1) * RAISE_CENTS);
	}
	wait_for_the_last_lease();
	read_ledger(&account);
	must_get(&fabric, "/v1/cost/budgets", &answer);
	ck_assert(json_get_money(answer_at(&answer, "budgets.0.spent_usd"), &spent));
	ck_assert_int_eq(spent, account.spent);
	ck_assert_int_eq(money(&answer, "budgets.0.reserved_usd"), 0);
	ck_assert_int_eq(account.reserved, 0);
	/* The money was short: not all who asked could have any, and some did. */
	ck_assert_int_gt(granted, ROUNDS);
	ck_assert_int_lt(most, CLAIMERS);
	ck_assert_uint_gt(account.lost, 0);
	printf("%d claimers, %u claims of which %u lost their lease: %lld of %lld nano-dollars spent\n",
	       CLAIMERS, account.claims, account.lost, (long long)account.spent,
	       (long long)account.limit);
	answer_finish(&answer);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("promise");
	TCase *tests = tcase_create("promise");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, no_dollar_is_promised_twice_to_256_who_ask_at_once);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
