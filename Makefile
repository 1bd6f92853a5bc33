# InfraFabric: how it is built, checked and installed. `make help` lists what there is to ask for.
#
# Every kind of build (VARIANT) has a folder of its own below build/, so that they never mix:
#   release   what `make` builds and `make install` installs
#   gcc       the same, with warnings as errors and the pure rooms without floating point
#   asan      clang with address and undefined-behaviour sanitizers: what the tests run
#   fuzz      clang with libFuzzer
#   tsan      clang with the thread sanitizer
#   debug     gcc without sanitizers, for valgrind

VARIANT ?= release
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
VERSION := 0.1.0
# `make check WERROR=` for a compiler that knows more warnings than these sources were written for.
WERROR ?= -Werror

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SECONDARY:

# Rooms, highest first: the order in which static libraries are linked. tools/layers keeps it true.
ROOMS := cli daemon sandbox client api witness bus document fabric chassis governor coordinator \
	crypto sys base
PURE := base coordinator governor chassis fabric
TESTS := unit core contract api sim

OBJ := $(BUILD)/$(VARIANT)
OUT := $(if $(filter release,$(VARIANT)),$(BUILD),$(OBJ))

# ---- flags ----------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings \
	-Wformat=2 -Wundef -Wvla -Wnull-dereference -Wdouble-promotion -Wswitch-enum \
	-Wimplicit-fallthrough -Wredundant-decls -Wfloat-equal
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
HARDEN_LINK := -pie -Wl,-z,relro,-z,now,-z,noexecstack

CC_release := gcc
CFLAGS_release := -O2 -g $(HARDEN)
LDFLAGS_release := $(HARDEN_LINK)
CC_gcc := gcc
CFLAGS_gcc := -O2 -g $(HARDEN) $(WERROR)
LDFLAGS_gcc := $(HARDEN_LINK)
# ENSURE(!"why") is how a place says that it cannot be reached.
CLANG := -fno-omit-frame-pointer -Wno-string-conversion
CC_asan := clang
CFLAGS_asan := -O1 -g $(CLANG) -fsanitize=address,undefined -fno-sanitize-recover=all $(WERROR)
LDFLAGS_asan := -pie -fsanitize=address,undefined
CC_fuzz := clang
CFLAGS_fuzz := -O1 -g $(CLANG) -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
LDFLAGS_fuzz := -pie -fsanitize=fuzzer,address,undefined
CC_tsan := clang
CFLAGS_tsan := -O1 -g $(CLANG) -fsanitize=thread
LDFLAGS_tsan := -pie -fsanitize=thread
CC_debug := gcc
CFLAGS_debug := -Og -g
LDFLAGS_debug := -pie
ifeq ($(CC_$(VARIANT)),)
$(error there is no VARIANT=$(VARIANT); see the top of the Makefile)
endif
ifneq ($(filter default undefined,$(origin CC)),)
CC := $(CC_$(VARIANT))
endif
CFLAGS ?= $(CFLAGS_$(VARIANT))

# A float in a pure room is a compile error in this variant: it would not fold alike everywhere.
ifeq ($(VARIANT) $(filter x86_64 aarch64,$(shell uname -m)),gcc $(shell uname -m))
NO_FLOAT := -mgeneral-regs-only
endif
pure_flags = $(if $(filter $(PURE),$(word 2,$(subst /, ,$<))),$(NO_FLOAT))

