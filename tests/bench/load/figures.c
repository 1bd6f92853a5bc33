#include "load/figures.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

void die(const char *what)
{
	fprintf(stderr, "bench: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
	exit(EXIT_FAILURE);
}

void samples_add(struct samples *samples, int64_t us)
{
	samples->us = alloc_grow(samples->us, &samples->capacity, samples->count + 1,
				 sizeof(*samples->us));
	samples->us[samples->count++] = us;
}

void samples_finish(struct samples *samples)
{
	free(samples->us);
	*samples = (struct samples){ 0 };
}

static int compare_i64(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

double samples_ms(struct samples *samples, double part)
{
	if (samples->count == 0)
		return 0;
	qsort(samples->us, samples->count, sizeof(*samples->us), compare_i64);
	return (double)samples->us[(size_t)((double)(samples->count - 1) * part)] / 1e3;
}

static int compare_double(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

double median(double *values, size_t count)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof(*values), compare_double);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* ---- /proc --------------------------------------------------------------------------------- */

static size_t read_proc(pid_t pid, const char *name, char *text, size_t room)
{
	char path[64];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	len = fread(text, 1, room - 1, file);
	fclose(file);
	text[len] = '\0';
	return len;
}

/* What stands behind the name, which may hold blanks and brackets: state, parent, ... */
static pid_t read_stat(pid_t pid, double *ret_cpu_s)
{
	char text[1024], *rest;
	unsigned long user = 0, system = 0;
	long of_children[2] = { 0 };
	int parent = 0;

	if (!read_proc(pid, "stat", text, sizeof(text)))
		return 0;
	rest = strrchr(text, ')');
	if (!rest || sscanf(rest + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld",
			    &parent, &user, &system, &of_children[0], &of_children[1]) != 5)
		return 0;
	*ret_cpu_s = (double)(user + system + (unsigned long)(of_children[0] + of_children[1])) /
		     (double)sysconf(_SC_CLK_TCK);
	return parent;
}

static double read_memory_mb(pid_t pid)
{
	char text[4096];
	const char *line;

	if (!read_proc(pid, "smaps_rollup", text, sizeof(text)))
		return 0;
	line = strstr(text, "\nPss:");
	return line ? (double)strtol(line + 5, NULL, 10) / 1024 : 0;
}

struct usage family_usage(pid_t pid)
{
	struct usage usage = { 0 };
	DIR *processes = opendir("/proc");
	const struct dirent *entry;

	if (!processes)
		return usage;
	while ((entry = readdir(processes)) != NULL) {
		pid_t found = (pid_t)strtol(entry->d_name, NULL, 10);
		double cpu_s = 0;
		pid_t parent = found > 0 ? read_stat(found, &cpu_s) : 0;

		if (parent == 0 || (found != pid && parent != pid))
			continue;
		usage.cpu_s += cpu_s;
		usage.memory_mb += read_memory_mb(found);
	}
	closedir(processes);
	return usage;
}
