#include "sandbox/engine.h"

#include <stdlib.h>
#include <string.h>
#include <wasmtime.h>

#include "base/alloc.h"
#include "sandbox/host.h"

/*
 * Pool: one guest in each process, so one slot of each kind. Sizes above are refused when a module
 * is compiled; the contract's own limits come with each store.
 */
#define POOL_MEMORY_BYTES MEMORY_BYTES_MAX
#define POOL_TABLE_ELEMENTS 10000000	/* as many as a contract can grant */
#define POOL_INSTANCE_BYTES (4 * MIB)	/* some 100,000 functions */
/* Pages that stay when a guest is gone: only measuring runs a second one in the same process. */
#define POOL_KEEP_BYTES (64 * KIB)
/* The only tick is that of the deadline. */
#define EPOCHS_TO_LIVE 1

/* wasmtime/src/lib.rs: the same struct there. Weak: an installed C API has none. */
struct meter {
	uint64_t memory_bytes_max;
	uint64_t table_elements_max;
	uint64_t memory_bytes;
	uint64_t memory_refused;
	uint64_t table_refused;
};
void ifwasmtime_store_limiter(wasmtime_store_t *store, struct meter *meter) __attribute__((weak));

_Static_assert(sizeof(union host_value) == sizeof(wasmtime_val_raw_t), "numbers are passed raw");

struct engine {
	wasm_engine_t *wasm;
	wasmtime_linker_t *linker;
	wasmtime_module_t *module;
	wasmtime_instance_pre_t *ready;
	bool is_unmetered;
};

/* One run, as the host functions find it. */
struct run {
	struct guest *guest;
	wasmtime_memory_t memory;
	bool has_memory;
	struct meter meter;
};

/* ---- configuration --------------------------------------------------------------------------- */

static void choose_proposals(wasm_config_t *config)
{
	wasmtime_config_wasm_memory64_set(config, false);
	wasmtime_config_wasm_multi_memory_set(config, false);
	wasmtime_config_wasm_tail_call_set(config, false);
	wasmtime_config_wasm_relaxed_simd_set(config, false);
	wasmtime_config_wasm_custom_page_sizes_set(config, false);
	wasmtime_config_wasm_wide_arithmetic_set(config, false);
	wasmtime_config_wasm_stack_switching_set(config, false);
	wasmtime_config_shared_memory_set(config, false);
	wasmtime_config_gc_support_set(config, false);
#ifdef WASMTIME_FEATURE_THREADS
	wasmtime_config_wasm_threads_set(config, false);
#endif
#ifdef WASMTIME_FEATURE_GC
	wasmtime_config_wasm_gc_set(config, false);
	wasmtime_config_wasm_function_references_set(config, false);
	wasmtime_config_wasm_exceptions_set(config, false);
#endif
#ifdef WASMTIME_FEATURE_COMPONENT_MODEL
	wasmtime_config_wasm_component_model_set(config, false);
#endif
}

static void choose_pool(wasm_config_t *config)
{
	wasmtime_pooling_allocation_config_t *pool = wasmtime_pooling_allocation_config_new();

	wasmtime_pooling_allocation_config_total_core_instances_set(pool, 1);
	wasmtime_pooling_allocation_config_total_memories_set(pool, 1);
	wasmtime_pooling_allocation_config_total_tables_set(pool, 1);
	wasmtime_pooling_allocation_config_max_memories_per_module_set(pool, 1);
	wasmtime_pooling_allocation_config_max_tables_per_module_set(pool, 1);
	wasmtime_pooling_allocation_config_max_memory_size_set(pool, POOL_MEMORY_BYTES);
	wasmtime_pooling_allocation_config_table_elements_set(pool, POOL_TABLE_ELEMENTS);
	wasmtime_pooling_allocation_config_max_core_instance_size_set(pool, POOL_INSTANCE_BYTES);
	wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool, POOL_KEEP_BYTES);
	wasmtime_pooling_allocation_config_table_keep_resident_set(pool, POOL_KEEP_BYTES);
	wasmtime_pooling_allocation_strategy_set(config, pool);
	wasmtime_pooling_allocation_config_delete(pool);
}

struct engine *engine_create(const struct engine_config *config)
{
	struct engine *engine = alloc_zero(1, sizeof(*engine));
	wasm_config_t *wasm = wasm_config_new();

