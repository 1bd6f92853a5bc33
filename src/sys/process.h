/*
 * process - runs a program without a shell, and sees it to its end.
 *
 * The child is the leader of a new process group, so that all of what it
 * started can be ended with it. It gets the environment that is given and
 * nothing else: no descriptor but its three pipes, default signal actions,
 * an empty signal mask.
 */
#ifndef SYS_PROCESS_H
#define SYS_PROCESS_H

#include <sys/types.h>

#include "base/error.h"
#include "sys/loop.h"

struct process;

struct process_spec {
	const char *const *argv;	/* ends with NULL; argv[0] is searched in the PATH of `env` */
	const char *const *env;		/* ends with NULL; complete */
	const char *folder;		/* working folder; NULL: ours */
	struct slice input;		/* what it reads on stdin; copied */
	bool dies_with_parent;		/* killed when the thread that started it ends */
	bool no_core;			/* never leaves a core file */
	bool inherits_output;		/* writes to our stdout and stderr; on_output is not called */
};

enum process_output { PROCESS_STDOUT, PROCESS_STDERR };

struct process_end {
	int exit_status;		/* -1 when a signal ended it */
	int signal;			/* 0 when it exited */
	bool was_stopped;		/* by process_stop or process_kill */
};

struct process_ops {
	/* NULL: read and thrown away. */
	void (*on_output)(void *context, enum process_output which, struct slice bytes);
	/*
	 * The program ended, and its output was read as far as it came within
	 * a moment: what it left running may hold the pipes open for ever.
	 * The last call back; process_destroy is allowed inside.
	 */
	void (*on_end)(void *context, const struct process_end *end);
};

/*
 * ERR_OS when it could not be started, the reason in errno: that of exec
 * itself included (ENOENT: there is no such program).
 */
MUST_USE enum err process_spawn(struct loop *loop, const struct process_spec *spec,
				const struct process_ops *ops, void *context,
				struct process **ret_process);
/* Whether a program of this name can be found, as process_spawn does; errno says why not. */
bool process_can_run(const char *name, const char *const *env);
pid_t process_pid(const struct process *process);
bool process_has_ended(const struct process *process);

/*
 * TERM to the group, KILL after `grace_us` to whatever is left of it then,
 * or when the process is destroyed.
 */
void process_stop(struct process *process, int64_t grace_us);
/* KILL to the group, now. */
void process_kill(struct process *process);

/*
 * Kills what is left of the group, be the program itself ended or not, and
 * reaps it; on_end is not called any more. Takes NULL.
 */
void process_destroy(struct process *process);

/* For whoever forks and executes: the errno that came through the pipe, or 0: exec closed it. */
int process_exec_failure(int fd);
/* Waits until the child has ended, and leaves nothing of it. */
void process_reap(pid_t pid);

#endif
