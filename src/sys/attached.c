#include "sys/attached.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t child_pid;

static void pass_on(int number)
{
	int saved = errno;

	if (child_pid > 0)
		kill((pid_t)child_pid, number);
	errno = saved;
}

/* In the child; errno goes into the pipe when exec fails. */
__attribute__((noreturn)) static void run(const char *const *argv, int failure, pid_t parent)
{
	int failed;

	/* Its grant ends with us, so it must not go on without. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	failed = errno;
	if (write(failure, &failed, sizeof(failed)) < 0)
		_exit(126);
	_exit(127);
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : ATTACHED_EXIT_OF_SIGNAL + WTERMSIG(status);
}

static void handle(int number, void (*handler)(int), struct sigaction *ret_before)
{
	struct sigaction action = { .sa_handler = handler };

	sigaction(number, &action, ret_before);
}

enum err attached_run(const char *const *argv, int *ret_exit)
{
	static const int numbers[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT };
	struct sigaction before[ARRAY_LEN(numbers)];
	pid_t parent = getpid();
	int ends[2], failed = 0, status;
	ssize_t got;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return ERR_OS;
	pid = fork();
	if (pid == 0)
		run(argv, ends[1], parent);
	failed = errno;
	close(ends[1]);
	if (pid > 0) {
		child_pid = pid;
		for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
			handle(numbers[i], i < 2 ? pass_on : SIG_IGN, &before[i]);
		failed = 0;
		do {
			got = read(ends[0], &failed, sizeof(failed));
		} while (got < 0 && errno == EINTR);
		status = wait_for(pid);
		child_pid = 0;
		for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
			sigaction(numbers[i], &before[i], NULL);
		*ret_exit = status;
	}
	close(ends[0]);
	errno = failed;
	return failed ? ERR_OS : OK;
}
