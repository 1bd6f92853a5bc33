/*
 * What a guest can ask of the sandbox, for guests in C. Copy this file into your project.
 *
 *	clang --target=wasm32 -O2 -nostdlib -ffreestanding -fvisibility=hidden \
 *		-Wl,--no-entry,--strip-all,-z,stack-size=65536 -o guest.wasm guest.c
 *
 * A guest exports `run`, which takes nothing and gives nothing, and the memory that pointers point
 * into; a run is good when it returns after one result. Nobody but the caller sees a result: it is
 * bytes, and JSON when a task's result is to be of use to others. A pointer that does not lie in
 * the guest's memory ends the run like any other access outside.
 */
#ifndef INFRAFABRIC_GUEST_H
#define INFRAFABRIC_GUEST_H

#include <stddef.h>
#include <stdint.h>

#define IF_IMPORT(name) __attribute__((import_module("infrafabric"), import_name(name)))
#define IF_EXPORT(name) __attribute__((export_name(name), visibility("default")))

enum { IF_LOG_ERROR, IF_LOG_WARN, IF_LOG_INFO, IF_LOG_DEBUG };
enum { IF_CLOCK_WALL, IF_CLOCK_RUN };	/* since 1970, UTC; since the run began */

/* How many bytes of input there are. */
IF_IMPORT("input_size") size_t if_input_size(void);
/* Copies at most `len` of them, from `offset` on; returns how many that were. */
IF_IMPORT("input_read") size_t if_input_read(void *to, size_t len, size_t offset);

/* The result: once. A second one ends the run as a bad result, as does one that is too long. */
IF_IMPORT("result") void if_result(const void *bytes, size_t len);

/* A line for whoever watches. What is more than the contract's log_bytes is not kept. */
IF_IMPORT("log") void if_log(int level, const void *text, size_t len);

/* Nanoseconds. Stands still when the contract says what time it is. */
IF_IMPORT("time_ns") int64_t if_time_ns(int clock);
/* Bytes that nobody can guess, or those of the contract's seed. */
IF_IMPORT("random") void if_random(void *to, size_t len);

/*
 * One request, as JSON: {"method":"GET","url":"https://api.example.com/v1","headers":{},"body":""},
 * its body in base64. Waits for the reply and returns its length; -1 when there is none, as without
 * any grant. The reply is JSON, too: {"status":200,"headers":{},"body":"..."} or {"error":{...}}.
 */
IF_IMPORT("http_request") int32_t if_http_request(const void *json, size_t len);
/* Copies the last reply, as if_input_read does. */
IF_IMPORT("http_read") size_t if_http_read(void *to, size_t len, size_t offset);

#endif
