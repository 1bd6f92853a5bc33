#include "chassis/usage.h"

static void add(int64_t *sum, int64_t more)
{
	if (__builtin_add_overflow(*sum, more, sum))
		*sum = INT64_MAX;
}

void usage_add_run(struct swarm_usage *usage, const struct usage_run *run)
{
	add(&usage->runs[run->verdict], 1);
	add(&usage->wall_us, run->wall_us);
	add(&usage->cpu_us, run->cpu_us);
	add(&usage->fuel, run->fuel);
	add(&usage->output_bytes, run->output_bytes);
	add(&usage->http_requests, run->http_requests);
	if (run->memory_bytes > usage->memory_bytes)
		usage->memory_bytes = run->memory_bytes;
}

void usage_add_request(struct swarm_usage *usage, const struct usage_request *request)
{
	add(&usage->requests, 1);
	add(&usage->denied, request->denied);
	add(&usage->failed, !request->denied && request->status == 0);
	add(&usage->transferred_bytes, request->bytes);
	add(&usage->waited_ms, request->duration_ms);
}
