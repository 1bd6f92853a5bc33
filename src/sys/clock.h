/*
 * clock - what time it is, in microseconds.
 *
 * The machine never asks: time comes to it with each command.
 */
#ifndef SYS_CLOCK_H
#define SYS_CLOCK_H

#include <stdint.h>

/* Since 1970-01-01 UTC; may jump when somebody sets the clock. */
int64_t clock_wall_us(void);
/* Never goes back; means nothing outside this boot of this machine. */
int64_t clock_mono_us(void);
/* Waits so long, or until a signal comes. */
void clock_sleep_us(int64_t wait_us);

#endif