	choose_proposals(wasm);
	choose_pool(wasm);
	wasmtime_config_strategy_set(wasm, WASMTIME_STRATEGY_CRANELIFT);
	wasmtime_config_cranelift_opt_level_set(wasm, WASMTIME_OPT_LEVEL_SPEED);
	wasmtime_config_cranelift_nan_canonicalization_set(wasm, config->is_deterministic);
	wasmtime_config_consume_fuel_set(wasm, !config->is_unmetered);
	wasmtime_config_epoch_interruption_set(wasm, !config->is_unmetered);
	wasmtime_config_max_wasm_stack_set(wasm, config->stack_bytes);
	/* A process runs one guest: copying its data is cheaper than a file to map them from. */
	wasmtime_config_memory_init_cow_set(wasm, false);
	engine->wasm = wasm_engine_new_with_config(wasm);
	engine->is_unmetered = config->is_unmetered;
	return engine;
}

void engine_destroy(struct engine *engine)
{
	if (!engine)
		return;
	if (engine->ready)
		wasmtime_instance_pre_delete(engine->ready);
	if (engine->module)
		wasmtime_module_delete(engine->module);
	if (engine->linker)
		wasmtime_linker_delete(engine->linker);
	wasm_engine_delete(engine->wasm);
	free(engine);
}

const char *engine_version(void)
{
	return WASMTIME_VERSION;
}

bool engine_has_meter(void)
{
	return ifwasmtime_store_limiter != NULL;
}

void engine_fingerprint(const struct engine_config *config, struct buf *out)
{
	buf_add_lit(out, "wasmtime " WASMTIME_VERSION " fuel epoch pool1");
	if (config->is_deterministic)
		buf_add_lit(out, " nan");
}

void engine_interrupt(struct engine *engine)
{
	wasmtime_engine_increment_epoch(engine->wasm);
}

/* ---- modules --------------------------------------------------------------------------------- */

/* Consumes the error. What it says may be long: a module chooses its own names. */
static void describe(wasmtime_error_t *error, struct buf *detail)
{
	wasm_name_t message;

	wasmtime_error_message(error, &message);
	buf_add_slice(detail, slice_head(slice_of(message.data, message.size), DETAIL_BYTES_MAX / 2));
	wasm_byte_vec_delete(&message);
	wasmtime_error_delete(error);
}

enum err engine_compile(struct engine *engine, struct slice wasm, struct buf *ret_artifact,
			struct buf *detail)
{
	wasmtime_module_t *module = NULL;
	wasmtime_error_t *error;
	wasm_byte_vec_t bytes;

	error = wasmtime_module_new(engine->wasm, (const uint8_t *)wasm.ptr, wasm.len, &module);
	if (!error) {
		error = wasmtime_module_serialize(module, &bytes);
		wasmtime_module_delete(module);
	}
	if (error) {
		describe(error, detail);
		return ERR_MODULE_REFUSED;
	}
	buf_add(ret_artifact, bytes.data, bytes.size);
	wasm_byte_vec_delete(&bytes);
	return OK;
}

static wasm_valkind_t kind_of(char letter)
{
	return letter == 'I' ? WASM_I64 : WASM_I32;
}

static void make_types(const char *letters, wasm_valtype_vec_t *ret_types)
{
	size_t count = strlen(letters);

	wasm_valtype_vec_new_uninitialized(ret_types, count);
	for (size_t i = 0; i < count; i++)
		ret_types->data[i] = wasm_valtype_new(kind_of(letters[i]));
}

/* By name once: it is the same memory as long as its store lives. Where it lies, at each call. */
static void look_for_memory(struct guest *guest)
{
	wasmtime_caller_t *caller = guest->looked_in;
	wasmtime_context_t *context = wasmtime_caller_context(caller);
	struct run *run = wasmtime_context_get_data(context);
	wasmtime_extern_t found;

	guest->look = NULL;
	if (!run->has_memory) {
		run->has_memory = wasmtime_caller_export_get(caller, "memory", 6, &found) &&
				  found.kind == WASMTIME_EXTERN_MEMORY;
		if (!run->has_memory)
			return;
		run->memory = found.of.memory;
	}
	guest->memory = wasmtime_memory_data(context, &run->memory);
	guest->memory_len = wasmtime_memory_data_size(context, &run->memory);
}

static wasm_trap_t *on_call(void *env, wasmtime_caller_t *caller, wasmtime_val_raw_t *values,
			    size_t count)
{
	const struct host_function *function = env;
	struct run *run = wasmtime_context_get_data(wasmtime_caller_context(caller));
	struct guest *guest = run->guest;

	(void)count;
	guest->look = look_for_memory;
	guest->looked_in = caller;
	guest->memory = NULL;
	guest->host_calls++;
	if (function->fn(guest, (union host_value *)(void *)values) == HOST_GOES_ON)
		return NULL;
	return wasmtime_trap_new("the run is over", strlen("the run is over"));
}

