# SPDX-License-Identifier: GPL-2.0-or-later
# Suture: plain GNU make. V=1 shows commands, SAN=1 builds with sanitizers (in its own folder),
# CC= and CROSS_COMPILE= choose the compiler, O= the build folder.

VERSION := 0.1.0

CROSS_COMPILE ?=
ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
AR := $(CROSS_COMPILE)ar
ARCH := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))

SAN ?= 0
O ?= build$(if $(filter 1,$(SAN)),-san)
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

LIBS := -lelf -ldw -lcapstone -lcrypto -ljansson -lz -llzma -lzstd -llz4 -lpthread
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef \
	-Wno-unused-parameter
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -fvisibility=hidden $(WARN) -Isrc -Iinclude -Isrc/proc/native/$(ARCH) \
	-DSUTURE_VERSION='"$(VERSION)"' -DSUTURE_ARCH='"$(ARCH)"' $(CFLAGS)
ALL_LDFLAGS := $(LDFLAGS)
ifeq ($(SAN),1)
ALL_CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ALL_LDFLAGS += -fsanitize=address,undefined
endif
# SYSROOT= has the libraries of another architecture, STATIC=1 makes programs that need none where they run.
ifneq ($(SYSROOT),)
MULTIARCH := $(shell $(CC) -print-multiarch)
# Both folders by name: headers that cross compilers bring along come before those of a sysroot otherwise.
ALL_CFLAGS += --sysroot=$(SYSROOT) -isystem $(SYSROOT)/usr/include/$(MULTIARCH) -isystem $(SYSROOT)/usr/include
ALL_LDFLAGS += --sysroot=$(SYSROOT) $(addprefix -B,$(wildcard $(SYSROOT)/../bin/)) -B$(SYSROOT)/usr/lib/$(MULTIARCH)/ -L$(SYSROOT)/usr/lib/$(MULTIARCH)
endif
ifeq ($(STATIC),1)
# The linker warns of every function that would load a library: those are for names of hosts and for a
# server of debug information, which Suture never asks. Its words are shown where it fails.
ALL_LDFLAGS += -static
QUIET_LD = 2>$@.log || { cat $@.log >&2; exit 1; }
LIBS := -Wl,--start-group $(LIBS) -lbz2 -ldl -Wl,--end-group
endif

# The order of the layers is the order of the includes: each may include those before it.
LAYERS := base elf target unwind patch build proc apply kernel lib cli
SRC := $(sort $(wildcard $(foreach l,$(filter-out cli,$(LAYERS)),src/$(l)/*.c) src/build/diff/*.c \
	src/proc/native/*.c src/proc/native/$(ARCH)/*.c))
CLI := $(sort $(wildcard src/cli/*.c))
OBJ := $(SRC:%.c=$(O)/%.o)
CLI_OBJ := $(CLI:%.c=$(O)/%.o)
LIB := $(O)/libsuture.a
ifeq ($(wildcard src/proc/native/$(ARCH)/*.c),)
$(error Suture does not run on $(ARCH): there is no src/proc/native/$(ARCH). On other machines it builds patches for it, \
where src/target has it)
endif

.DEFAULT_GOAL := all
.PHONY: all
all: $(O)/suture

$(O)/suture: $(CLI_OBJ) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(CLI_OBJ) $(LIB) $(LIBS) $(QUIET_LD)

$(LIB): $(OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(OBJ)

$(O)/%.o: %.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Unit tests: one program each, TAP on stdout.
UNIT := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(sort $(wildcard tests/unit/*.c)))
$(O)/tests/unit/%: tests/unit/%.c tests/lib/tap.h $(LIB)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/lib -MMD -MP -o $@ $< $(LIB) $(ALL_LDFLAGS) $(LIBS) $(QUIET_LD)

.PHONY: unit
unit: $(UNIT)
	$(Q)prove --exec '' $(UNIT)

# Everything that a fresh Debian 12 needs is installed first; the rest is made by a second make, as the
# compiler may have come only now.
.PHONY: demo test run-test deps-demo deps-test
demo: deps-demo
	$(Q)$(MAKE) --no-print-directory $(O)/suture $(O)/demo-load $(O)/tests/memtext
	$(Q)O=$(O) demo/run.sh
test: deps-test
	$(Q)$(MAKE) --no-print-directory run-test GUESTS="$(GUEST_ARCHS)" KERNELS="$(KERNEL_ARCHS)"
deps-demo deps-test deps-real: deps-%:
	$(Q)scripts/deps.sh $*

$(O)/demo-load: demo/load.c
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(ALL_LDFLAGS) -lpthread

# Live tests: tests/live/NAME, each a target program, a fix and what must be seen. LIVE= chooses some,
# VARIANT= how the targets are compiled; `make live-matrix` runs those of LIVE_CORE in every variant.
# Programs of the archive need minutes: they are named, as in `make guest-arm64 LIVE=redis-stock`.
LIVE_STOCK := redis-stock killed
LIVE := $(filter-out $(LIVE_STOCK),$(patsubst tests/live/%/test,%,$(sort $(wildcard tests/live/*/test))))
LIVE_CORE := changed-function new-function new-data rodata libc-new ifunc library two-objects \
	other-unit inlined
