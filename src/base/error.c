#include "base/error.h"

static const struct err_info catalogue[] = {
	[OK] = { "OK", "ok", ERR_KIND_NONE, 200, 0, 0, false, "done", "" },
#define ERR(name, code, kind, http, exit, jsonrpc, retryable, message, hint)                    \
	[ERR_##name] = { #name, code, ERR_KIND_##kind, http, exit, jsonrpc, retryable, message, \
			 hint },
#include "base/error.def"
#undef ERR
};

const struct err_info *err_info(enum err err)
{
	ENSURE(err >= OK && err < ERR_COUNT);
	return &catalogue[err];
}

enum err err_of_code(struct slice code)
{
	for (int err = OK; err < ERR_COUNT; err++)
		if (slice_is_str(code, catalogue[err].code))
			return (enum err)err;
	return ERR_COUNT;
}
