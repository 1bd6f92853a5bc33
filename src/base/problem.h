/*
 * problem - an answer that is not "yes", as application/problem+json.
 *
 * {"type":"urn:infrafabric:error:task_claimed","title":"another worker holds the task",
 *  "status":409,"code":"task_claimed","detail":...,"hint":...,"retryable":true, ...}
 */
#ifndef BASE_PROBLEM_H
#define BASE_PROBLEM_H

#include "base/error.h"
#include "base/json.h"
#include "base/slice.h"

#define PROBLEM_MEDIA_TYPE "application/problem+json"

/* Opens the object and leaves it open for further members. An empty detail is left out. */
void problem_begin(struct json_writer *json, enum err err, struct slice detail);
void problem_end(struct json_writer *json);

/*
 * The whole object. `instance` (the path that was asked, or empty) and
 * `members` (ready-made JSON members such as "holder":"s1","until_ms":5, or
 * empty) come last.
 */
void problem_write(struct json_writer *json, enum err err, struct slice detail,
		   struct slice instance, struct slice members);

#endif