LIVE_VARIANTS := O0 O1 O3 Os nopie static static-pie noplt now cet pads mfentry sections clang
$(O)/tests/memtext: tests/lib/memtext.c
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(ALL_LDFLAGS)

live_tests = $(LIVE:%=tests/live/%/test)
# GCC aligns nothing at -Os, and these change functions of three or four bytes: short-functions is about
# what happens to those.
LIVE_TINY := changed-function new-function libc-new two-objects other-unit
# Static programs have no libraries, and of libc only what they use.
LIVE_DYNAMIC := libc-new library two-objects
matrix_tests = $(filter-out $(LIVE_TINY:%=tests/live/%/test@Os) \
	$(LIVE_DYNAMIC:%=tests/live/%/test@static) $(LIVE_DYNAMIC:%=tests/live/%/test@static-pie),\
	$(foreach v,$(LIVE_VARIANTS),$(LIVE_CORE:%=tests/live/%/test@$(v))))
prove = SUTURE=$(abspath $(O)/suture) LIVE_WORK=$(abspath $(O)/live) \
	MEMTEXT=$(abspath $(O)/tests/memtext) prove $(PROVE_FLAGS) --timer --exec 'sh tests/run.sh'
.PHONY: live live-matrix
live: $(O)/suture $(O)/tests/memtext
	$(Q)$(prove) $(live_tests)
live-matrix: $(O)/suture $(O)/tests/memtext
	$(Q)$(prove) $(matrix_tests)

