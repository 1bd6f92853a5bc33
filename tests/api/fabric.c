#include "api/fabric.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"

#define WORDS_MAX 64
#define READY_FD 3
#define LOG_TAIL_BYTES 8000

int64_t now_ms(void)
{
	return clock_mono_us() / 1000;
}

void sleep_ms(int64_t ms)
{
	poll(NULL, 0, (int)ms);
}

const char *text(const char *format, ...)
{
	static char ring[16][4096];
	static unsigned next;
	char *place = ring[next++ % 16];
	va_list args;

	va_start(args, format);
	ck_assert_int_lt(vsnprintf(place, sizeof(ring[0]), format, args), (int)sizeof(ring[0]));
	va_end(args);
	return place;
}

void write_file(const char *path, struct slice content)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(content.ptr, 1, content.len, file), content.len);
	ck_assert_int_eq(fclose(file), 0);
}

static const char *program(const char *variable, const char *beside)
{
	const char *named = getenv(variable);

	return named && named[0] ? named : beside;
}

static const char *coordinator(void)
{
	return program("IF_COORDINATOR", "build/asan/libexec/infrafabric/if-coordinator");
}

/* ---- the folder ----------------------------------------------------------------------------- */

void fabric_make(struct fabric *fabric)
{
	const char *place = getenv("TMPDIR");

	*fabric = (struct fabric){ 0 };
	snprintf(fabric->folder, sizeof(fabric->folder), "%s/fab-XXXXXX", place ? place : "/tmp");
	ck_assert_msg(mkdtemp(fabric->folder) != NULL, "%s: %s", fabric->folder, strerror(errno));
	/* Short names: they are shown in answers. */
	strcpy(fabric->socket, text("%.80s/s", fabric->folder));
	strcpy(fabric->ledger, text("%.80s/ledger.db", fabric->folder));
	strcpy(fabric->log, text("%.80s/log", fabric->folder));
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
	(void)about;
	(void)type;
	(void)where;
	return remove(path);
}

