/*
 * modules - bytes that are no modules, compilers' bombs, a poisoned cache, and the walls of a
 * guest's process as they look from outside.
 *
 * usage: modules
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "sandbox/limit.h"
#include "sys/clock.h"
#include "sys/files.h"
#include "unit/guest_kit.h"

#define INPUT "[1,2,3]"
#define PATIENCE_US 20000000

static int failed;

static void say(bool is_ok, const char *what, const char *how)
{
	printf("%s - %s%s%s\n", is_ok ? "ok" : "not ok", what, how[0] ? ": " : "", how);
	fflush(stdout);
	failed += !is_ok;
}

/* ---- admission ------------------------------------------------------------------------------- */

static void set_wasm(struct guest_kit *kit, struct slice wasm)
{
	guest_kit_close(kit);
	buf_clear(&kit->wasm);
	buf_add_slice(&kit->wasm, wasm);
}

static void is_refused(struct guest_kit *kit, const char *what, struct slice wasm, const char *part)
{
	enum err err;
	bool says;

	set_wasm(kit, wasm);
	err = guest_kit_open(kit);
	says = slice_find(buf_slice(&kit->detail), slice_of_str(part)) >= 0;
	say(err == ERR_MODULE_REFUSED && says, what, err_info(err)->code);
	if (!says)
		printf("# %s\n", buf_str(&kit->detail));
	guest_kit_close(kit);
}

static void refuse_what_is_no_module(void)
{
	static const char future[] = "\0asm\2\0\0\0", component[] = "\0asm\x0d\0\1\0";
	struct guest_kit kit;
	struct buf bytes = { 0 };

	guest_kit_init(&kit);
	is_refused(&kit, "admission: Nothing", SLICE_EMPTY, "no WebAssembly module");
	is_refused(&kit, "admission: Half of a head", SLICE("\0asm"), "no WebAssembly module");
	is_refused(&kit, "admission: A program of this machine", SLICE("\177ELF\2\1\1\0\0\0\0\0"),
		   "no WebAssembly module");
	is_refused(&kit, "admission: A text", SLICE("(module)"), "no WebAssembly module");
	is_refused(&kit, "admission: A version that is not known", slice_of(future, 8), "module");
	is_refused(&kit, "admission: A component", slice_of(component, 8), "module");
	guest_kit_load(&kit, "count");
	buf_add_slice(&bytes, slice_head(buf_slice(&kit.wasm), kit.wasm.len - 7));
	is_refused(&kit, "admission: A module that was cut off", buf_slice(&bytes), "");
	buf_clear(&bytes);
	buf_add_slice(&bytes, SLICE("\0asm\1\0\0\0"));
	buf_add_repeat(&bytes, '\0', MODULE_BYTES_MAX);
	is_refused(&kit, "admission: A module that is too large", buf_slice(&bytes), "bytes");
	buf_finish(&bytes);
	guest_kit_finish(&kit);
}

static void refuse_another_module(void)
{
	struct guest_kit kit;
	struct buf hex = { 0 };
	struct hash hash;

	guest_kit_init(&kit);
	guest_kit_load(&kit, "count");
	hash = hash_of(buf_slice(&kit.wasm));
	buf_add_hex(&hex, hash.bytes, HASH_BYTES);
	kit.contract.module_sha256 = buf_slice(&hex);
	say(guest_kit_open(&kit) == OK, "admission: The module of its contract", "");
	guest_kit_load(&kit, "echo");
	say(guest_kit_open(&kit) == ERR_MODULE_REFUSED,
	    "admission: Another module than its contract's", buf_str(&kit.detail));
	guest_kit_finish(&kit);
	buf_finish(&hex);
}

