#include "sys/local_time.h"

#include <time.h>

struct local_time local_time_of(int64_t at_us)
{
	time_t seconds = (time_t)(at_us / 1000000);
	struct tm parts = { 0 };

	localtime_r(&seconds, &parts);
	return (struct local_time){
		parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
		parts.tm_hour, parts.tm_min, parts.tm_sec,
	};
}
