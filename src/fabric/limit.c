#include "fabric/limit.h"

#include "base/ensure.h"

const struct limit_info limit_table[] = {
#define LIMIT(name, value, reason) { #name, value, reason },
#include "fabric/limit.def"
#undef LIMIT
};

const size_t limit_count = ARRAY_LEN(limit_table);