/* Whatever one changed byte makes of a module: refused, or run to a verdict. */
static void survive_changed_bytes(void)
{
	struct guest_kit kit;
	int refused = 0, ran = 0, broken = 0;
	char how[64];

	guest_kit_init(&kit);
	guest_kit_load(&kit, "echo");
	kit.contract.limits.wall_ms = 200;
	for (size_t i = 8; i < kit.wasm.len; i += 3) {
		const struct outcome *outcome;
		enum err err;

		kit.wasm.ptr[i] = (char)(kit.wasm.ptr[i] ^ 0x41);
		err = guest_kit_open(&kit);
		outcome = err == OK ? guest_kit_run(&kit, INPUT) : NULL;
		refused += err == ERR_MODULE_REFUSED;
		ran += outcome && outcome->err == OK;
		broken += err != ERR_MODULE_REFUSED && (!outcome || outcome->err != OK);
		guest_kit_close(&kit);
		kit.wasm.ptr[i] = (char)(kit.wasm.ptr[i] ^ 0x41);
	}
	snprintf(how, sizeof(how), "%d refused, %d ran to a verdict", refused, ran);
	say(broken == 0 && refused > 0, "admission: A module with a changed byte", how);
	guest_kit_finish(&kit);
}

static void add_leb(struct buf *out, uint64_t value)
{
	do {
		unsigned char byte = value & 0x7f;

		value >>= 7;
		buf_add_byte(out, (char)(byte | (value ? 0x80 : 0)));
	} while (value);
}

static void add_section(struct buf *out, char number, const struct buf *body)
{
	buf_add_byte(out, number);
	add_leb(out, body->len);
	buf_add_slice(out, buf_slice(body));
}

/* A module whose `run` is this code, `count` times over as functions of their own. */
static void make_module(struct buf *out, struct slice code, uint64_t count)
{
	struct buf functions = { 0 }, bodies = { 0 };

	buf_clear(out);
	buf_add_slice(out, SLICE("\0asm\1\0\0\0" "\1\4\1\x60\0\0"));
	add_leb(&functions, count);
	buf_add_repeat(&functions, '\0', count);
	add_section(out, 3, &functions);
	buf_add_slice(out, SLICE("\7\7\1\3run\0\0"));
	add_leb(&bodies, count);
	for (uint64_t i = 0; i < count; i++) {
		add_leb(&bodies, code.len);
		buf_add_slice(&bodies, code);
	}
	add_section(out, 10, &bodies);
	buf_finish(&functions);
	buf_finish(&bodies);
}

/* Refused or let in, it must come to that in the compiler's time, and the next one must work. */
static void survive(const char *what, const struct buf *module)
{
	struct guest_kit kit;
	int64_t started_us = clock_mono_us();
	enum err err;
	char how[96];

	guest_kit_init(&kit);
	set_wasm(&kit, buf_slice(module));
	err = guest_kit_open(&kit);
	snprintf(how, sizeof(how), "%s after %lld ms, %zu KiB", err_info(err)->code,
		 (long long)(clock_mono_us() - started_us) / 1000, module->len / KIB);
	say((err == OK || err == ERR_MODULE_REFUSED) &&
	    clock_mono_us() - started_us < (COMPILE_WALL_MS + 30000) * INT64_C(1000), what, how);
	guest_kit_load(&kit, "echo");
	say(guest_kit_run(&kit, INPUT) != NULL, "admission: An honest module after it", "");
	guest_kit_finish(&kit);
}

