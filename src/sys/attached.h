/*
 * attached - runs a program in our own place: our terminal, our process
 * group, our standard input and output.
 */
#ifndef SYS_ATTACHED_H
#define SYS_ATTACHED_H

#include "base/error.h"

#define ATTACHED_EXIT_OF_SIGNAL 128	/* 128 and the signal's number, as shells have it */

/*
 * Waits until it has ended. TERM and HUP are passed on to it; what the
 * terminal sends (INT, QUIT) reaches it by itself, and does not end us.
 * `argv[0]` is searched in PATH. ERR_OS with errno when it could not be started.
 */
MUST_USE enum err attached_run(const char *const *argv, int *ret_exit);

#endif
