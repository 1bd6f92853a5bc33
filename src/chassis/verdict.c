#include "chassis/verdict.h"

#include "base/ensure.h"

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