static void survive_bombs(void)
{
	struct buf code = { 0 }, module = { 0 };

	/* No locals; blocks in blocks, all closed. */
	buf_add_byte(&code, 0);
	for (int i = 0; i < 200000; i++)
		buf_add_slice(&code, SLICE("\2\x40"));
	buf_add_repeat(&code, 0x0b, 200001);
	make_module(&module, buf_slice(&code), 1);
	survive("admission: 200,000 blocks in each other", &module);

	buf_clear(&code);
	buf_add_slice(&code, SLICE("\1"));
	add_leb(&code, 50000);
	buf_add_slice(&code, SLICE("\x7e"));
	for (uint64_t i = 1; i < 50000; i++) {
		buf_add_byte(&code, 0x20);
		add_leb(&code, i);
		buf_add_byte(&code, 0x21);
		add_leb(&code, i - 1);
	}
	buf_add_byte(&code, 0x0b);
	make_module(&module, buf_slice(&code), 1);
	survive("admission: 50,000 variables, each used", &module);

	/* block (result i32), numbers that branch: a table of jumps with a million places. */
	buf_clear(&code);
	buf_add_slice(&code, SLICE("\0\2\x40\x41\0\x0e"));
	add_leb(&code, 1000000);
	buf_add_repeat(&code, '\0', 1000001);
	buf_add_slice(&code, SLICE("\x0b\x0b"));
	make_module(&module, buf_slice(&code), 1);
	survive("admission: A jump with a million places", &module);

	make_module(&module, SLICE("\0\x0b"), 100000);
	survive("admission: 100,000 functions", &module);

	buf_clear(&code);
	buf_add_byte(&code, 0);
	for (int i = 0; i < 1500000; i++)
		buf_add_slice(&code, SLICE("\x41\1\x1a"));
	buf_add_byte(&code, 0x0b);
	make_module(&module, buf_slice(&code), 1);
	survive("admission: One function of three million steps", &module);
	buf_finish(&code);
	buf_finish(&module);
}

/* ---- the cache ------------------------------------------------------------------------------- */

/* Path of the only artifact there is. */
static void find_artifact(const struct guest_kit *kit, struct buf *ret_path)
{
	DIR *folder = opendir(kit->cache.ptr);
	struct dirent *entry;

	buf_clear(ret_path);
	while (folder && (entry = readdir(folder))) {
		if (!slice_ends(slice_of_str(entry->d_name), SLICE(".cwasm")))
			continue;
		buf_clear(ret_path);
		buf_add_slice(ret_path, buf_slice(&kit->cache));
		buf_add_byte(ret_path, '/');
		buf_add_str(ret_path, entry->d_name);
	}
	if (folder)
		closedir(folder);
	buf_str(ret_path);
}

/* It must run as if there were no cache; whether one was used is as expected. */
static void is_cached(struct guest_kit *kit, bool expected, const char *what)
{
	const struct outcome *outcome;
	bool is_ok;

	guest_kit_close(kit);
	outcome = guest_kit_run(kit, INPUT);
	is_ok = outcome && slice_is_str(buf_slice(&outcome->result), INPUT) &&
		runner_info(kit->runner)->was_cached == expected;
	say(is_ok, what, expected ? "used" : "not used");
}

static void change_byte(const char *path, size_t from_end)
{
	struct buf content = { 0 };

	if (file_read(path, ARTIFACT_BYTES_MAX, &content) == OK && content.len > from_end) {
		content.ptr[content.len - 1 - from_end] ^= 1;
		if (file_write(path, buf_slice(&content), 0600) != OK)
			perror(path);
	}
	buf_finish(&content);
}

