/*
 * bench_ledger - what one durable append costs.
 *
 * usage: bench_ledger [FOLDER [page_bytes checkpoint_pages cache_kib]]
 *
 * Prints appends per second and latencies on memory and on SQLite, for a
 * record of 1 KB (one command) and of 20 KB (some hundred commands), beside
 * what the disk takes for the same bytes without any engine; then how
 * latency holds while a ledger grows to 1 GB, and what reading it costs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "bus/memory.h"
#include "bus/sqlite.h"
#include "sys/clock.h"
#include "witness/ledger.h"
#include "witness/reader.h"

#define RUN_US 3000000
#define SAMPLES_MAX 4000000
#define MEMORY_APPENDS_MAX 40000
#define GROW_BYTES ((uint64_t)1 << 30)
#define GROW_US 20000000
#define GROW_STEPS 8
#define GROW_RECORD 20000

static int64_t *samples;
static size_t sample_count;
static struct bus_sqlite_options options;
static char file[512];

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

static double ms_at(double part)
{
	return (double)samples[(size_t)((double)(sample_count - 1) * part)] / 1e3;
}

static void report(const char *name, size_t record_bytes, int64_t took_us)
{
	qsort(samples, sample_count, sizeof(*samples), compare);
	printf("%-12s %6zu B  %8.0f /s  p50 %7.3f  p99 %7.3f  p99.9 %7.3f  max %8.3f ms\n", name,
	       record_bytes, (double)sample_count * 1e6 / (double)took_us, ms_at(0.5), ms_at(0.99),
	       ms_at(0.999), ms_at(1.0));
	fflush(stdout);
	sample_count = 0;
}

static void sample(int64_t us)
{
	if (sample_count < SAMPLES_MAX)
		samples[sample_count++] = us;
}

static void must(enum err err, struct buf *detail)
{
	if (err == OK)
		return;
	fprintf(stderr, "bench_ledger: %s: %s\n", err_info(err)->code, buf_str(detail));
	exit(1);
}

static void append_one(struct ledger *ledger, struct slice body)
{
	struct ledger_entry entry = {
		.body = body, .event_count = 1, .at_us = ledger->head.at_us + 1,
	};
	struct buf detail = { 0 };
	int64_t before = clock_mono_us();

	must(ledger_append(ledger, &entry, &detail), &detail);
	sample(clock_mono_us() - before);
}

static struct bus *sqlite_open_new(void)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-lock" };
	struct buf detail = { 0 };
	struct bus *bus = NULL;

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		char path[600];

		snprintf(path, sizeof(path), "%s%s", file, suffixes[i]);
		unlink(path);
	}
	must(bus_sqlite_open(file, &options, &bus, &detail), &detail);
	return bus;
}

static void run_ledger(const char *name, struct bus *bus, struct slice body, uint64_t appends_max,
		       bool idle)
{
	struct ledger ledger;
	struct buf detail = { 0 };
	int64_t begin;

	must(ledger_open(&ledger, bus, &detail), &detail);
	ledger_begin_reign(&ledger);
	begin = clock_mono_us();
	while (clock_mono_us() - begin < RUN_US && sample_count < appends_max) {
		append_one(&ledger, body);
		if (idle)
			bus->ops->idle(bus);
	}
	report(name, body.len, clock_mono_us() - begin);
	ledger_close(&ledger);
	bus_close(bus);
}

/* The floor: the same bytes behind one another in a file, and a sync. */
static void run_disk(struct slice body)
{
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);
	int64_t begin = clock_mono_us();
	off_t at = 0;

	while (clock_mono_us() - begin < RUN_US) {
		int64_t before = clock_mono_us();

		if (pwrite(fd, body.ptr, body.len, at) < 0 || fdatasync(fd) != 0)
			exit(1);
		at = (at + (off_t)body.len) % (4 << 20);
		sample(clock_mono_us() - before);
	}
	report("disk alone", body.len, clock_mono_us() - begin);
	close(fd);
	unlink(file);
}

static enum err visit_nothing(void *context, const struct record *record)
{
	(void)context;
	(void)record;
	return OK;
}

static void read_all(struct bus *bus, uint64_t bytes)
{
	struct bus_limit limit = { .records = 256, .bytes = 1 << 20 };
	struct ledger_reader reader;
	struct buf detail = { 0 };
	uint64_t before = UINT64_MAX;
	int64_t begin = clock_mono_us();

	must(ledger_reader_begin(&reader, bus, 1, &detail), &detail);
	while (reader.chain.seq != before) {
		before = reader.chain.seq;
		must(ledger_reader_next(&reader, limit, visit_nothing, NULL, &detail), &detail);
	}
	printf("read and verified: %.0f MB/s\n",
	       (double)bytes / (double)(clock_mono_us() - begin));
}

static void run_growth(struct slice body)
{
	struct bus *bus = sqlite_open_new();
	struct ledger ledger;
	struct buf detail = { 0 };
	int64_t begin, step_begin;
	uint64_t grown = 0;

	must(ledger_open(&ledger, bus, &detail), &detail);
	ledger_begin_reign(&ledger);
	begin = step_begin = clock_mono_us();
	for (int step = 1; step <= GROW_STEPS && clock_mono_us() - begin < GROW_US; step++) {
		char name[32];

		while (grown < GROW_BYTES / GROW_STEPS * (uint64_t)step &&
		       clock_mono_us() - begin < GROW_US) {
			append_one(&ledger, body);
			grown += body.len;
		}
		snprintf(name, sizeof(name), "at %4llu MB", (unsigned long long)(grown >> 20));
		report(name, body.len, clock_mono_us() - step_begin);
		step_begin = clock_mono_us();
	}
	read_all(bus, grown);
	buf_clear(&detail);
	bus->ops->describe(bus, &detail);
	printf("%s\n", buf_str(&detail));
	ledger_close(&ledger);
	bus_close(bus);
	bus_close(sqlite_open_new());
	buf_finish(&detail);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 1000, 20000 };
	struct buf body = { 0 };

	snprintf(file, sizeof(file), "%s/bench-ledger.%d", argc > 1 ? argv[1] : ".", (int)getpid());
	if (argc > 4) {
		options.page_bytes = (uint32_t)atoi(argv[2]);
		options.checkpoint_pages = atoi(argv[3]);
		options.cache_kib = atoi(argv[4]);
	}
	samples = alloc_zero(SAMPLES_MAX, sizeof(*samples));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct slice part;

		buf_clear(&body);
		/* Not compressible, as events with ids and hashes hardly are. */
		for (size_t at = 0; at < sizes[i]; at++)
			buf_add_byte(&body, (char)((at * 2654435761u) >> 11));
		part = buf_slice(&body);
		run_ledger("memory", bus_memory_create(), part, MEMORY_APPENDS_MAX, false);
		run_disk(part);
		run_ledger("sqlite", sqlite_open_new(), part, SAMPLES_MAX, false);
		run_ledger("sqlite idle", sqlite_open_new(), part, SAMPLES_MAX, true);
	}
	run_growth(slice_head(buf_slice(&body), GROW_RECORD));
	buf_finish(&body);
	free(samples);
	for (int i = 0; i < 4; i++) {
		static const char *const suffixes[] = { "", "-wal", "-shm", "-lock" };
		char path[600];

		snprintf(path, sizeof(path), "%s%s", file, suffixes[i]);
		unlink(path);
	}
	return 0;
}
