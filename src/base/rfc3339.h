/*
 * rfc3339 - reads a time as the internet writes it; buf_add_time writes it.
 */
#ifndef BASE_RFC3339_H
#define BASE_RFC3339_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * 2026-11-22T19:34:07.123456Z: the whole slice, with Z or an offset such as
 * +01:00, any number of decimals up to nine (microseconds count), years 1970
 * to 9999. False when it is none.
 */
bool rfc3339_read(struct slice text, int64_t *ret_us);

#endif
