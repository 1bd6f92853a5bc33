#include "sandbox/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/files.h"

/* What the process has besides the guest's memory: engine, code, stacks, result, room to spare. */
#define DATA_BYTES_OWN (INT64_C(96) * MIB)
#define FILES_MAX 64
#define NOBODY 65534

#define LANDLOCK_READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* Every access to files that the first version of its interface knows. */
#define LANDLOCK_ALL ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static bool set_limit(int resource, rlim_t most)
{
	struct rlimit limit = { most, most };

	return setrlimit((__rlimit_resource_t)resource, &limit) == 0;
}

static bool limit_process(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && set_limit(RLIMIT_CORE, 0);
}

/* ---- namespaces ------------------------------------------------------------------------------ */

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool is_written = fd >= 0 && file_write_fd(fd, slice_of_str(text)) == OK;

	if (fd >= 0)
		close(fd);
	return is_written;
}

/* Whoever we are outside, inside we are nobody. */
static bool map_user(uid_t uid, gid_t gid)
{
	char map[64];

	if (!write_file("/proc/self/setgroups", "deny"))
		return false;
	snprintf(map, sizeof(map), "%d %u 1", NOBODY, (unsigned)uid);
	if (!write_file("/proc/self/uid_map", map))
		return false;
	snprintf(map, sizeof(map), "%d %u 1", NOBODY, (unsigned)gid);
	return write_file("/proc/self/gid_map", map);
}

/* An empty folder of its own becomes the root, and the old one is let go. */
static bool leave_files(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
		     "size=0,mode=555") == 0 &&
	       chdir("/proc") == 0 && syscall(SYS_pivot_root, ".", ".") == 0 &&
	       umount2(".", MNT_DETACH) == 0 && chdir("/") == 0;
}

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	return syscall(SYS_capset, &head, none) == 0;
}

/* Half of it would be worse than nothing said: a process that cannot go all the way stops. */
static bool enter_namespaces(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS |
		    CLONE_NEWCGROUP | CLONE_NEWPID) != 0)
		return false;
	return map_user(uid, gid) && leave_files() && drop_capabilities();
}

/* ---- landlock -------------------------------------------------------------------------------- */

static bool allow_folder(int rules, int folder)
{
	struct landlock_path_beneath_attr below = { LANDLOCK_READS, folder };

	return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) == 0;
}

/* A descriptor of the rules, or -1. */
static int make_rules(const struct guest *guest)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = LANDLOCK_ALL };
	int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	for (size_t i = 0; rules >= 0 && guest && i < GUEST_FILES_MAX; i++) {
		if (guest->files[i].is_granted && !allow_folder(rules, guest->files[i].fd)) {
			close(rules);
			rules = -1;
		}
	}
	return rules;
}

/* ---- entering -------------------------------------------------------------------------------- */

/* Asked of a process that may be lost: an unshare that goes half the way cannot be undone. */
static bool has_namespaces(void)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(enter_namespaces() ? 0 : 1);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool has_files(const struct guest *guest)
{
	for (size_t i = 0; guest && i < GUEST_FILES_MAX; i++)
		if (guest->files[i].is_granted)
			return true;
	return false;
}

void jail_enter(struct jail *jail, const struct guest *guest)
{
	const struct contract_limits *limits = guest ? &guest->contract->limits : NULL;

	*jail = (struct jail){ .landlock = -1 };
	if (limits) {
		jail->data_bytes = (uint64_t)(limits->memory_bytes + 2 * limits->output_bytes +
					    limits->input_bytes + DATA_BYTES_OWN);
		/* Behind the clock on the wall, for a supervisor that is not there to watch it. */
		jail->cpu_s = (uint64_t)(limits->wall_ms / 1000 + 2);
	}
	if (limit_process())
		jail->layers |= LAYER_BIT(LAYER_LIMITS);
	jail->landlock = make_rules(guest);
	if (jail->landlock >= 0)
		jail->layers |= LAYER_BIT(LAYER_LANDLOCK);
	jail->zygote = filter_create(FILTER_ZYGOTE);
	jail->guest = filter_create(has_files(guest) ? FILTER_GUEST_WITH_FILES : FILTER_GUEST);
	if (jail->zygote && jail->guest)
		jail->layers |= LAYER_BIT(LAYER_SECCOMP);
	if (has_namespaces() && enter_namespaces())
		jail->layers |= LAYER_BIT(LAYER_NAMESPACES);
	/* Only now: who cannot be looked at may not write the map of its users, either. */
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		jail->layers &= ~LAYER_BIT(LAYER_LIMITS);
}

bool jail_close_zygote(const struct jail *jail)
{
	return !(jail->layers & LAYER_BIT(LAYER_SECCOMP)) || filter_set(jail->zygote);
}

bool jail_close_guest(const struct jail *jail)
{
	bool has_landlock = jail->layers & LAYER_BIT(LAYER_LANDLOCK);
	bool has_seccomp = jail->layers & LAYER_BIT(LAYER_SECCOMP);

	if (!set_limit(RLIMIT_DATA, jail->data_bytes) || !set_limit(RLIMIT_CPU, jail->cpu_s) ||
	    !set_limit(RLIMIT_NOFILE, FILES_MAX) || !set_limit(RLIMIT_NPROC, 0) ||
	    !set_limit(RLIMIT_FSIZE, 0))
		return false;
	if (has_landlock &&
	    (syscall(SYS_landlock_restrict_self, jail->landlock, 0) != 0 || close(jail->landlock) != 0))
		return false;
	return !has_seccomp || filter_set(jail->guest);
}

void jail_finish(struct jail *jail)
{
	filter_destroy(jail->zygote);
	filter_destroy(jail->guest);
	if (jail->landlock >= 0)
		close(jail->landlock);
}

bool jail_close_compiler(const struct filter *filter)
{
	return limit_process() && set_limit(RLIMIT_CPU, COMPILE_CPU_S) &&
	       set_limit(RLIMIT_DATA, COMPILE_DATA_BYTES) && set_limit(RLIMIT_NPROC, 0) &&
	       set_limit(RLIMIT_FSIZE, 0) && (!filter || filter_set(filter));
}
