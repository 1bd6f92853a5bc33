#include "chassis/verdict.h"

static const struct {
	const char *name, *meaning;
} verdicts[] = {
#define VERDICT(name, text, meaning) { text, meaning },
#include "chassis/verdict.def"
#undef VERDICT
};

const char *const chassis_verdict_names[] = {
#define VERDICT(name, text, meaning) [CHASSIS_VERDICT_##name] = (text),
#include "chassis/verdict.def"
#undef VERDICT
};

const char *chassis_verdict_name(enum chassis_verdict verdict)
{
	ENSURE(verdict < CHASSIS_VERDICT_COUNT);
	return verdicts[verdict].name;
}

const char *chassis_verdict_meaning(enum chassis_verdict verdict)
{
	ENSURE(verdict < CHASSIS_VERDICT_COUNT);
	return verdicts[verdict].meaning;
}

bool chassis_verdict_of(struct slice name, enum chassis_verdict *ret_verdict)
{
	for (int i = 0; i < CHASSIS_VERDICT_COUNT; i++) {
		if (slice_is_str(name, verdicts[i].name)) {
			*ret_verdict = (enum chassis_verdict)i;
			return true;
		}
	}
	return false;
}
