#include "base/ensure.h"

#include <stddef.h>
#include <stdlib.h>

static panic_fn *panic_handler;

void panic_set_handler(panic_fn *handler)
{
	panic_handler = handler;
}

void panic(const char *file, int line, const char *what)
{
	panic_fn *handler = panic_handler;

	panic_handler = NULL;
	if (handler)
		handler(file, line, what);
	abort();
}
