# What `make check` and `make long-check` run, and in which order. The Makefile includes this.

# A file is looked at again when its object was made again, so a second run is quick. Shallow: the
# deep mode takes twenty times as long, and cries wolf wherever `err == OK` says that a value is set.
SHALLOW := $(addprefix --extra-arg=,-Xclang -analyzer-config -Xclang mode=shallow)
TIDY := $(patsubst %.c,$(BUILD)/tidy/%.ok,$(wildcard src/*/*.c))
$(BUILD)/tidy/%.ok: $(BUILD)/asan/%.o .clang-tidy
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet $(SHALLOW) $*.c -- -std=gnu17 $(CPPFLAGS) >$@.log 2>&1 || \
		(cat $@.log; false)
	@touch $@
tidy: $(TIDY)

SHELL_SCRIPTS = $(shell grep -lE '^\#!.*sh$$' $(wildcard .ci/run scripts/* tools/* tests/run \
	tests/*/*.sh tests/bench/run))
LAID_OUT = $(wildcard src/*/*.[ch] src/*/*.def include/*.h tests/*/*.[ch] \
	tests/*/*/*.[ch] examples/*.c) \
	Makefile tests/check.mk
# With -D it looks at one configuration; otherwise it takes each table's macro for a switch.
CPPCHECK = cppcheck --quiet --error-exitcode=1 --std=c11 --library=posix --inline-suppr \
	--enable=warning,performance,portability -D_GNU_SOURCE \
	--suppress=normalCheckLevelMaxBranches --suppress=incorrectStringBooleanError \
	--suppress=ctuuninitvar --cppcheck-build-dir=$(BUILD)/cppcheck -Isrc -Iinclude

# Not strict_string_checks: it measures a whole document at each call that looks at its beginning.
SANITIZERS := ASAN_OPTIONS=detect_stack_use_after_return=1 \
	UBSAN_OPTIONS=print_stacktrace=1 CK_DEFAULT_TIMEOUT=60 CK_TIMEOUT_MULTIPLIER=5
SEEDS ?= 200
FUZZ_SECONDS ?= 5
# Apart from the make that runs, so with its own jobs; -k, to see every error at once.
RUN_MAKE = $(MAKE) -j$(JOBS) -k BUILD=$(BUILD) WERROR=$(WERROR)
# Usage: $(call programs_of,OBJ,OUT): what scripts are told of a build.
programs_of = IFCTL=$(abspath $(2))/ifctl \
	IF_COORDINATOR=$(abspath $(2))/libexec/infrafabric/if-coordinator \
	IF_PROXY=$(abspath $(2))/libexec/infrafabric/if-proxy \
	IF_CHASSIS=$(abspath $(2))/libexec/infrafabric/if-chassis IF_GUESTS=$(abspath $(BUILD))/guests \
	IF_HELPERS=$(abspath $(1))/tests IF_BUILD=$(BUILD) IF_NPM=$(NPM_CACHE)

# Where scripts/setup keeps what it gets through npm.
NPM_CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/infrafabric/npm

# A plan for tests/run has one `add` per program: the seconds it may take, its name, the command.
define newline


endef
add = $(1) $(2) $(strip $(3))$(newline)
# Usage: $(call test_plan,VARIANT,SECONDS,WRAPPER,EXCEPT)
test_names = $(patsubst tests/%_test.c,%,$(filter-out $(1),$(TEST_MAINS)))
prefix = $(if $(filter asan,$(1)),,$(1)/)
told = $(SANITIZERS) IF_SIM_SEEDS=$(SEEDS) $(call programs_of,$(BUILD)/$(1),$(BUILD)/$(1))
test_plan = $(foreach name,$(call test_names,$(4)),$(call add,$(2),$(prefix)$(name),\
	$(told) $(3) $(BUILD)/$(1)/tests/$(name)_test))
script_plan = $(foreach name,$(SCRIPTS:tests/%.sh=%),$(call add,$(2),$(prefix)$(name),\
	$(told) tests/$(name).sh))
FUZZ := $(BUILD)/fuzz
fuzz_names = $(FUZZ_PROGRAMS:$(FUZZ)/tests/fuzz/fuzz_%=%)
fuzz_plan = $(foreach name,$(fuzz_names),$(call add,3600,fuzz/$(name),\
	mkdir -p $(FUZZ)/new/$(name) $(FUZZ)/crash && $(FUZZ)/tests/fuzz/fuzz_$(name) \
	-max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=4096 \
	-artifact_prefix=$(FUZZ)/crash/$(name)- $(FUZZ)/new/$(name) \
	$(wildcard tests/fuzz/corpus/$(name))))

define CHECK_PLAN
$(call add,1200,build/gcc,$(RUN_MAKE) VARIANT=gcc all)
$(call add,1800,build/clang,$(RUN_MAKE) VARIANT=asan tests)
$(if $(FUZZ_PROGRAMS),$(call add,1200,build/fuzz,$(RUN_MAKE) VARIANT=fuzz fuzz-programs))
$(call add,1200,check/tidy,$(RUN_MAKE) VARIANT=asan tidy)
$(call add,60,check/layers,tools/layers)\
$(call add,60,check/pure,tools/pure $(BUILD)/gcc)\
$(call add,60,check/layout,tools/layout $(LAID_OUT))\
$(call add,60,check/lifecycle,tools/lifecycle --check)\
$(call add,60,check/govtables,tools/govtables --check)\
$(call add,60,check/shellcheck,shellcheck $(SHELL_SCRIPTS))\
$(call add,600,check/cppcheck,mkdir -p $(BUILD)/cppcheck && $(CPPCHECK) src)\
$(call test_plan,asan,900)$(call script_plan,asan,900)$(fuzz_plan)
endef

check:
	@scripts/setup check
	@$(file >$(BUILD)/check.plan,$(CHECK_PLAN))
	@tests/run $(BUILD)/check $(JOBS) <$(BUILD)/check.plan

# One test while working on it: make test T=unit/buf. A room that does not compile right now can be
# left out of it with ROOMS='base sys'.
test:
	@$(MAKE) VARIANT=asan $(if $(filter api/% unit/runner,$(T)),all $(GUESTS)) \
		$(BUILD)/asan/tests/$(T)_test
	@$(SANITIZERS) $(call programs_of,$(BUILD)/asan,$(BUILD)/asan) $(BUILD)/asan/tests/$(T)_test

# Hours rather than minutes: other eyes (thread sanitizer, valgrind, gcc's analyzer) and more seeds.
# gcc 12 does not follow values through pointers to them, hence the two that are left out.
ANALYZER := -O1 -fanalyzer -Wno-analyzer-use-of-uninitialized-value \
	-Wno-analyzer-null-dereference $(WERROR)
VALGRIND := CK_TIMEOUT_MULTIPLIER=100 valgrind --quiet --error-exitcode=9 --leak-check=full
# valgrind 3.19 does not know pidfds, without which no process is started, and none is killed.
VALGRIND_CANNOT := %/process_test.c %/runner_test.c
define LONG_PLAN
$(call add,3600,build/analyzer,$(RUN_MAKE) VARIANT=gcc OBJ=$(BUILD)/analyzer \
	CFLAGS='$(ANALYZER)' objects)
$(call add,3600,build/debug,$(RUN_MAKE) VARIANT=debug tests)
$(call add,3600,build/tsan,$(RUN_MAKE) VARIANT=tsan tests)
$(call test_plan,tsan,7200)$(call script_plan,tsan,3600)\
$(call test_plan,debug,14400,$(VALGRIND),$(VALGRIND_CANNOT))
endef

long-check:
	@scripts/setup long
	@$(MAKE) check SEEDS=10000 FUZZ_SECONDS=600
	@$(file >$(BUILD)/long.plan,$(LONG_PLAN))
	@tests/run $(BUILD)/long $(JOBS) <$(BUILD)/long.plan
