/*
 * verdict - how a guest's run ended.
 *
 * Every run has exactly one. A name is what ledgers and programs compare,
 * and never changes; a new verdict goes to the end of verdict.def.
 */
#ifndef CHASSIS_VERDICT_H
#define CHASSIS_VERDICT_H

enum chassis_verdict {
#define VERDICT(name, text, meaning) CHASSIS_VERDICT_##name,
#include "chassis/verdict.def"
#undef VERDICT
	CHASSIS_VERDICT_COUNT
};

extern const char *const chassis_verdict_names[];	/* for tables */
/* "out_of_fuel" */
const char *chassis_verdict_name(enum chassis_verdict verdict);
/* For people, without a point: "it used up its fuel". */
const char *chassis_verdict_meaning(enum chassis_verdict verdict);

#endif
