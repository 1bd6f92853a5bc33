/*
 * ensure - assertions that stay on in release builds.
 *
 * ENSURE states what must be true for the program to be right. When it is
 * false the program has a bug, and stopping is safer than going on: the
 * ledger holds everything that was ever acknowledged.
 */
#ifndef BASE_ENSURE_H
#define BASE_ENSURE_H

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(at, args) __attribute__((format(printf, at, args)))
#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Called once before the process ends; tests and the daemon may replace it to say more. */
typedef void panic_fn(const char *file, int line, const char *what);
void panic_set_handler(panic_fn *handler);

/* Never returns. */
__attribute__((noreturn, cold)) void panic(const char *file, int line, const char *what);

#define ENSURE(condition)                                          \
	do {                                                       \
		if (__builtin_expect(!(condition), 0))             \
			panic(__FILE__, __LINE__, #condition);     \
	} while (0)

/* A place that cannot be reached. */
#define BUG(what) panic(__FILE__, __LINE__, what)

#endif