static void define_host(struct engine *engine)
{
	for (size_t i = 0; i < host_function_count; i++) {
		const struct host_function *function = &host_functions[i];
		wasm_valtype_vec_t takes, gives;
		wasm_functype_t *type;
		wasmtime_error_t *error;

		make_types(function->takes, &takes);
		make_types(function->gives, &gives);
		type = wasm_functype_new(&takes, &gives);
		error = wasmtime_linker_define_func_unchecked(
			engine->linker, function->module, strlen(function->module), function->name,
			strlen(function->name), type, on_call, (void *)(uintptr_t)function, NULL);
		wasm_functype_delete(type);
		ENSURE(error == NULL);
	}
}

/* The linker would say it, too, but not that nothing else is the matter. */
static enum err check_imports(const struct engine *engine, struct buf *detail)
{
	wasm_importtype_vec_t imports;
	enum err err = OK;

	wasmtime_module_imports(engine->module, &imports);
	for (size_t i = 0; i < imports.size && err == OK; i++) {
		const wasm_name_t *module = wasm_importtype_module(imports.data[i]);
		const wasm_name_t *name = wasm_importtype_name(imports.data[i]);

		if (host_find(slice_of(module->data, module->size), slice_of(name->data, name->size)))
			continue;
		buf_add_lit(detail, "it imports ");
		buf_add_slice(detail, slice_head(slice_of(module->data, module->size), 100));
		buf_add_byte(detail, '.');
		buf_add_slice(detail, slice_head(slice_of(name->data, name->size), 100));
		buf_add_lit(detail, ", which nobody provides");
		err = ERR_MODULE_REFUSED;
	}
	wasm_importtype_vec_delete(&imports);
	return err;
}

static bool is_entry(const wasm_externtype_t *type)
{
	const wasm_functype_t *function = wasm_externtype_as_functype_const(type);

	return function && wasm_functype_params(function)->size == 0 &&
	       wasm_functype_results(function)->size == 0;
}

/* A memory that does not fit is found out before a run is paid for; a hidden one, when it begins. */
static bool memory_fits(const wasm_externtype_t *type, int64_t bytes_max, struct buf *detail)
{
	const wasm_memorytype_t *memory = wasm_externtype_as_memorytype_const(type);
	uint64_t pages = memory ? wasmtime_memorytype_minimum(memory) : 0;

	if (pages <= (uint64_t)bytes_max / WASM_PAGE_BYTES)
		return true;
	buf_add_lit(detail, "it begins with ");
	buf_add_u64(detail, pages);
	buf_add_lit(detail, " pages of memory; its contract allows ");
	buf_add_i64(detail, bytes_max / WASM_PAGE_BYTES);
	return false;
}

static enum err check_exports(const struct engine *engine, int64_t memory_bytes, struct buf *detail)
{
	wasm_exporttype_vec_t exports;
	bool has_entry = false, fits = true;

	wasmtime_module_exports(engine->module, &exports);
	for (size_t i = 0; i < exports.size && fits; i++) {
		const wasm_name_t *name = wasm_exporttype_name(exports.data[i]);
		const wasm_externtype_t *type = wasm_exporttype_type(exports.data[i]);
		struct slice text = slice_of(name->data, name->size);

		if ((slice_is_str(text, "_start") || slice_is_str(text, "run")) && is_entry(type))
			has_entry = true;
		fits = memory_fits(type, memory_bytes, detail);
	}
	wasm_exporttype_vec_delete(&exports);
	if (!fits)
		return ERR_MODULE_REFUSED;
	if (has_entry)
		return OK;
	buf_add_lit(detail, "it exports neither _start nor run as a function that takes and gives "
			    "nothing");
	return ERR_MODULE_REFUSED;
}

enum err engine_load(struct engine *engine, struct slice artifact, int64_t memory_bytes,
		     struct buf *detail)
{
	wasmtime_error_t *error;
	enum err err;

