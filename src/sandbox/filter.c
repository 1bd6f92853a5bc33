#include "sandbox/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/ensure.h"
#include "sys/files.h"

#define PROGRAM_BYTES_MAX (4096 * sizeof(struct sock_filter))	/* the kernel's own limit */

#define NAMESPACE_FLAGS                                                                       \
	(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | \
	 CLONE_NEWCGROUP)

struct filter {
	struct buf bytes;
};

/* What every process of ours does: memory, time, chance, its own descriptors, its end. */
static const int calls_of_all[] = {
	SCMP_SYS(brk), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(close),
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(fstat), SCMP_SYS(futex), SCMP_SYS(getpid),
	SCMP_SYS(getrandom), SCMP_SYS(getrusage), SCMP_SYS(gettid), SCMP_SYS(lseek),
	SCMP_SYS(madvise), SCMP_SYS(mremap), SCMP_SYS(munmap), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(pread64), SCMP_SYS(read), SCMP_SYS(recvmsg), SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield), SCMP_SYS(sendmsg), SCMP_SYS(setitimer),
	SCMP_SYS(sigaltstack), SCMP_SYS(write),
};

/* To make code executable: the compiler and the loader do. Their mmap and mprotect are free. */
static const int calls_of_makers[] = {
	SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(fcntl), SCMP_SYS(sysinfo), SCMP_SYS(prlimit64),
};

/* To start processes, to shut them in and to see them end. */
static const int calls_of_zygote[] = {
	SCMP_SYS(close_range), SCMP_SYS(dup2), SCMP_SYS(dup3),
	SCMP_SYS(getppid), SCMP_SYS(landlock_restrict_self), SCMP_SYS(pidfd_open),
	SCMP_SYS(prctl), SCMP_SYS(seccomp),
	SCMP_SYS(set_robust_list), SCMP_SYS(setpriority), SCMP_SYS(setrlimit),
	SCMP_SYS(socketpair), SCMP_SYS(wait4),
};

/* What is looked at decides nothing about files: the descriptors are those of granted folders. */
static const int calls_of_files[] = { SCMP_SYS(openat2), SCMP_SYS(getdents64) };

static bool allow(scmp_filter_ctx context, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++)
		/* A call that this kind of machine does not have cannot be made, either. */
		if (seccomp_rule_add(context, SCMP_ACT_ALLOW, calls[i], 0) != 0 &&
		    calls[i] >= 0)
			return false;
	return true;
}

/* Memory, but none that is code; and to take a place further behind, which is its own alone. */
static bool allow_data(scmp_filter_ctx context)
{
	struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);

	struct scmp_arg_cmp one = SCMP_A0(SCMP_CMP_EQ, PRIO_PROCESS, 0);
	struct scmp_arg_cmp itself = SCMP_A1(SCMP_CMP_EQ, 0, 0);

	return seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(setpriority), 2, one, itself) == 0 &&
	       seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code) == 0 &&
	       seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code) == 0;
}

/* Processes, but no namespaces; what cannot be looked at (clone3) is not there. */
static bool allow_fork(scmp_filter_ctx context)
{
	struct scmp_arg_cmp plain = SCMP_A0(SCMP_CMP_MASKED_EQ, NAMESPACE_FLAGS, 0);

	return seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, plain) == 0 &&
	       seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
}

static bool build(scmp_filter_ctx context, enum filter_stage stage)
{
	if (!allow(context, calls_of_all, ARRAY_LEN(calls_of_all)))
		return false;
	switch (stage) {
	case FILTER_ZYGOTE:
		return allow_fork(context) &&
		       allow(context, calls_of_zygote, ARRAY_LEN(calls_of_zygote)) &&
		       allow(context, calls_of_files, ARRAY_LEN(calls_of_files)) &&
		       allow(context, calls_of_makers, ARRAY_LEN(calls_of_makers));
	case FILTER_COMPILER:
		return allow(context, calls_of_makers, ARRAY_LEN(calls_of_makers));
	case FILTER_GUEST_WITH_FILES:
		return allow_data(context) &&
		       allow(context, calls_of_files, ARRAY_LEN(calls_of_files));
	case FILTER_GUEST:
	default:
		return allow_data(context);
	}
}

/* libseccomp writes the program to a file; each process then takes it as it is. */
static bool export(scmp_filter_ctx context, struct buf *ret_bytes)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);
	bool is_done = fd >= 0 && seccomp_export_bpf(context, fd) == 0 && lseek(fd, 0, SEEK_SET) == 0 &&
		       file_read_fd(fd, PROGRAM_BYTES_MAX, ret_bytes) == OK;

	if (fd >= 0)
		close(fd);
	return is_done && ret_bytes->len > 0;
}

static bool system_has_filters(void)
{
	unsigned action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

struct filter *filter_create(enum filter_stage stage)
{
	struct filter *filter;
	scmp_filter_ctx context;
	bool is_built;

	if (!system_has_filters())
		return NULL;
	context = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!context)
		return NULL;
	filter = alloc_zero(1, sizeof(*filter));
	is_built = build(context, stage) && export(context, &filter->bytes);
	seccomp_release(context);
	if (is_built)
		return filter;
	filter_destroy(filter);
	return NULL;
}

void filter_destroy(struct filter *filter)
{
	if (!filter)
		return;
	buf_finish(&filter->bytes);
	free(filter);
}

bool filter_set(const struct filter *filter)
{
	struct sock_fprog program = {
		.len = (unsigned short)(filter->bytes.len / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)(void *)filter->bytes.ptr,
	};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}