# Random programs, patched and compared with native builds: `make random SEEDS=50 FIRST=1000`, and in a
# guest `make random-arm64 SEEDS=20`. A few small ones are part of all tests. FUNCTIONS= of each program.
.PHONY: random
SEEDS ?= 12
FIRST ?= 1
FUNCTIONS ?= 300
export GEN := $(abspath $(O))/tests/random/gen
$(GEN): $(wildcard tests/random/*.c tests/random/*.h)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)cc -std=gnu11 -D_GNU_SOURCE $(WARN) -O1 -o $@ $(wildcard tests/random/*.c)
RANDOM_FEW := 1x60@default 2x60@O0 3x60@O3
RANDOM_FEW_arm64 := 1x40@default 2x40@O3
RANDOM_FEW_armhf := 3x40@default 4x40@a32-O3
RANDOM_FEW_ppc64el := 5x40@default 6x40@power10
random_tests = $(patsubst %,tests/random/%x$(FUNCTIONS)$(1),$(shell seq $(FIRST) $$(($(FIRST)+$(SEEDS)-1))))
random: $(O)/suture $(O)/tests/memtext $(GEN)
	$(Q)$(prove) $(random_tests)

# All tests under one prove: its summary is the last thing on the screen. GUESTS= names architectures whose
# guests run the live tests meanwhile. Fault tests come last: their thousand threads would starve a guest.
GUESTS ?=
KERNELS ?=
SCRIPTS := $(sort $(wildcard tests/cli/*.sh tests/build/*.sh tests/check-*.sh))
run-test: $(O)/suture $(O)/tests/memtext $(UNIT) $(GEN)
	$(Q)$(if $(GUESTS)$(KERNELS),$(call in_guests,$(guest_tests_all)) env) $(prove) $(SCRIPTS) $(UNIT) \
		$(live_tests) $(matrix_tests) $(RANDOM_FEW:%=tests/random/%) $(guest_tests_all) $(FAULT)
guest_tests_all = $(call guest_tests,$(GUESTS)) $(call kernel_tests,$(KERNELS))
run-test: $(GUESTS:%=cross-%) $(KERNELS:%=cross-%) $(KERNELS:%=kernel-%) $(if $(GUESTS)$(KERNELS),deps-guest)

# Debian's own programs and their fixes, from the archive. Slow, and it needs the network: not part of
# `make test`. REAL= chooses some.
REAL := $(sort $(wildcard tests/real/*.sh))
.PHONY: test-real deps-real
test-real: deps-real
	$(Q)$(MAKE) --no-print-directory $(O)/suture $(O)/demo-load $(O)/tests/memtext
	$(Q)LOAD=$(abspath $(O)/demo-load) REAL_WORK=$(abspath $(O)/real) $(prove) $(REAL)

# Fault tests: suture is killed, failed and raced on a target that checks itself.
FAULT := $(patsubst tests/fault/%.c,$(O)/tests/fault/%,$(sort $(wildcard tests/fault/*.c)))
export FAULT_WORK := $(abspath $(O)/fault)
$(O)/tests/fault/%: tests/fault/%.c $(wildcard tests/lib/*.h) $(LIB)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/lib -o $@ $< $(LIB) $(ALL_LDFLAGS) $(LIBS) $(QUIET_LD)
$(O)/fault/fix.sut: $(O)/suture $(wildcard tests/fault/prey/*) tests/fault/prepare.sh
	$(Q)SUTURE=$(O)/suture sh tests/fault/prepare.sh tests/fault/prey $(O)/fault prey
.PHONY: fault
fault: $(FAULT) $(O)/fault/fix.sut $(O)/tests/memtext
	$(Q)$(prove) $(FAULT)
run-test: $(FAULT) $(O)/fault/fix.sut

# Another architecture: `make cross-arm64` makes a static program in build/cross/arm64, `make guest-arm64`
# runs the live tests in an emulated machine that boots Debian's kernel. LIVE= chooses tests as above.
CROSS := build/cross
# PORT: its name in Debian, in both
CROSS_ARCHS := amd64 arm64 armhf ppc64el riscv64
GUEST_ARCHS := arm64 armhf ppc64el
.PHONY: deps-cross deps-guest $(CROSS_ARCHS:%=cross-%) $(CROSS_ARCHS:%=guest-%) guests
deps-cross deps-guest: deps-%:
	$(Q)scripts/deps.sh $*
# What guests run of the tests in C.
GUEST_PROGRAMS := fault/errors fault/kill fault/races unit/apply_half unit/proc_kill unit/proc_remote
cross_make = $(MAKE) --no-print-directory O=$(CROSS)/$* STATIC=1 SYSROOT=$(abspath $(CROSS))/$*/sysroot \
	CROSS_COMPILE=$$(scripts/triplet.sh $*)- $(CROSS_FLAGS_$*)
# Without being asked the compiler of Debian 12 writes no unwind tables there.
CROSS_FLAGS_riscv64 := CFLAGS="-O2 -g -fasynchronous-unwind-tables"
$(CROSS_ARCHS:%=cross-%): cross-%: deps-cross
	$(Q)scripts/cross.sh $(CROSS) $*
	+$(Q)$(cross_make) $(CROSS)/$*/suture $(CROSS)/$*/tests/memtext $(GUEST_PROGRAMS:%=$(CROSS)/$*/tests/%)

# A package with the static program: `make deb-arm64`, `make debs`.
.PHONY: $(CROSS_ARCHS:%=deb-%) debs
debs: $(CROSS_ARCHS:%=deb-%)
$(CROSS_ARCHS:%=deb-%): deb-%: cross-%
	$(Q)rm -rf $(CROSS)/$*/stage
	+$(Q)$(cross_make) install PREFIX=/usr DESTDIR=$(abspath $(CROSS))/$*/stage >/dev/null
	$(Q)scripts/deb.sh $(CROSS)/$*/stage $* $(VERSION) $(CROSS)/$*/sources build/suture_$(VERSION)_$*.deb
	$(call say,DEB,build/suture_$(VERSION)_$*.deb)

# What only one architecture has is tried there, with the tests of LIVE_CORE.
GUEST_VARIANTS_arm64 := bti
GUEST_VARIANTS_armhf := a32 pg
GUEST_VARIANTS_ppc64el := power10
# Some again on an arm64 processor that signs return addresses and guards pages.
GUEST_MAX := guarded blocked call-chains changed-function coroutine crowded ifunc libc-new library no-metadata \
	other-stack signals sleeps
max_tests = $(patsubst %,tests/live/%/test@guarded@arm64max,$(filter $(GUEST_MAX),$(LIVE)))
# Divisions that a new switch needs are helpers of the compiler there.
GUEST_MORE_armhf := rodata/test@Os
guest_tests = $(foreach a,$(1),$(LIVE:%=tests/live/%/test@$(a)) $(foreach v,$(GUEST_VARIANTS_$(a)),\
	$(patsubst %,tests/live/%/test@$(v)@$(a),$(filter $(LIVE_CORE) crowded,$(LIVE)))) \
	$(foreach t,$(GUEST_MORE_$(a)),$(if $(filter $(LIVE),$(patsubst %/,%,$(dir $(t)))),tests/live/$(t)@$(a))) \
	$(if $(filter file,$(origin LIVE)),$(RANDOM_FEW_$(a):%=tests/random/%@$(a)))) \
	$(if $(filter arm64,$(1)),$(max_tests))
in_guests = SUTURE=$(abspath $(O)/suture) CROSS=$(CROSS) GUEST_WORK=$(abspath build/guest) \
	tests/guest/with.sh $(1) --
with_guests = $(call in_guests,$(call guest_tests,$(1)))
.PHONY: guest-arm64max
guest-arm64max: cross-arm64 deps-guest $(O)/suture
	$(Q)$(call in_guests,$(max_tests)) env $(prove) $(max_tests)
$(CROSS_ARCHS:%=guest-%): guest-%: cross-% deps-guest $(O)/suture $(GEN)
	$(Q)$(call with_guests,$*) env $(prove) $(call guest_tests,$*)
.PHONY: $(CROSS_ARCHS:%=random-%)
$(CROSS_ARCHS:%=random-%): random-%: cross-% deps-guest $(O)/suture $(GEN)
	$(Q)export GUEST_LIMIT=$${GUEST_LIMIT:-14400} LIVE_LIMIT=$${LIVE_LIMIT:-900} && \
		$(call in_guests,$(call random_tests,@$*)) env $(prove) $(call random_tests,@$*)
# Instructions that a redirect costs, counted: `make count-arm64`.
.PHONY: $(CROSS_ARCHS:%=count-%)
$(CROSS_ARCHS:%=count-%): count-%: cross-% deps-guest $(O)/suture
	$(Q)ICOUNT=1 SUTURE=$(abspath $(O)/suture) CROSS=$(CROSS) GUEST_WORK=$(abspath build/count) tests/guest/with.sh \
		tests/live/instructions/test@$* -- env GUEST_WORK=$(abspath build/count) $(prove) -v tests/live/instructions/test@$*
guests: $(GUEST_ARCHS:%=cross-%) deps-guest $(O)/suture $(GEN)
	$(Q)$(call with_guests,$(GUEST_ARCHS)) env $(prove) $(call guest_tests,$(GUEST_ARCHS))

# The kernel core on stock kernels, each in a guest: `make core-arm64`, `make cores`. CORE_SERIES= of the kernel.
.PHONY: cores $(GUEST_ARCHS:%=core-%)
CORE_SERIES ?= 6.1
cores: $(GUEST_ARCHS:%=core-%)
$(GUEST_ARCHS:%=core-%): core-%: deps-guest
	$(Q)prove $(PROVE_FLAGS) --timer --exec tests/kernel/core/run.sh $*-$(CORE_SERIES)

# Patches of the kernel, on a stock kernel in an emulated machine: `make test-kernel KERNEL_CASES='body module'`,
# `make test-kernel-arm64`. The first run fetches that kernel with its source (1.6 GB unpacked).
.PHONY: test-kernel demo-kernel deps-kernel
KERNEL_CASES := $(patsubst tests/kernel/cases/%/,%,$(sort $(wildcard tests/kernel/cases/*/)))
# Those that all tests are about. The first decides on the version, and the archive's lists are whole for amd64 first.
KERNEL_ARCHS := armhf ppc64el arm64 amd64
# All tests have all cases of one architecture with livepatch and of one without; the emulated compiler of arm64 needs
# minutes for them. `make test-kernels` has all on all.
KERNEL_FEW_arm64 := body callbacks fault-tables jump-labels many-arguments module
KERNEL_FEW_ppc64el := $(KERNEL_FEW_arm64) load local-callers recursion stacked vector
kernel_tests = $(foreach a,$(1),$(patsubst %,tests/kernel/cases/%@$(a),$(or $(KERNEL_FEW_$(a)),$(KERNEL_CASES))))
deps-kernel:
	$(Q)scripts/deps.sh kernel
test-kernel: test-kernel-amd64
.PHONY: test-kernels test-kernels-6.12
test-kernels: $(KERNEL_ARCHS:%=test-kernel-%)
test-kernels-6.12:
	$(Q)$(MAKE) --no-print-directory test-kernels KERNEL_SERIES=6.12
.PHONY: $(KERNEL_ARCHS:%=kernel-%) $(KERNEL_ARCHS:%=test-kernel-%)
# The series of these kernels, 6.1 or 6.12: `make test-kernel-ppc64el KERNEL_SERIES=6.12`.
KERNEL_SERIES ?= 6.1
kernel_suffix := $(if $(filter-out 6.1,$(KERNEL_SERIES)),-$(KERNEL_SERIES))
$(KERNEL_ARCHS:%=kernel-%): kernel-%: deps-kernel
	$(Q)KERNEL_SERIES=$(KERNEL_SERIES) scripts/kernel.sh build/kernel$(kernel_suffix) $*
$(KERNEL_ARCHS:%=test-kernel-%): test-kernel-%: kernel-% cross-% $(O)/suture
	$(Q)KERNEL_ARCH=$* KERNEL_SERIES=$(KERNEL_SERIES) SUTURE=$(abspath $(O)/suture) CROSS=$(abspath $(CROSS)) \
		tests/kernel/run.sh $(KERNEL_CASES)
$(GUEST_ARCHS:%=test-kernel-%): deps-guest
# Security fixes between two versions of Debian's kernel, on the older one: `make test-kernel-fixes FIXES='pipe ext4'`.
.PHONY: test-kernel-fixes
FIXES :=
KERNEL_FIXES := build/kernel-6.1.176
test-kernel-fixes: deps-kernel cross-amd64 $(O)/suture
	$(Q)scripts/kernel.sh $(KERNEL_FIXES) amd64 6.1.176-1
	$(Q)scripts/kernel.sh $(KERNEL_FIXES) source 6.1.192-2
	$(Q)SUTURE=$(abspath $(O)/suture) CROSS=$(abspath $(CROSS)) KERNEL=$(abspath $(KERNEL_FIXES)) tests/kernel/fixes.sh $(FIXES)
demo-kernel: deps-kernel cross-amd64 $(O)/suture
	$(Q)KERNEL_SERIES=6.1 scripts/kernel.sh build/kernel
	$(Q)O=$(O) demo/kernel.sh

# Kernels with CONFIG_LIVEPATCH for architectures whose stock kernels have none, built of Debian's source once (ten
# minutes on two CPUs that do nothing else): `make test-livepatch-ppc64el`. KERNEL_CASES= as above.
LIVEPATCH_ARCHS := arm64 ppc64el
.PHONY: $(LIVEPATCH_ARCHS:%=test-livepatch-%) $(LIVEPATCH_ARCHS:%=kernel-livepatch-%)
kernel-livepatch-ppc64el: kernel-ppc64el
# Linux 6.1 has no livepatch for arm64: it has a source of its own.
kernel-livepatch-%: LIVEPATCH_SOURCE = build/kernel/linux-source-6.1
kernel-livepatch-arm64: LIVEPATCH_SOURCE =
$(LIVEPATCH_ARCHS:%=kernel-livepatch-%): kernel-livepatch-%: deps-kernel deps-guest
	$(Q)scripts/kernel-livepatch.sh build/livepatch-$* $* $(LIVEPATCH_SOURCE)
$(LIVEPATCH_ARCHS:%=test-livepatch-%): test-livepatch-%: kernel-livepatch-% cross-% $(O)/suture
	$(Q)KERNEL=$(abspath build/livepatch-$*) KERNEL_WORK=build/livepatch-$*/work KERNEL_ARCH=$* \
		SUTURE=$(abspath $(O)/suture) CROSS=$(abspath $(CROSS)) tests/kernel/run.sh $(KERNEL_CASES)

# The slow tier: all of `make test`, and what is too slow for it. It takes hours, and goes on after a failure.
FULL := test test-real cores test-kernels test-kernels-6.12 test-kernel-fixes $(LIVEPATCH_ARCHS:%=test-livepatch-%)
.PHONY: test-full
test-full:
	$(Q)bad=; for t in $(FULL); do echo "== make $$t"; $(MAKE) --no-print-directory $$t || bad="$$bad $$t"; done; \
		[ -z "$$bad" ] || { echo "failed:$$bad"; exit 1; }

# A fuzzer for each parser, with clang's libFuzzer: make fuzz SECONDS=600. Seeds are what the build made.
.PHONY: fuzz
SECONDS ?= 30
FUZZ := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))
fuzz: $(O)/suture $(O)/fault/fix.sut
	$(Q)$(MAKE) --no-print-directory O=$(O)/fuzz CC=clang-14 \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined' fuzz-build
	$(Q)mkdir -p $(O)/fuzz/corpus
	$(Q)cp $(O)/fault/fix.sut $(O)/suture $(O)/src/base/buf.o tests/golden/body/*.c $(O)/fuzz/corpus
	$(Q)for f in $(FUZZ); do mkdir -p $(O)/fuzz/$$f.found && echo "== $$f" && \
		$(O)/fuzz/$$f -max_total_time=$(SECONDS) -rss_limit_mb=4096 -max_len=262144 \
			-artifact_prefix=$(O)/fuzz/$$f. -print_final_stats=1 $(O)/fuzz/$$f.found \
			$(O)/fuzz/corpus 2>&1 | tail -12 || exit 1; done
.PHONY: fuzz-build
fuzz-build: $(FUZZ:%=$(O)/%)
$(O)/fuzz_%: tests/fuzz/fuzz_%.c $(LIB)
	$(call say,FUZZ,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -Wno-missing-prototypes -fsanitize=fuzzer,address,undefined -o $@ $< $(LIB) $(LIBS)

# ROUNDS= says how often; figures are for a machine that does nothing else.
.PHONY: bench
$(O)/bench/%: bench/%.c $(LIB)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(LIB) $(ALL_LDFLAGS) $(LIBS)
bench: $(O)/suture $(O)/bench/pause $(O)/bench/call
	$(Q)sh bench/run.sh $(abspath $(O)/suture) $(abspath $(O)/bench)

.PHONY: clean
clean:
	rm -rf build build-san

-include $(OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(UNIT:%=%.d)

# Names of system calls, from the headers of the machine that is built for. A synonym is none.
$(O)/gen/syscalls.inc: Makefile
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)printf '#include <sys/syscall.h>\n' | $(CC) $(ALL_CFLAGS) -E -dM - | \
		sed -n '/ .* __NR_[a-z]/d; s/^#define __NR_\([a-z0-9_]*\) .*/[__NR_\1] = "\1",/p' | LC_ALL=C sort >$@ && [ -s $@ ]
$(O)/src/lib/syscalls.o: ALL_CFLAGS += -I$(O)
$(O)/src/lib/syscalls.o: $(O)/gen/syscalls.inc
# Sources that the program carries, as C strings.
$(O)/gen/glue.inc: src/kernel/glue/glue.c
$(O)/gen/patch_h.inc: include/suture/patch.h
$(O)/gen/glue.inc $(O)/gen/patch_h.inc:
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< >$@
$(O)/gen/core.inc: $(sort $(wildcard src/kernel/core/*))
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)for f in $^; do echo "{\"$${f##*/}\","; sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $$f; echo '},'; done >$@
$(O)/src/kernel/coremod.o: ALL_CFLAGS += -I$(O)
$(O)/src/kernel/coremod.o: $(O)/gen/core.inc
$(O)/src/kernel/make.o: ALL_CFLAGS += -I$(O)
$(O)/src/kernel/make.o: $(O)/gen/glue.inc $(O)/gen/patch_h.inc
# Some tests run the program.
unit: $(O)/suture

# Checks of structure and documents; codes.md is made from the codes themselves.
.PHONY: check-layers check-docs docs
check-layers:
	$(Q)tests/check-layers.sh
check-docs: $(O)/suture
	$(Q)tests/check-docs.sh $(O)/suture
# From what the last runs said: make live guests guest-riscv64 docs-tests, make test-kernels test-kernels-6.12 docs-tests.
.PHONY: docs-tests
docs-tests:
	$(Q)tests/gen-table.sh live build/live/tap build/guest >build/tests.md && mv build/tests.md docs/tests.md
	$(Q)tests/gen-table.sh kernel build/kernel-work >build/tests.md && mv build/tests.md docs/kernel-tests.md
	$(Q)tests/gen-table.sh kernel build/kernel-work-6.12 6.12 >build/tests.md && mv build/tests.md docs/kernel-tests-6.12.md
docs: $(O)/suture
	$(Q)tests/gen-codes.sh $(O)/suture >$(O)/codes.md && mv $(O)/codes.md docs/codes.md

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/suture
DOCDIR ?= $(PREFIX)/share/doc/suture
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions

.PHONY: install uninstall
install: $(O)/suture
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBDIR) $(INCLUDEDIR)/suture $(MANDIR)/man1 \
		$(MANDIR)/man5 $(DATADIR) $(DOCDIR)/docs $(COMPLETIONDIR))
	install -m 755 $(O)/suture $(DESTDIR)$(BINDIR)
	install -m 644 $(LIB) $(DESTDIR)$(LIBDIR)
	install -m 644 $(wildcard include/suture/*.h) $(DESTDIR)$(INCLUDEDIR)/suture
	install -m 644 $(wildcard man/*.1) $(DESTDIR)$(MANDIR)/man1
	install -m 644 $(wildcard man/*.5) $(DESTDIR)$(MANDIR)/man5
	install -m 644 docs/schema.json $(DESTDIR)$(DATADIR)
	install -m 644 README.md NEWS.md LICENSE CONTRIBUTING.md SECURITY.md $(DESTDIR)$(DOCDIR)
	install -m 644 $(wildcard docs/*.md) docs/schema.json $(DESTDIR)$(DOCDIR)/docs
	install -m 644 completions/suture.bash $(DESTDIR)$(COMPLETIONDIR)/suture
uninstall:
	rm -f $(addprefix $(DESTDIR),$(BINDIR)/suture $(LIBDIR)/libsuture.a $(COMPLETIONDIR)/suture \
		$(addprefix $(MANDIR)/man1/,$(notdir $(wildcard man/*.1))) \
		$(addprefix $(MANDIR)/man5/,$(notdir $(wildcard man/*.5))))
	rm -rf $(addprefix $(DESTDIR),$(INCLUDEDIR)/suture $(DATADIR) $(DOCDIR))