static void survive_poison(void)
{
	struct buf path = { 0 }, other = { 0 }, content = { 0 };
	struct guest_kit kit;

	guest_kit_init(&kit);
	buf_add_lit(&kit.cache, ".poison");
	guest_kit_load(&kit, "echo");
	is_cached(&kit, false, "admission: The first time, nothing is kept");
	is_cached(&kit, true, "admission: The second time, the code that was kept");
	find_artifact(&kit, &path);
	change_byte(path.ptr, 100);
	is_cached(&kit, false, "admission: Kept code with a changed byte");
	is_cached(&kit, true, "admission: Kept code after it was made anew");
	change_byte(path.ptr, 0);
	is_cached(&kit, false, "admission: Kept code with a changed end");
	if (truncate(path.ptr, 1000) != 0)
		perror(path.ptr);
	is_cached(&kit, false, "admission: Kept code that was cut off");

	/* Whoever can write there puts the code of one module under the name of another. */
	guest_kit_load(&kit, "count");
	say(guest_kit_open(&kit) == OK && file_read(path.ptr, ARTIFACT_BYTES_MAX, &content) == OK &&
	    unlink(path.ptr) == 0, "admission: Two modules are kept", "");
	find_artifact(&kit, &other);
	say(rename(other.ptr, path.ptr) == 0, "admission: One takes the other's name", "");
	guest_kit_load(&kit, "echo");
	is_cached(&kit, false, "admission: Kept code of another module");

	/* Or a link to what is somebody's else. */
	say(file_write(other.ptr, buf_slice(&content), 0600) == OK && unlink(path.ptr) == 0 &&
	    symlink(other.ptr, path.ptr) == 0, "admission: A link stands in the place", "");
	is_cached(&kit, false, "admission: A link to kept code");
	is_cached(&kit, true, "admission: Code that took the place of the link");
	if (chmod(path.ptr, 0666) != 0)
		perror(path.ptr);
	is_cached(&kit, false, "admission: Kept code that others can write");

	if (unlink(kit.key_file.ptr) != 0)
		perror(kit.key_file.ptr);
	is_cached(&kit, false, "admission: Code that was kept with another key");
	if (chmod(kit.key_file.ptr, 0644) != 0)
		perror(kit.key_file.ptr);
	is_cached(&kit, false, "admission: A key that others can read");
	say(runner_info(kit.runner)->cache_trouble.len > 0, "admission: It says that it keeps nothing",
	    "");
	(void)chmod(kit.key_file.ptr, 0600);
	guest_kit_finish(&kit);
	buf_finish(&path);
	buf_finish(&other);
	buf_finish(&content);
}

/* ---- the walls ------------------------------------------------------------------------------- */

static bool proc_text(pid_t pid, const char *name, struct buf *ret_text)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	buf_clear(ret_text);
	return file_read(path, MIB, ret_text) == OK;
}

static pid_t parent_of(pid_t pid)
{
	struct buf text = { 0 };
	pid_t parent = -1;

	if (proc_text(pid, "status", &text)) {
		const char *line = strstr(buf_str(&text), "\nPPid:");

		parent = line ? (pid_t)atoi(line + 6) : -1;
	}
	buf_finish(&text);
	return parent;
}

static bool stems_from_us(pid_t pid)
{
	for (int depth = 0; pid > 1 && depth < 5; depth++) {
		pid = parent_of(pid);
		if (pid == getpid())
			return true;
	}
	return false;
}

/* Processes that stem from us, the oldest first. Returns how many. */
static size_t find_family(pid_t ret_pids[], size_t max)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (count < max && stems_from_us(pid))
			ret_pids[count++] = pid;
	}
	if (proc)
		closedir(proc);
	return count;
}

static bool status_has(pid_t pid, const char *line)
{
	struct buf text = { 0 };
	bool has = proc_text(pid, "status", &text) && strstr(buf_str(&text), line);

	buf_finish(&text);
	return has;
}

static size_t count_entries(pid_t pid, const char *name)
{
	char path[64];
	DIR *folder;
	size_t count = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	folder = opendir(path);
	if (!folder)
		return 1000;
	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 2;
}

static bool is_apart(pid_t pid, const char *space)
{
	char path[64], ours[64], theirs[64];
	ssize_t our_len, their_len;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", space);
	our_len = readlink(path, ours, sizeof(ours));
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, space);
	their_len = readlink(path, theirs, sizeof(theirs));
	return our_len > 0 && their_len > 0 &&
	       (our_len != their_len || memcmp(ours, theirs, (size_t)our_len) != 0);
}

