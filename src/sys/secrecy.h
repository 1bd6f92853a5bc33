/*
 * secrecy - a process that other processes cannot look into.
 */
#ifndef SYS_SECRECY_H
#define SYS_SECRECY_H

#include "base/error.h"

/*
 * From here on there is no core file of this process, no process of the same
 * user can read its memory or its environment (ptrace, /proc/PID/mem and the
 * like), and neither it nor what it starts can gain rights. ERR_OS with errno.
 */
MUST_USE enum err secrecy_begin(void);

#endif