	ENSURE(!engine->module);
	error = wasmtime_module_deserialize(engine->wasm, (const uint8_t *)artifact.ptr, artifact.len,
					    &engine->module);
	if (error) {
		describe(error, detail);
		return ERR_MODULE_REFUSED;
	}
	err = check_imports(engine, detail);
	if (err == OK)
		err = check_exports(engine, memory_bytes, detail);
	if (err != OK)
		return err;
	engine->linker = wasmtime_linker_new(engine->wasm);
	define_host(engine);
	error = wasmtime_linker_instantiate_pre(engine->linker, engine->module, &engine->ready);
	if (!error)
		return OK;
	describe(error, detail);
	return ERR_MODULE_REFUSED;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static const char *trap_name(wasmtime_trap_code_t code)
{
	static const char *const names[] = {
		[WASMTIME_TRAP_CODE_STACK_OVERFLOW] = "stack_overflow",
		[WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS] = "memory_out_of_bounds",
		[WASMTIME_TRAP_CODE_HEAP_MISALIGNED] = "misaligned",
		[WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS] = "table_out_of_bounds",
		[WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL] = "call_to_null",
		[WASMTIME_TRAP_CODE_BAD_SIGNATURE] = "bad_signature",
		[WASMTIME_TRAP_CODE_INTEGER_OVERFLOW] = "integer_overflow",
		[WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO] = "division_by_zero",
		[WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER] = "bad_conversion",
		[WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED] = "unreachable",
	};

	return code < ARRAY_LEN(names) && names[code] ? names[code] : "trap";
}

/* It failed, of itself. Why: what it wanted and was refused comes before what it then ran into. */
static void end_failed(struct run *run, enum chassis_verdict verdict, const char *reason,
		       const char *detail)
{
	struct guest *guest = run->guest;

	if (run->meter.memory_refused)
		guest_end(guest, CHASSIS_VERDICT_OUT_OF_MEMORY, "memory",
			  "it wanted more memory than its contract allows");
	else if (run->meter.table_refused)
		guest_end(guest, CHASSIS_VERDICT_OUT_OF_MEMORY, "table",
			  "it wanted a larger table than its contract allows");
	else if (guest->denials) {
		struct buf why = { 0 };

		buf_add_slice(&why, buf_slice(&guest->detail));
		guest_end(guest, CHASSIS_VERDICT_DENIED, guest->denied, buf_str(&why));
		buf_finish(&why);
	} else {
		guest_end(guest, verdict, reason, detail);
	}
}

/* Consumes the trap. */
static void end_trapped(struct run *run, wasm_trap_t *trap)
{
	wasmtime_trap_code_t code = 0;
	struct buf text = { 0 };

	if (!wasmtime_trap_code(trap, &code)) {
		end_failed(run, CHASSIS_VERDICT_TRAP, "abort", "it gave up");
	} else if (code == WASMTIME_TRAP_CODE_OUT_OF_FUEL) {
		guest_end(run->guest, CHASSIS_VERDICT_OUT_OF_FUEL, "fuel",
			  "it took more steps than its contract allows");
	} else if (code == WASMTIME_TRAP_CODE_INTERRUPT) {
		guest_end(run->guest, CHASSIS_VERDICT_OUT_OF_TIME, "wall",
			  "it ran longer than its contract allows");
	} else {
		buf_add_lit(&text, "it trapped: ");
		buf_add_str(&text, trap_name(code));
		end_failed(run, CHASSIS_VERDICT_TRAP, trap_name(code), buf_str(&text));
	}
	buf_finish(&text);
	wasm_trap_delete(trap);
}

/* It came to its own end: its code returned, or it exited. */
static void end_finished(struct run *run)
{
	struct guest *guest = run->guest;
	struct buf text = { 0 };

	if (guest->has_exited && guest->exit_status != 0) {
		buf_add_lit(&text, "it exited with status ");
		buf_add_i64(&text, guest->exit_status);
		end_failed(run, CHASSIS_VERDICT_BAD_RESULT, "exit_status", buf_str(&text));
		buf_finish(&text);
	} else if (!guest->has_result) {
		end_failed(run, CHASSIS_VERDICT_BAD_RESULT, "no_result", "it gave no result");
	} else {
		guest_end(guest, CHASSIS_VERDICT_RESULT, "", "");
	}
}

/* Consumes both. True when it may go on. */
static bool took(struct run *run, wasmtime_error_t *error, wasm_trap_t *trap)
{
	struct buf text = { 0 };

	if (!error && !trap)
		return true;
	if (run->guest->has_ended || run->guest->has_exited) {
		if (error)
			wasmtime_error_delete(error);
		if (trap)
			wasm_trap_delete(trap);
	} else if (trap) {
		end_trapped(run, trap);
	} else {
		describe(error, &text);
		end_failed(run, CHASSIS_VERDICT_TRAP, "engine", buf_str(&text));
		buf_finish(&text);
	}
	return false;
}

static bool call(struct run *run, wasmtime_context_t *context, const wasmtime_instance_t *instance,
		 const char *name, bool *ret_is_there)
{
	wasmtime_extern_t entry;
	wasm_trap_t *trap = NULL;
	wasmtime_error_t *error;

	*ret_is_there = wasmtime_instance_export_get(context, instance, name, strlen(name), &entry) &&
			entry.kind == WASMTIME_EXTERN_FUNC;
	if (!*ret_is_there)
		return true;
	error = wasmtime_func_call(context, &entry.of.func, NULL, 0, NULL, 0, &trap);
	return took(run, error, trap);
}

/* A command's result is what it printed, unless it gave one. */
static void take_output(struct guest *guest)
{
	struct buf empty = { 0 };

	if (guest->has_result)
		return;
	guest->has_result = true;
	guest->result = guest->output;
	guest->output = empty;
}

static void run_entry(struct run *run, wasmtime_context_t *context,
		      const wasmtime_instance_t *instance)
{
	bool is_command = false, is_there = false, goes_on;

	goes_on = call(run, context, instance, "_start", &is_command);
	if (goes_on && !is_command) {
		goes_on = call(run, context, instance, "_initialize", &is_there) &&
			  call(run, context, instance, "run", &is_there);
	}
	if (is_command && (goes_on || run->guest->has_exited))
		take_output(run->guest);
	if (!run->guest->has_ended && (goes_on || run->guest->has_exited))
		end_finished(run);
}

/* The order is the engine's: limits, fuel and deadline stand before anything of the guest runs. */
static wasmtime_store_t *open_store(struct engine *engine, struct run *run)
{
	const struct contract_limits *limits = &run->guest->contract->limits;
	wasmtime_store_t *store = wasmtime_store_new(engine->wasm, run, NULL);
	wasmtime_context_t *context = wasmtime_store_context(store);
	wasmtime_error_t *error;

	run->meter.memory_bytes_max = (uint64_t)limits->memory_bytes;
	run->meter.table_elements_max = (uint64_t)limits->table_elements;
	if (engine_has_meter())
		ifwasmtime_store_limiter(store, &run->meter);
	else
		wasmtime_store_limiter(store, limits->memory_bytes, limits->table_elements, 1, 1, 1);
	if (engine->is_unmetered)
		return store;
	error = wasmtime_context_set_fuel(context, (uint64_t)limits->fuel);
	ENSURE(error == NULL);
	wasmtime_context_set_epoch_deadline(context, EPOCHS_TO_LIVE);
	return store;
}

static void read_meters(const struct engine *engine, struct run *run, wasmtime_context_t *context)
{
	uint64_t left = 0;

	if (!engine->is_unmetered) {
		wasmtime_error_t *error = wasmtime_context_get_fuel(context, &left);

		ENSURE(error == NULL);
		run->guest->fuel_used = run->guest->contract->limits.fuel - (int64_t)left;
	}
	run->guest->memory_bytes = run->meter.memory_bytes;
	if (!engine_has_meter() && run->has_memory)
		run->guest->memory_bytes = wasmtime_memory_data_size(context, &run->memory);
}

void engine_run(struct engine *engine, struct guest *guest)
{
	struct run run = { .guest = guest };
	wasmtime_store_t *store = open_store(engine, &run);
	wasmtime_context_t *context = wasmtime_store_context(store);
	wasmtime_instance_t instance;
	wasm_trap_t *trap = NULL;
	wasmtime_error_t *error;

	error = wasmtime_instance_pre_instantiate(engine->ready, context, &instance, &trap);
	/* What it imports is there, so an error that is no trap means: there is no room for it. */
	if (error && !guest->has_ended && !guest->has_exited)
		run.meter.memory_refused += !run.meter.table_refused;
	if (took(&run, error, trap))
		run_entry(&run, context, &instance);
	else if (guest->has_exited && !guest->has_ended)
		end_finished(&run);
	read_meters(engine, &run, context);
	guest_log_flush(guest);
	guest->look = NULL;
	guest->memory = NULL;
	wasmtime_store_delete(store);
}

void engine_instantiate(struct engine *engine, struct guest *guest, int64_t count)
{
	for (int64_t i = 0; i < count; i++) {
		struct run run = { .guest = guest };
		wasmtime_store_t *store = open_store(engine, &run);
		wasmtime_instance_t instance;
		wasm_trap_t *trap = NULL;
		wasmtime_error_t *error;

		error = wasmtime_instance_pre_instantiate(engine->ready, wasmtime_store_context(store),
							  &instance, &trap);
		ENSURE(!error && !trap);
		wasmtime_store_delete(store);
	}
}