PACKAGES := libevent_core sqlite3 jansson yaml-0.1 md4c libsodium libcurl libpcre2-8 libseccomp
# http-parser comes without a pkg-config file; llhttp stands in where it is not there.
ifneq ($(wildcard /usr/include/http_parser.h),)
PARSER_LIBS := -lhttp_parser
else
PACKAGES += libllhttp
PARSER_CFLAGS := -DHAVE_LLHTTP
endif
LIB_LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
LIB_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null) $(PARSER_CFLAGS)
# --as-needed keeps in each program only the libraries that it uses.
LIBS := -Wl,--as-needed $(LIB_LIBS) $(PARSER_LIBS) -pthread -lm
# The sandbox's engine, which scripts/setup builds into the user's cache. Without it all but if-chassis
# is built. Handed down, because a test's make has another home.
ENGINE_DIR ?= $(shell scripts/wasmtime --where)
export ENGINE_DIR
ENGINE_LIB := $(firstword $(wildcard $(addprefix $(ENGINE_DIR)/lib/,libifwasmtime.a libwasmtime.a)))
ENGINE_CFLAGS := $(if $(ENGINE_LIB),-isystem $(ENGINE_DIR)/include)
CPPFLAGS := -Isrc -Iinclude -D_GNU_SOURCE -DIF_VERSION='"$(VERSION)"' $(LIB_CFLAGS) \
	$(ENGINE_CFLAGS)
COMPILE = $(CC) -std=gnu17 $(CPPFLAGS) $(WARNINGS) $(CFLAGS) -fPIE -pthread -MMD -MP

Q := $(if $(V),,@)
comma := ,
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

# ---- files ----------------------------------------------------------------------------------

MAINS := src/cli/main.c src/daemon/main.c src/sandbox/proxy_main.c \
	src/sandbox/chassis_main.c src/sandbox/engine.c
