/*
 * local_time - times as people here read them, in their time zone.
 */
#ifndef SYS_LOCAL_TIME_H
#define SYS_LOCAL_TIME_H

#include <stdint.h>

struct local_time {
	int year, month, day;		/* month and day from 1 */
	int hour, minute, second;
};

struct local_time local_time_of(int64_t at_us);

#endif