static void look_at(pid_t pid, unsigned layers)
{
	static const char *const spaces[] = { "net", "mnt", "ipc", "uts", "pid", "user", "cgroup" };
	struct buf text = { 0 };

	say(status_has(pid, "\nNoNewPrivs:\t1"), "authority: It gains no privileges", "");
	say(status_has(pid, "\nCapEff:\t0000000000000000"), "authority: It has no capability", "");
	/* Three streams that lead nowhere, and its socket. */
	say(count_entries(pid, "fd") <= 4, "authority: No descriptor of its host is open", "");
	say(proc_text(pid, "environ", &text) && text.len == 0, "authority: It has no environment", "");
	say(proc_text(pid, "limits", &text) &&
	    strstr(buf_str(&text), "Max core file size        0 "), "authority: It leaves no core", "");
	if (layers & LAYER_BIT(LAYER_SECCOMP))
		say(status_has(pid, "\nSeccomp:\t2") && status_has(pid, "\nSeccomp_filters:\t2"),
		    "authority: Two filters of system calls hold it", "");
	if (layers & LAYER_BIT(LAYER_NAMESPACES)) {
		for (size_t i = 0; i < ARRAY_LEN(spaces); i++)
			say(is_apart(pid, spaces[i]), "authority: It has a namespace of its own",
			    spaces[i]);
		say(count_entries(pid, "root") == 0, "authority: Its root folder is empty", "");
		say(proc_text(pid, "net/dev", &text) && !strstr(buf_str(&text), "eth"),
		    "authority: It sees no network", "");
	}
	buf_finish(&text);
}

/* A guest under way, and the processes that are there with it. */
static struct run *start_loop(struct guest_kit *kit)
{
	struct run_spec spec = { .egress = -1 };
	struct run *run = NULL;

	guest_kit_load(kit, "loop_by_time");
	kit->contract.limits.wall_ms = 60000;
	kit->contract.limits.fuel = INT64_MAX;
	if (guest_kit_open(kit) != OK || runner_start(kit->runner, &spec, &run, &kit->detail) != OK)
		return NULL;
	for (int i = 0; i < 50; i++) {
		clock_sleep_us(2000);
		runner_step(kit->runner);
	}
	return run;
}

static void look_at_walls(void)
{
	struct guest_kit kit;
	struct run *run;
	pid_t family[16];
	size_t count;

	guest_kit_init(&kit);
	run = start_loop(&kit);
	count = find_family(family, ARRAY_LEN(family));
	/* if-chassis, its zygote, a guest that runs and one that waits. */
	say(run && count == 4, "authority: A guest has a process of its own", "");
	if (geteuid() == 0 && count == 4)
		look_at(family[2], runner_info(kit.runner)->layers);
	else
		printf("skip - the walls of a process: only root can look at them\n");
	run_kill(run);
	run_wait(run);
	say(slice_is_str(buf_slice(&run_outcome(run)->reason), "killed"),
	    "execution: A loop that is stopped from outside", "");
	run_destroy(run);
	guest_kit_finish(&kit);
	count = find_family(family, ARRAY_LEN(family));
	say(count == 0, "execution: When it is closed, nothing is left", "");
}

/* kill -9 of if-chassis, under a guest that loops: all is gone, and its supervisor knows. */
static void survive_its_death(void)
{
	struct guest_kit kit;
	struct run *run;
	pid_t family[16];
	size_t count;
	int64_t until_us = clock_mono_us() + PATIENCE_US;

	guest_kit_init(&kit);
	run = start_loop(&kit);
	count = find_family(family, ARRAY_LEN(family));
	for (size_t i = 0; i < count; i++)
		if (parent_of(family[i]) == getpid())
			kill(family[i], SIGKILL);
	run_wait(run);
	say(run_outcome(run)->err == ERR_CHASSIS_FAILED, "execution: The sandbox itself is killed", "");
	run_destroy(run);
	guest_kit_close(&kit);
	while (find_family(family, ARRAY_LEN(family)) > 0 && clock_mono_us() < until_us)
		clock_sleep_us(10000);
	say(find_family(family, ARRAY_LEN(family)) == 0, "execution: No guest outlives it", "");
	guest_kit_finish(&kit);
}

int main(void)
{
	refuse_what_is_no_module();
	refuse_another_module();
	survive_changed_bytes();
	survive_bombs();
	survive_poison();
	look_at_walls();
	survive_its_death();
	return failed > 0;
}
