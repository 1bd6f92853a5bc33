#include "sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/slice.h"

#define READ_BYTES 16384
#define READS_A_TURN_MAX 4	/* a program that prints without end must not hold the loop */
/* After the program ended: what it wrote last is in the pipe already. */
#define LAST_OUTPUT_US 200000
#define SEARCH_PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

/* A pipe, as we hold it. */
struct stream {
	int fd;				/* -1: closed */
	struct loop_fd *watched;
	struct process *process;
	enum process_output which;
};

struct process {
	struct loop *loop;
	const struct process_ops *ops;
	void *context;
	pid_t pid;
	int pidfd;
	struct loop_fd *watched;	/* pidfd */
	struct stream input;
	struct stream output[2];
	char *input_bytes;
	size_t input_len;
	size_t input_done;
	struct loop_timer *kill_timer;
	struct loop_timer *last_timer;
	struct process_end end;
	bool has_ended;
	bool is_reported;
};

/* What the child needs, prepared before the fork: after it only system calls are safe. */
struct child {
	const char *program;
	char *const *argv;
	char *const *env;
	const char *folder;
	int stdio[3];
	int failure;			/* errno of what failed goes here; closed by exec */
	pid_t parent;
	bool dies_with_parent;
	bool no_core;
};

/* ---- in the child ---- */

static void child_reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);	/* fails for KILL and STOP, which have no other */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Moves the descriptors out of the way of 0 to 2, then into them, and closes all others. */
static bool child_set_descriptors(struct child *child)
{
	for (int i = 0; i < 3; i++) {
		child->stdio[i] = fcntl(child->stdio[i], F_DUPFD, 4);
		if (child->stdio[i] < 0)
			return false;
	}
	if (child->failure != 3 && dup2(child->failure, 3) < 0)
		return false;
	child->failure = 3;
	if (fcntl(3, F_SETFD, FD_CLOEXEC) < 0)
		return false;
	for (int i = 0; i < 3; i++) {
		if (dup2(child->stdio[i], i) < 0)
			return false;
	}
	return close_range(4, UINT_MAX, 0) == 0;
}

static bool child_set_limits(const struct child *child)
{
	const struct rlimit none = { 0, 0 };

	if (child->no_core && setrlimit(RLIMIT_CORE, &none) != 0)
		return false;
	if (!child->dies_with_parent)
		return true;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return false;
	/* The parent may have ended before that was asked for. */
	if (getppid() != child->parent)
		_exit(127);
	return true;
}

__attribute__((noreturn)) static void child_run(struct child *child)
{
	int failed;

	if (setpgid(0, 0) == 0 && child_set_limits(child) && child_set_descriptors(child) &&
	    (!child->folder || chdir(child->folder) == 0)) {
		child_reset_signals();
		execve(child->program, child->argv, child->env);
	}
	failed = errno;
	if (write(child->failure, &failed, sizeof(failed)) < 0)
		_exit(126);
	_exit(127);
}

/* ---- in the parent ---- */

static const char *env_path(const char *const *env)
{
	for (size_t i = 0; env[i]; i++) {
		if (strncmp(env[i], "PATH=", 5) == 0)
			return env[i] + 5;
	}
	return SEARCH_PATH_DEFAULT;
}

static bool is_program(const char *path)
{
	struct stat found;

	return stat(path, &found) == 0 && S_ISREG(found.st_mode) && access(path, X_OK) == 0;
}