void fabric_remove(struct fabric *fabric)
{
	if (fabric->pid)
		fabric_stop(fabric);
	nftw(fabric->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	buf_finish(&fabric->said);
}

static void show_log(const struct fabric *fabric)
{
	FILE *log = fopen(fabric->log, "r");
	static char tail[LOG_TAIL_BYTES];
	size_t len;

	if (!log)
		return;
	fseek(log, 0, SEEK_END);
	if (ftell(log) > LOG_TAIL_BYTES)
		fseek(log, -LOG_TAIL_BYTES, SEEK_END);
	else
		rewind(log);
	len = fread(tail, 1, sizeof(tail), log);
	fclose(log);
	fprintf(stderr, "---- the daemon's log ends with ----\n%.*s\n", (int)len, tail);
}

/* ---- the daemon ----------------------------------------------------------------------------- */

/* In the child: a log, a pipe to say that it is ready, nothing else. */
static void become_daemon(const struct fabric *fabric, int ready, const char *const more[])
{
	const char *argv[WORDS_MAX] = {
		coordinator(), "--ledger", fabric->ledger, "--socket", fabric->socket,
		"--listen", "127.0.0.1:0", "--ready-fd", "3",
	};
	const struct rlimit few = { fabric->descriptors_max, fabric->descriptors_max };
	size_t count = 9;
	int log = open(fabric->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	int null = open("/dev/null", O_RDWR);

	for (size_t i = 0; more && more[i]; i++)
		argv[count++] = more[i];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ready = fcntl(ready, F_DUPFD, 64);
	log = fcntl(log, F_DUPFD, 64);
	dup2(null, 0);
	dup2(log, 1);
	dup2(log, 2);
	dup2(ready, READY_FD);
	close_range(READY_FD + 1, ~0U, 0);
	if (fabric->descriptors_max)
		setrlimit(RLIMIT_NOFILE, &few);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(READY_FD, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void read_all(int fd, struct buf *out)
{
	ssize_t len;

	do {
		len = read(fd, buf_reserve(out, 65536), 65536);
		if (len > 0)
			out->len += (size_t)len;
	} while (len > 0 || (len < 0 && errno == EINTR));
}

static int exit_code_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool fabric_launch(struct fabric *fabric, const char *const more[], int *ret_exit)
{
	int ready[2];
	int status;

	ck_assert_int_eq(fabric->pid, 0);
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	fabric->pid = fork();
	ck_assert_int_ge(fabric->pid, 0);
	if (fabric->pid == 0)
		become_daemon(fabric, ready[1], more);
	close(ready[1]);
	fabric->port = 0;
	buf_clear(&fabric->said);
	read_all(ready[0], &fabric->said);
	close(ready[0]);
	if (slice_starts(buf_slice(&fabric->said), SLICE("ready")))
		return true;
	ck_assert_int_eq(waitpid(fabric->pid, &status, 0), fabric->pid);
	fabric->pid = 0;
	if (ret_exit)
		*ret_exit = exit_code_of(status);
	return false;
}

void fabric_start(struct fabric *fabric)
{
	if (fabric_launch(fabric, NULL, NULL))
		return;
	show_log(fabric);
	ck_abort_msg("the daemon did not start: %s", buf_str(&fabric->said));
}

void fabric_kill(struct fabric *fabric)
{
	int status;

	fabric_check_alive(fabric);
	kill(fabric->pid, SIGKILL);
	ck_assert_int_eq(waitpid(fabric->pid, &status, 0), fabric->pid);
	fabric->pid = 0;
}

void fabric_stop(struct fabric *fabric)
{
	int status;

	fabric_check_alive(fabric);
	kill(fabric->pid, SIGTERM);
	ck_assert_int_eq(waitpid(fabric->pid, &status, 0), fabric->pid);
	fabric->pid = 0;
	if (exit_code_of(status) == 0)
		return;
	show_log(fabric);
	ck_abort_msg("the daemon ended with wait status %d", status);
}

void fabric_check_alive(struct fabric *fabric)
{
	int status;

	ck_assert_int_gt(fabric->pid, 0);
	if (waitpid(fabric->pid, &status, WNOHANG) == 0)
		return;
	fabric->pid = 0;
	show_log(fabric);
	ck_abort_msg("the daemon has ended with wait status %d", status);
}

/* ---- HTTP ----------------------------------------------------------------------------------- */

void ask_with(struct fabric *fabric, const char *headers, const char *method, const char *path,
	      const char *body, struct http_answer *answer)
{
	struct wire wire;

	if (!wire_try_open(&wire, fabric->socket))
		fabric_check_alive(fabric);
	ck_assert_msg(wire.fd >= 0, "nobody listens at %s", fabric->socket);
	wire_ask(&wire, method, path, headers, slice_of_str(body));
	if (!wire_answer(&wire, answer)) {
		fabric_check_alive(fabric);
		ck_abort_msg("%s %s was not answered", method, path);
	}
	wire_close(&wire);
}

void ask(struct fabric *fabric, const char *method, const char *path, const char *body,
	 struct http_answer *answer)
{
	ask_with(fabric, NULL, method, path, body, answer);
}

static void check_ok(struct http_answer *answer, const char *method, const char *path,
		     const char *body)
{
	ck_assert_msg(answer->status == 200, "%s %s %s: %s", method, path, body ? body : "",
		      buf_str(&answer->body));
}

void must_post(struct fabric *fabric, const char *path, const char *body,
	       struct http_answer *answer)
{
	ask(fabric, "POST", path, body, answer);
	check_ok(answer, "POST", path, body);
}

void must_get(struct fabric *fabric, const char *path, struct http_answer *answer)
{
	ask(fabric, "GET", path, NULL, answer);
	check_ok(answer, "GET", path, NULL);
}

int fabric_port(struct fabric *fabric)
{
	struct http_answer answer = { 0 };

	if (!fabric->port) {
		must_get(fabric, "/v1/status", &answer);
		fabric->port = (int)answer_number(&answer, "tcp_port", 0);
		answer_finish(&answer);
	}
	ck_assert_int_gt(fabric->port, 0);
	return fabric->port;
}

/* ---- the command line ----------------------------------------------------------------------- */

static size_t split(char *words, const char *argv[])
{
	size_t count = 0;
	char *at = words;

	while (*at) {
		char *to;

		while (*at == ' ')
			at++;
		if (!*at)
			break;
		ck_assert_uint_lt(count + 1, WORDS_MAX);
		argv[count++] = to = at;
		for (bool quoted = false; *at && (quoted || *at != ' '); at++) {
			if (*at == '\'')
				quoted = !quoted;
			else
				*to++ = *at;
		}
		if (*at)
			at++;
		*to = '\0';
	}
	argv[count] = NULL;
	return count;
}

/* The user's own settings must not reach the command. */
static void set_environment(const struct fabric *fabric)
{
	static const char *const dropped[] = {
		"IF_URL", "IF_BOARD", "IF_SWARM_ID", "IF_TASK_ID", "IF_FENCE", "IF_ACTOR",
		"XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
	};

	for (size_t i = 0; i < ARRAY_LEN(dropped); i++)
		unsetenv(dropped[i]);
	setenv("IF_SOCKET", fabric->socket, 1);
	setenv("HOME", fabric->folder, 1);
	setenv("XDG_DATA_HOME", fabric->folder, 1);
	setenv("IF_COORDINATOR", coordinator(), 0);
}

pid_t run_begin(struct fabric *fabric, const char *words, struct run *run)
{
	static unsigned serial;
	const char *argv[WORDS_MAX] = { program("IFCTL", "build/asan/ifctl") };
	struct buf copy = { 0 };
	pid_t pid;

	buf_clear(&run->out);
	buf_clear(&run->err);
	buf_add_str(&run->out, text("%s/out-%u", fabric->folder, ++serial));
	buf_add_str(&run->err, text("%s/err-%u", fabric->folder, serial));
	buf_add_str(&copy, words);
	split(buf_str(&copy), argv + 1);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY);
		int out = open(buf_str(&run->out), O_WRONLY | O_CREAT | O_TRUNC, 0600);
		int err = open(buf_str(&run->err), O_WRONLY | O_CREAT | O_TRUNC, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, 0);
		dup2(out, 1);
		dup2(err, 2);
		close_range(3, ~0U, 0);
		set_environment(fabric);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		dprintf(2, "cannot run %s\n", argv[0]);
		_exit(127);
	}
	buf_finish(&copy);
	return pid;
}

/* Replaces the name of a file by what is in it. */
static void read_back(struct buf *buf)
{
	int fd = open(buf_str(buf), O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	unlink(buf_str(buf));
	buf_clear(buf);
	read_all(fd, buf);
	close(fd);
}

void run_end(pid_t pid, struct run *run)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	run->code = exit_code_of(status);
	read_back(&run->out);
	read_back(&run->err);
}

void run(struct fabric *fabric, const char *words, struct run *run)
{
	run_end(run_begin(fabric, words, run), run);
}

void run_finish(struct run *run)
{
	buf_finish(&run->out);
	buf_finish(&run->err);
}
