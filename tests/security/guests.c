/*
 * guests - runs each module of a folder, and looks whether it ends as its first lines say.
 *
 * usage: guests FOLDER           with FOLDER/NAME.wat, and NAME.wasm in $IF_GUESTS
 *
 *	;; What it tries, in a sentence
 *	;; group: admission | execution | abi | authority
 *	;; ends: VERDICT [REASON]         `refused CODE`: it is not let in
 *	;; with: fuel=N wall_ms=N clock_us=N seed=N
 *	;; storage: PATH                  may be read, with all below it
 *	;; input, result, says: TEXT      hex:00ff for bytes; says: part of the sentence
 *
 * After each of them an honest guest, which was there before, must work as ever.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/files.h"
#include "unit/guest_kit.h"

#define CASE_BYTES_MAX 65536
#define HONEST_INPUT "{\"honest\":true}"

struct trial {
	struct slice what, group, verdict, reason, with, storage, input, result, says;
};

static int failed;
static struct buf clock_text;	/* of the contract in use */

static void read_line(struct trial *trial, struct slice line)
{
	struct slice key = slice_cut(&line, ':');
	const struct {
		const char *key;
		struct slice *value;
	} keys[] = {
		{ "group", &trial->group },   { "with", &trial->with },
		{ "storage", &trial->storage }, { "input", &trial->input },
		{ "result", &trial->result }, { "says", &trial->says },
	};

	line = slice_trim(line);
	if (slice_is_str(key, "ends")) {
		trial->verdict = slice_cut(&line, ' ');
		trial->reason = slice_trim(line);
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (slice_is_str(key, keys[i].key))
			*keys[i].value = line;
}

static void read_trial(struct trial *trial, struct slice text)
{
	memset(trial, 0, sizeof(*trial));
	while (slice_starts(text, SLICE(";; "))) {
		struct slice line = slice_from(slice_cut(&text, '\n'), 3);

		if (!trial->what.len)
			trial->what = line;
		else
			read_line(trial, line);
	}
}

static void apply(const struct trial *trial, struct guest_kit *kit)
{
	struct slice rest = trial->with;

	while (rest.len) {
		struct slice value = slice_cut(&rest, ' ');
		struct slice key = slice_cut(&value, '=');
		int64_t number = 0;

		if (!slice_to_i64(value, &number))
			continue;
		if (slice_is_str(key, "fuel"))
			kit->contract.limits.fuel = number;
		else if (slice_is_str(key, "wall_ms"))
			kit->contract.limits.wall_ms = number;
		else if (slice_is_str(key, "clock_us"))
			kit->contract.determinism.clock_us = number;
		else if (slice_is_str(key, "seed"))
			kit->contract.determinism.seed = number;
	}
	if (kit->contract.determinism.clock_us >= 0) {
		buf_clear(&clock_text);
		buf_add_time(&clock_text, kit->contract.determinism.clock_us);
		kit->contract.determinism.clock = buf_slice(&clock_text);
	}
	if (trial->storage.len) {
		kit->storage = (struct contract_storage){ trial->storage, CONTRACT_REACH_TREE };
		kit->contract.storage = &kit->storage;
		kit->contract.storage_count = 1;
	}
}

static bool result_is(const struct trial *trial, struct slice result)
{
	struct buf hex = { 0 };
	bool is_same;

	if (!slice_starts(trial->result, SLICE("hex:")))
		return slice_is(result, trial->result);
	buf_add_hex(&hex, result.ptr, result.len);
	is_same = slice_is(buf_slice(&hex), slice_from(trial->result, 4));
	buf_finish(&hex);
	return is_same;
}

/* How it ended, as a trial says it. */
static bool judge(const struct trial *trial, struct guest_kit *kit, struct buf *ended)
{
	char input[CASE_BYTES_MAX];
	const struct outcome *outcome;
	struct slice detail;
	enum err err;

	snprintf(input, sizeof(input), "%.*s", (int)trial->input.len, trial->input.ptr);
	err = guest_kit_open(kit);
	if (err != OK) {
		buf_add_lit(ended, "refused ");
		buf_add_str(ended, err_info(err)->code);
		detail = buf_slice(&kit->detail);
	} else {
		outcome = guest_kit_run(kit, input);
		if (!outcome || outcome->err != OK) {
			buf_add_lit(ended, "the sandbox failed");
			return false;
		}
		buf_add_str(ended, chassis_verdict_name(outcome->verdict));
		if (outcome->reason.len)
			buf_add_byte(ended, ' ');
		buf_add_slice(ended, buf_slice(&outcome->reason));
		detail = buf_slice(&outcome->detail);
		if (outcome->verdict == CHASSIS_VERDICT_RESULT &&
		    !result_is(trial, buf_slice(&outcome->result)))
			return false;
		if (outcome->memory_bytes > kit->contract.limits.memory_bytes ||
		    outcome->fuel_used > kit->contract.limits.fuel ||
		    (int64_t)kit->log.len > 2 * kit->contract.limits.log_bytes)
			return false;
	}
	if (trial->says.len && slice_find(detail, trial->says) < 0)
		return false;
	if (trial->reason.len == 0)
		return slice_is(buf_slice(ended), trial->verdict);
	return slice_starts(buf_slice(ended), trial->verdict) &&
	       slice_ends(buf_slice(ended), trial->reason) &&
	       ended->len == trial->verdict.len + 1 + trial->reason.len;
}

static void run_trial(const char *folder, const char *file, struct guest_kit *honest)
{
	const struct outcome *outcome;
	struct guest_kit kit;
	struct buf path = { 0 }, text = { 0 }, ended = { 0 };
	struct trial trial;
	char name[256];
	bool is_ok;

	buf_add_str(&path, folder);
	buf_add_byte(&path, '/');
	buf_add_str(&path, file);
	if (file_read(buf_str(&path), CASE_BYTES_MAX, &text) != OK)
		exit(1);
	read_trial(&trial, buf_slice(&text));
	snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - 4), file);
	guest_kit_init(&kit);
	guest_kit_load(&kit, name);
	apply(&trial, &kit);
	is_ok = judge(&trial, &kit, &ended);
	printf("%s - %.*s: %.*s: %s\n", is_ok ? "ok" : "not ok", (int)trial.group.len,
	       trial.group.ptr, (int)trial.what.len, trial.what.ptr, buf_str(&ended));
	outcome = guest_kit_run(honest, HONEST_INPUT);
	if (!outcome || !slice_is_str(buf_slice(&outcome->result), HONEST_INPUT)) {
		printf("not ok - an honest guest works after %s\n", name);
		is_ok = false;
	}
	failed += !is_ok;
	guest_kit_finish(&kit);
	buf_finish(&path);
	buf_finish(&text);
	buf_finish(&ended);
}

/* granted/inside, which may be read, and granted/link, which leads out of it. */
static void make_folder(void)
{
	if (chdir(getenv("TMPDIR")) != 0 || mkdir("granted", 0700) != 0 ||
	    file_write("granted/inside", SLICE("a granted line"), 0600) != OK ||
	    file_write("secret", SLICE("not granted"), 0600) != OK ||
	    symlink("../secret", "granted/link") != 0) {
		perror("granted");
		exit(1);
	}
}

static int is_wat(const struct dirent *entry)
{
	return slice_ends(slice_of_str(entry->d_name), SLICE(".wat"));
}

int main(int argc, char **argv)
{
	struct guest_kit honest;
	struct dirent **entries;
	char folder[4096];
	int count;

	if (argc != 2 || !realpath(argv[1], folder))
		return 2;
	make_folder();
	guest_kit_init(&honest);
	guest_kit_load(&honest, "echo");
	count = scandir(folder, &entries, is_wat, alphasort);
	for (int i = 0; i < count; i++) {
		run_trial(folder, entries[i]->d_name, &honest);
		free(entries[i]);
	}
	free(entries);
	guest_kit_finish(&honest);
	buf_finish(&clock_text);
	return failed > 0 || count <= 0;
}
