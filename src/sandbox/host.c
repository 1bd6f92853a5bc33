#include "sandbox/host.h"

const struct host_function host_functions[] = {
#define HOST(module, name, takes, gives, fn) { module, name, takes, gives, fn },
#include "sandbox/host.def"
#undef HOST
};
const size_t host_function_count = ARRAY_LEN(host_functions);

const struct host_function *host_find(struct slice module, struct slice name)
{
	for (size_t i = 0; i < host_function_count; i++)
		if (slice_is_str(module, host_functions[i].module) &&
		    slice_is_str(name, host_functions[i].name))
			return &host_functions[i];
	return NULL;
}