/* Where the program lies; errno is set when nowhere. */
static bool find_program(const char *name, const char *const *env, char ret_path[PATH_MAX])
{
	struct slice rest = slice_of_str(env_path(env));

	errno = ENOENT;
	if (strchr(name, '/')) {
		if (strlen(name) >= PATH_MAX) {
			errno = ENAMETOOLONG;
			return false;
		}
		memcpy(ret_path, name, strlen(name) + 1);
		return true;
	}
	while (name[0] && rest.len > 0) {
		struct slice folder = slice_cut(&rest, ':');
		int len = snprintf(ret_path, PATH_MAX, "%.*s/%s", (int)folder.len, folder.ptr, name);

		if (folder.len && len > 0 && len < PATH_MAX && is_program(ret_path))
			return true;
	}
	errno = ENOENT;
	return false;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void stream_close(struct stream *stream)
{
	loop_fd_close(stream->watched);
	stream->watched = NULL;
	close_fd(&stream->fd);
}

/* All three pipes and the one for the failure of exec: [0] is read, [1] is written. */
struct pipes {
	int stdio[3][2];
	int failure[2];
};

static void pipes_close(struct pipes *pipes)
{
	for (int i = 0; i < 3; i++) {
		close_fd(&pipes->stdio[i][0]);
		close_fd(&pipes->stdio[i][1]);
	}
	close_fd(&pipes->failure[0]);
	close_fd(&pipes->failure[1]);
}

static bool pipes_open(struct pipes *pipes, const struct process_spec *spec)
{
	memset(pipes, 0xff, sizeof(*pipes));
	if (pipe2(pipes->failure, O_CLOEXEC) != 0 || pipe2(pipes->stdio[0], O_CLOEXEC) != 0)
		return false;
	for (int i = 1; i < 3; i++) {
		if (spec->inherits_output) {
			pipes->stdio[i][1] = fcntl(i, F_DUPFD_CLOEXEC, 3);
			if (pipes->stdio[i][1] < 0)
				return false;
		} else if (pipe2(pipes->stdio[i], O_CLOEXEC) != 0) {
			return false;
		}
	}
	return true;
}

int process_exec_failure(int fd)
{
	int failed = 0;
	ssize_t got;

	do {
		got = read(fd, &failed, sizeof(failed));
	} while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(failed) ? failed : 0;
}

void process_reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/* Forks and sees that exec worked. errno is set when it did not. */
static bool start_child(struct child *child, struct pipes *pipes, pid_t *ret_pid, int *ret_pidfd)
{
	sigset_t all, before;
	int failed;
	pid_t pid;

	/* No handler of ours may run in the child before it has reset them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		child_run(child);
	failed = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0) {
		errno = failed;
		return false;
	}
	close_fd(&pipes->failure[1]);
	failed = process_exec_failure(pipes->failure[0]);
	*ret_pidfd = failed ? -1 : pidfd_open(pid, 0);
	if (*ret_pidfd >= 0) {
		*ret_pid = pid;
		return true;
	}
	if (!failed) {
		failed = errno;
		kill(-pid, SIGKILL);
	}
	process_reap(pid);
	errno = failed;
	return false;
}

/* Tells once, when the program has ended and its output has too, or was given its moment. */
static void report_when_over(struct process *process)
{
	if (process->is_reported || !process->has_ended || process->output[0].fd >= 0 ||
	    process->output[1].fd >= 0)
		return;
	process->is_reported = true;
	loop_timer_cancel(process->last_timer);
	if (process->ops->on_end)
		process->ops->on_end(process->context, &process->end);
}

static void on_output_ready(void *context, unsigned ready)
{
	struct stream *stream = context;
	struct process *process = stream->process;
	char bytes[READ_BYTES];

	(void)ready;
	for (int i = 0; i < READS_A_TURN_MAX; i++) {
		ssize_t got = read(stream->fd, bytes, sizeof(bytes));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			stream_close(stream);
			report_when_over(process);
			return;
		}
		if (process->ops->on_output)
			process->ops->on_output(process->context, stream->which,
						slice_of(bytes, (size_t)got));
		if ((size_t)got < sizeof(bytes))
			return;
	}
}

static void on_input_ready(void *context, unsigned ready)
{
	struct stream *stream = context;
	struct process *process = stream->process;
	ssize_t put;

	(void)ready;
	put = write(stream->fd, process->input_bytes + process->input_done,
		    process->input_len - process->input_done);
	if (put < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (put > 0)
		process->input_done += (size_t)put;
	/* It may not care for its input: EPIPE is no failure. */
	if (put < 0 || process->input_done == process->input_len)
		stream_close(stream);
}

static void on_last_moment(void *context)
{
	struct process *process = context;

	stream_close(&process->output[PROCESS_STDOUT]);
	stream_close(&process->output[PROCESS_STDERR]);
	report_when_over(process);
}

/*
 * Looks how it ended and leaves the zombie where it is: while that keeps
 * the number taken, a signal to the group cannot reach a stranger.
 */
static void look_at_end(struct process *process)
{
	siginfo_t info = { 0 };
	int found;

	do {
		found = waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOHANG | WNOWAIT);
	} while (found < 0 && errno == EINTR);
	if (found < 0 || info.si_pid == 0)
		return;
	process->has_ended = true;
	process->end.exit_status = info.si_code == CLD_EXITED ? info.si_status : -1;
	process->end.signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
	loop_fd_close(process->watched);
	process->watched = NULL;
	stream_close(&process->input);
}

static void on_process_ended(void *context, unsigned ready)
{
	struct process *process = context;

	(void)ready;
	look_at_end(process);
	if (!process->has_ended)
		return;
	loop_timer_set(process->last_timer, LAST_OUTPUT_US);
	report_when_over(process);
}

static void on_kill_time(void *context)
{
	process_kill(context);
}

static void stream_open(struct stream *stream, struct process *process, int *fd, loop_fd_fn *fn,
			unsigned interest)
{
	stream->fd = *fd;
	stream->process = process;
	*fd = -1;
	ENSURE(fcntl(stream->fd, F_SETFL, O_NONBLOCK) == 0);
	stream->watched = loop_fd_open(process->loop, stream->fd, fn, stream);
	loop_fd_watch(stream->watched, interest);
}

static struct process *process_create(struct loop *loop, const struct process_spec *spec,
				      const struct process_ops *ops, void *context,
				      struct pipes *pipes)
{
	struct process *process = alloc_zero(1, sizeof(*process));

	process->loop = loop;
	process->ops = ops;
	process->context = context;
	process->input.fd = -1;
	process->output[0].fd = -1;
	process->output[1].fd = -1;
	process->kill_timer = loop_timer_open(loop, on_kill_time, process);
	process->last_timer = loop_timer_open(loop, on_last_moment, process);
	if (spec->input.len) {
		process->input_bytes = alloc_copy(spec->input.ptr, spec->input.len);
		process->input_len = spec->input.len;
		stream_open(&process->input, process, &pipes->stdio[0][1], on_input_ready,
			    LOOP_WRITE);
	}
	for (unsigned i = 0; i < 2 && !spec->inherits_output; i++) {
		process->output[i].which = i == 0 ? PROCESS_STDOUT : PROCESS_STDERR;
		stream_open(&process->output[i], process, &pipes->stdio[i + 1][0], on_output_ready,
			    LOOP_READ);
	}
	return process;
}

/* execve takes its lists without const for reasons of history; it writes to neither. */
static char *const *exec_list(const char *const *list)
{
	union {
		const char *const *from;
		char *const *to;
	} same = { .from = list };

	return same.to;
}

enum err process_spawn(struct loop *loop, const struct process_spec *spec,
		       const struct process_ops *ops, void *context, struct process **ret_process)
{
	char program[PATH_MAX];
	struct pipes pipes;
	struct child child = {
		.program = program,
		.argv = exec_list(spec->argv),
		.env = exec_list(spec->env),
		.folder = spec->folder,
		.parent = getpid(),
		.dies_with_parent = spec->dies_with_parent,
		.no_core = spec->no_core,
	};
	struct process *process;
	int pidfd, saved;
	pid_t pid;

	ENSURE(spec->argv[0] != NULL);
	if (!find_program(spec->argv[0], spec->env, program))
		return ERR_OS;
	if (!pipes_open(&pipes, spec))
		goto failed;
	child.stdio[0] = pipes.stdio[0][0];
	child.stdio[1] = pipes.stdio[1][1];
	child.stdio[2] = pipes.stdio[2][1];
	child.failure = pipes.failure[1];
	if (!start_child(&child, &pipes, &pid, &pidfd))
		goto failed;
	process = process_create(loop, spec, ops, context, &pipes);
	process->pid = pid;
	process->pidfd = pidfd;
	process->watched = loop_fd_open(loop, pidfd, on_process_ended, process);
	loop_fd_watch(process->watched, LOOP_READ);
	pipes_close(&pipes);
	*ret_process = process;
	return OK;
failed:
	saved = errno;
	pipes_close(&pipes);
	errno = saved;
	return ERR_OS;
}

bool process_can_run(const char *name, const char *const *env)
{
	char program[PATH_MAX];

	if (!find_program(name, env, program))
		return false;
	if (is_program(program))
		return true;
	/* stat and access say why, but for a folder, which anybody may enter. */
	if (access(program, X_OK) == 0)
		errno = EISDIR;
	return false;
}

pid_t process_pid(const struct process *process)
{
	return process->pid;
}

bool process_has_ended(const struct process *process)
{
	return process->has_ended;
}

void process_kill(struct process *process)
{
	process->end.was_stopped |= !process->has_ended;
	loop_timer_cancel(process->kill_timer);
	kill(-process->pid, SIGKILL);
}

void process_stop(struct process *process, int64_t grace_us)
{
	process->end.was_stopped |= !process->has_ended;
	kill(-process->pid, SIGTERM);
	loop_timer_set(process->kill_timer, grace_us);
}

void process_destroy(struct process *process)
{
	if (!process)
		return;
	kill(-process->pid, SIGKILL);
	process_reap(process->pid);
	loop_fd_close(process->watched);
	close(process->pidfd);
	stream_close(&process->input);
	stream_close(&process->output[PROCESS_STDOUT]);
	stream_close(&process->output[PROCESS_STDERR]);
	loop_timer_close(process->kill_timer);
	loop_timer_close(process->last_timer);
	free(process->input_bytes);
	free(process);
}
