/*
 * terminal - whether people look at a descriptor, and through how large a window.
 */
#ifndef SYS_TERMINAL_H
#define SYS_TERMINAL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

bool terminal_is(int fd);
/* 80 by 24 when it cannot be told. */
void terminal_size(int fd, int *ret_columns, int *ret_rows);

/*
 * Reads a line from the terminal without showing it, after a question. The line's
 * end is left out. ERR_LIMIT_EXCEEDED, or ERR_OS with errno; the terminal is as before.
 */
MUST_USE enum err terminal_read_hidden(int fd, const char *question, size_t bytes_max,
				       struct buf *ret_line);

#endif
