/*
 * figures - samples, their percentiles, and what a family of processes uses.
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Says what failed, with errno's reason when there is one, and ends the program. */
_Noreturn void die(const char *what);

struct samples {
	int64_t *us;
	size_t count, capacity;
};

void samples_add(struct samples *samples, int64_t us);
void samples_finish(struct samples *samples);
/* The smallest value that `part` of the samples (0.99) do not exceed, in ms; sorts. 0 when empty. */
double samples_ms(struct samples *samples, double part);

double median(double *values, size_t count);

struct usage {
	double cpu_s;
	double memory_mb;	/* shared pages are counted once */
};

/* Of a process and its children, which a server like PostgreSQL does its work in. */
struct usage family_usage(pid_t pid);

#endif
