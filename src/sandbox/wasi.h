/*
 * wasi - what the files of WASI preview 1 share: its numbers, and helpers.
 *
 * The numbers are those of the published interface. Commands find their
 * input on stdin; what they write to stdout is their result.
 */
#ifndef SANDBOX_WASI_H
#define SANDBOX_WASI_H

#include "base/le.h"
#include "sandbox/host.h"

enum wasi_errno {
	WASI_OK = 0,
	WASI_2BIG = 1,
	WASI_ACCES = 2,
	WASI_BADF = 8,
	WASI_FAULT = 21,
	WASI_INVAL = 28,
	WASI_IO = 29,
	WASI_ISDIR = 31,
	WASI_LOOP = 32,
	WASI_MFILE = 33,
	WASI_NAMETOOLONG = 37,
	WASI_NOENT = 44,
	WASI_NOSYS = 52,
	WASI_NOTDIR = 54,
	WASI_NOTSUP = 58,
	WASI_SPIPE = 70,
	WASI_NOTCAPABLE = 76,
};

enum wasi_filetype {
	WASI_TYPE_UNKNOWN = 0,
	WASI_TYPE_FOLDER = 3,
	WASI_TYPE_PLAIN = 4,
	WASI_TYPE_LINK = 7,
};

#define WASI_RIGHT_READ (UINT64_C(1) << 1)
#define WASI_RIGHT_SEEK (UINT64_C(1) << 2)
#define WASI_RIGHT_TELL (UINT64_C(1) << 5)
#define WASI_RIGHT_WRITE (UINT64_C(1) << 6)
#define WASI_RIGHT_ADVISE (UINT64_C(1) << 7)
#define WASI_RIGHT_OPEN (UINT64_C(1) << 13)
#define WASI_RIGHT_LIST (UINT64_C(1) << 14)
#define WASI_RIGHT_PATH_STAT (UINT64_C(1) << 18)
#define WASI_RIGHT_STAT (UINT64_C(1) << 21)

#define WASI_IOVECS_MAX 1024	/* as many as the system takes in one call */
#define WASI_IOVEC_BYTES 8

static inline enum host_next wasi_answer(union host_value *values, enum wasi_errno number)
{
	values[0].i32 = (int32_t)number;
	return HOST_GOES_ON;
}

/* The file of this number, or NULL. */
static inline struct guest_file *wasi_file(struct guest *guest, uint32_t number)
{
	if (number >= GUEST_FILES_MAX || guest->files[number].kind == GUEST_NO_FILE)
		return NULL;
	return &guest->files[number];
}

/* One of the guest's pieces of memory; false when the list or the piece lies outside. */
static inline bool wasi_iovec(struct guest *guest, uint32_t list, uint32_t index,
			      uint8_t **ret_bytes, uint32_t *ret_len)
{
	const uint8_t *at = guest_bytes(guest, list, ((uint64_t)index + 1) * WASI_IOVEC_BYTES);

	if (!at)
		return false;
	at += (size_t)index * WASI_IOVEC_BYTES;
	*ret_len = le_get_u32(at + 4);
	*ret_bytes = guest_bytes(guest, le_get_u32(at), *ret_len);
	return *ret_bytes != NULL;
}

/* Stores a number where the guest wants it; false when that is outside. */
static inline bool wasi_put(struct guest *guest, uint32_t at, uint64_t value, unsigned bytes)
{
	uint8_t *to = guest_bytes(guest, at, bytes);

	if (to)
		le_put(to, value, bytes);
	return to != NULL;
}

#endif
