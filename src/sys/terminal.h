/*
 * terminal - whether people look at a descriptor, and through how large a window.
 */
#ifndef SYS_TERMINAL_H
#define SYS_TERMINAL_H

#include <stdbool.h>

bool terminal_is(int fd);
/* 80 by 24 when it cannot be told. */
void terminal_size(int fd, int *ret_columns, int *ret_rows);

#endif