sources = $(filter-out $(MAINS),$(wildcard src/$(1)/*.c))
objects = $(patsubst %.c,$(OBJ)/%.o,$(1))
room_libs = $(patsubst %,$(OBJ)/lib%.a,$(filter $(1),$(ROOMS)))
ALL_LIBS := $(call room_libs,$(ROOMS))

TEST_SOURCES := $(wildcard $(TESTS:%=tests/%/*.c))
TEST_MAINS := $(filter %_test.c,$(TEST_SOURCES))
TEST_PROGRAMS := $(TEST_MAINS:%.c=$(OBJ)/%)
# Programs that a script starts, and what the tests share, live beside them.
HELPER_PROGRAMS := $(patsubst %.c,$(OBJ)/%,$(wildcard tests/e2e/*.c tests/security/*.c))
SCRIPTS := $(wildcard tests/e2e/*.sh tests/security/*.sh)
FUZZ_PROGRAMS := $(patsubst %.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
# The one that looks into the engine is built where there is one.
BENCH_PROGRAMS := $(patsubst %.c,$(OBJ)/%,$(filter-out $(if $(ENGINE_LIB),,%/chassis_bench.c),\
	$(wildcard tests/bench/*.c)))
# Modules for the sandbox: the examples, and those that try to break out. Each is the same whatever
# the variant.
GUESTS := $(patsubst %,$(BUILD)/guests/%.wasm,$(basename $(notdir \
	$(wildcard examples/guests/*.wat examples/guests/*.c tests/security/guests/*.wat \
	tests/bench/guests/*.wat))))
SHARED := $(patsubst %.c,$(OBJ)/pic/%.o,$(call sources,client) $(call sources,base))

PROGRAMS := $(if $(wildcard src/cli/main.c),$(OUT)/ifctl $(OUT)/if) \
	$(if $(wildcard src/daemon/main.c),$(OUT)/libexec/infrafabric/if-coordinator) \
	$(if $(wildcard src/sandbox/proxy_main.c),$(OUT)/libexec/infrafabric/if-proxy) \
	$(if $(ENGINE_LIB),$(OUT)/libexec/infrafabric/if-chassis)
CLIENT_LIBS := $(if $(call sources,client),$(OUT)/lib/libinfrafabric.a $(OUT)/lib/libinfrafabric.so)

.PHONY: all objects tests fuzz-programs bench-programs libraries tidy test check long-check \
	bench demo demo-guests install uninstall clean help
all: $(ALL_LIBS) $(PROGRAMS) $(CLIENT_LIBS)
objects: $(ALL_LIBS)
tests: all $(TEST_PROGRAMS) $(HELPER_PROGRAMS) $(GUESTS)
fuzz-programs: $(FUZZ_PROGRAMS)
bench-programs: $(BENCH_PROGRAMS) $(GUESTS)

# ---- rules ----------------------------------------------------------------------------------

# Objects are made again when the command that makes them changes.
FLAGS_NOW := $(COMPILE) $(NO_FLOAT)
ifneq ($(file <$(OBJ)/flags),$(FLAGS_NOW))
$(shell mkdir -p $(OBJ))
$(file >$(OBJ)/flags,$(FLAGS_NOW))
endif

$(OBJ)/%.o: %.c $(OBJ)/flags | $(if $(LIB_LIBS),,libraries)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(COMPILE) $(pure_flags) -c -o $@ $<

libraries:
	@echo 'Libraries are missing; scripts/setup installs them.' >&2; exit 1

$(OBJ)/pic/%.o: %.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(Q)$(COMPILE) -fPIC -c -o $@ $<

define ROOM
$(OBJ)/lib$(1).a: $(call objects,$(call sources,$(1)))
	@rm -f $$@
	$$(Q)ar rcsD $$@ $$^
endef
$(foreach room,$(ROOMS),$(eval $(call ROOM,$(room))))

LINK = @mkdir -p $(@D); printf '  %-5s %s\n' LINK $@
link = $(CC) $(CFLAGS) $(LDFLAGS_$(VARIANT)) -o $@ $(filter %.o,$^) $(filter-out %.o,$^) $(LIBS)

$(OUT)/ifctl: $(OBJ)/src/cli/main.o \
	$(call room_libs,cli client sandbox api document fabric chassis governor coordinator \
		crypto sys base)
	$(LINK)
	$(Q)$(link)
$(OUT)/if: $(OUT)/ifctl
	$(Q)ln -sf ifctl $@
DAEMON_LIBS := $(call room_libs,$(filter-out cli,$(ROOMS)))
$(OUT)/libexec/infrafabric/if-coordinator: $(OBJ)/src/daemon/main.o $(DAEMON_LIBS)
	$(LINK)
	$(Q)$(link)

PROXY_LIBS := $(call room_libs,sandbox api client document chassis fabric crypto sys base)
$(OUT)/libexec/infrafabric/if-proxy: $(OBJ)/src/sandbox/proxy_main.o $(PROXY_LIBS)
	$(LINK)
	$(Q)$(link)

# The engine brings its own handlers of signals, and what it runs is code that no sanitizer saw made:
# if-chassis is built without them, and tested from outside.
SANITIZED := $(filter asan fuzz tsan,$(VARIANT))
PLAIN := $(if $(SANITIZED),$(OBJ)/plain,$(OBJ))
plain = $(filter-out -fsanitize% -fno-sanitize%,$(1))
CHASSIS_ROOMS := sandbox chassis crypto sys base
$(OBJ)/plain/%.o: %.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(Q)$(call plain,$(COMPILE)) -c -o $@ $<
$(OBJ)/plain/libchassis.a: $(patsubst %.c,$(OBJ)/plain/%.o, \
	$(foreach room,$(CHASSIS_ROOMS),$(call sources,$(room))))
	@rm -f $@
	$(Q)ar rcsD $@ $^
$(OUT)/libexec/infrafabric/if-chassis: $(PLAIN)/src/sandbox/chassis_main.o \
	$(PLAIN)/src/sandbox/engine.o \
	$(if $(SANITIZED),$(OBJ)/plain/libchassis.a,$(call room_libs,$(CHASSIS_ROOMS))) $(ENGINE_LIB)
	$(LINK)
	$(Q)$(CC) $(call plain,$(CFLAGS) $(LDFLAGS_$(VARIANT))) \
		$(if $(filter %/libifwasmtime.a,$^),-Wl$(comma)-u$(comma)ifwasmtime_store_limiter) \
		-Wl,--gc-sections -o $@ $^ $(LIBS) -ldl

# Only ifab_* can be seen from outside, in both kinds of library.
$(OUT)/lib/libinfrafabric.a: $(SHARED)
	@mkdir -p $(@D); rm -f $@
	$(Q)$(CC) -r -nostdlib -o $(OBJ)/infrafabric.o $^
	$(Q)objcopy --wildcard --keep-global-symbol='ifab_*' $(OBJ)/infrafabric.o
	$(Q)ar rcsD $@ $(OBJ)/infrafabric.o
$(OUT)/lib/libinfrafabric.so: $(SHARED)
	@mkdir -p $(@D)
	@printf '{ global: ifab_*; local: *; };\n' >$(OBJ)/infrafabric.map
	$(Q)$(CC) $(CFLAGS) $(filter-out -pie,$(LDFLAGS_$(VARIANT))) -shared -o $@.0 \
		-Wl,-soname,libinfrafabric.so.0,--version-script=$(OBJ)/infrafabric.map $^ $(LIBS)
	$(Q)ln -sf libinfrafabric.so.0 $@

# A guest in C that knows our header stands alone; any other is a plain program with a C library.
WASM_CC := clang -O2 -Wall -Werror -Wl,--strip-all
RAW_GUEST := --target=wasm32 -nostdlib -ffreestanding -fvisibility=hidden \
	-Wl,--no-entry,-z,stack-size=65536
$(BUILD)/guests/%.wasm: examples/guests/%.c examples/guests/infrafabric.h
	@mkdir -p $(@D)
	$(Q)$(WASM_CC) $(if $(findstring infrafabric.h,$(file <$<)),$(RAW_GUEST),--target=wasm32-wasi) \
		-o $@ $<
$(BUILD)/guests/%.wasm: examples/guests/%.wat
	@mkdir -p $(@D)
	$(Q)wat2wasm -o $@ $<
$(BUILD)/guests/%.wasm: tests/bench/guests/%.wat
	@mkdir -p $(@D)
	$(Q)wat2wasm -o $@ $<
# Some of these are no good modules, which the sandbox is to find out.
$(BUILD)/guests/%.wasm: tests/security/guests/%.wat
	@mkdir -p $(@D)
	$(Q)wat2wasm --enable-all --no-check -o $@ $<

# What tests share: every source beside them that is not a test itself.
CHECK_LIBS = $(shell pkg-config --libs check 2>/dev/null)
$(OBJ)/tests/libtests.a: $(call objects,$(filter-out $(TEST_MAINS),$(TEST_SOURCES)))
	@mkdir -p $(@D); rm -f $@
	$(Q)ar rcsD $@ $^
$(OBJ)/tests/%: CPPFLAGS += -Itests
$(TEST_PROGRAMS) $(HELPER_PROGRAMS): $(OBJ)/%: $(OBJ)/%.o $(OBJ)/tests/libtests.a $(ALL_LIBS)
	$(LINK)
	$(Q)$(link) $(CHECK_LIBS)
$(filter $(BUILD)/$(VARIANT)/%,$(FUZZ_PROGRAMS)): $(OBJ)/%: $(OBJ)/%.o $(ALL_LIBS)
	$(LINK)
	$(Q)$(link)
# What the benchmarks share; the servers that they compare with bring their client libraries.
LIBPQ = $(shell pkg-config --libs libpq 2>/dev/null)
$(OBJ)/tests/bench/%: CPPFLAGS += -Itests/bench $(if $(LIBPQ),-DHAVE_LIBPQ \
	$(shell pkg-config --cflags libpq))
$(OBJ)/tests/libbench.a: $(call objects,$(wildcard tests/bench/load/*.c tests/bench/waste/*.c))
	@mkdir -p $(@D); rm -f $@
	$(Q)ar rcsD $@ $^
$(OBJ)/tests/bench/chassis_bench: $(OBJ)/src/sandbox/engine.o
$(OBJ)/tests/bench/chassis_bench: LIBS := $(ENGINE_LIB) $(LIBS) -ldl
$(BENCH_PROGRAMS): $(OBJ)/%: $(OBJ)/%.o $(OBJ)/tests/libbench.a $(ALL_LIBS)
	$(LINK)
	$(Q)$(link) $(LIBPQ)

include tests/check.mk

# ---- running and installing ----------------------------------------------------------------

bench:
	@scripts/setup bench
	@$(MAKE) all bench-programs
	@$(call programs_of,$(OBJ),$(OUT)) tests/bench/run $(PART)

# Without the sandbox's engine there is nothing that could run them.
DEMO_GUESTS := $(if $(ENGINE_LIB),$(patsubst %,$(BUILD)/guests/%.wasm,echo loop_by_time requests))
demo:
	@scripts/setup demo
	@$(MAKE) --silent all demo-guests
	@IF_GUESTS=$(abspath $(BUILD))/guests scripts/demo
demo-guests: $(DEMO_GUESTS)

I := $(DESTDIR)$(PREFIX)
install: all
	install -d $(I)/bin $(I)/libexec/infrafabric $(I)/lib/pkgconfig $(I)/include \
		$(I)/share/man/man1 $(I)/share/bash-completion/completions \
		$(I)/share/zsh/site-functions $(I)/share/fish/vendor_completions.d \
		$(I)/share/doc/infrafabric
	install -m 755 $(OUT)/ifctl $(I)/bin/ifctl
	ln -sf ifctl $(I)/bin/if
	install -m 755 $(OUT)/libexec/infrafabric/if-coordinator \
		$(OUT)/libexec/infrafabric/if-proxy $(I)/libexec/infrafabric/
	$(if $(ENGINE_LIB),install -m 755 $(OUT)/libexec/infrafabric/if-chassis \
		$(I)/libexec/infrafabric/)
	install -m 644 $(OUT)/lib/libinfrafabric.a $(I)/lib/
	install -m 755 $(OUT)/lib/libinfrafabric.so.0 $(I)/lib/
	ln -sf libinfrafabric.so.0 $(I)/lib/libinfrafabric.so
	install -m 644 include/infrafabric.h $(I)/include/
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' infrafabric.pc.in \
		>$(I)/lib/pkgconfig/infrafabric.pc
	$(OUT)/ifctl man >$(I)/share/man/man1/ifctl.1
	ln -sf ifctl.1 $(I)/share/man/man1/if.1
	$(OUT)/ifctl completion bash >$(I)/share/bash-completion/completions/ifctl
	$(OUT)/ifctl completion zsh >$(I)/share/zsh/site-functions/_ifctl
	$(OUT)/ifctl completion fish >$(I)/share/fish/vendor_completions.d/ifctl.fish
	install -m 644 README.md CONTRIBUTING.md $(I)/share/doc/infrafabric/
	cp -R docs examples include $(I)/share/doc/infrafabric/

uninstall:
	rm -rf $(I)/libexec/infrafabric $(I)/share/doc/infrafabric
	rm -f $(I)/bin/ifctl $(I)/bin/if $(I)/lib/libinfrafabric.* $(I)/include/infrafabric.h \
		$(I)/lib/pkgconfig/infrafabric.pc $(I)/share/man/man1/ifctl.1 \
		$(I)/share/man/man1/if.1 $(I)/share/bash-completion/completions/ifctl \
		$(I)/share/zsh/site-functions/_ifctl \
		$(I)/share/fish/vendor_completions.d/ifctl.fish

clean:
	rm -rf $(BUILD)

define HELP
make                    builds into build/: build/ifctl runs where it lies
make demo               installs what is missing, builds, and works off a board with seven swarms
make test T=unit/buf    one test, with sanitizers
make check              every static check and every test, with sanitizers
make long-check         the same for hours: more seeds, more fuzzing, thread sanitizer, valgrind
make bench [PART=]      compares with redis, PostgreSQL and beanstalkd on this machine
make install [PREFIX=/usr/local] [DESTDIR=]    and make uninstall
make clean              removes build/

VARIANT=asan (or gcc, fuzz, tsan, debug) builds another kind; V=1 shows the commands.
endef
help:
	@$(info $(HELP)):

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
