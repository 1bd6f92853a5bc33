#include "sys/entropy.h"

#include <errno.h>
#include <sys/random.h>

#include "base/ensure.h"

void entropy_fill(void *ret_bytes, size_t len)
{
	unsigned char *at = ret_bytes;

	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		/* Without randomness ids and keys could be guessed: better to stop. */
		ENSURE(got > 0);
		at += got;
		len -= (size_t)got;
	}
}

uint64_t entropy_u64(void)
{
	uint64_t value;

	entropy_fill(&value, sizeof(value));
	return value;
}
