# SPDX-License-Identifier: GPL-2.0
# help prints the lines with ##@ (a group), what stands behind ## on a target's own
# line, and the variables with ##=: name, default, what it is.

BASE ?= auto
ARCH ?= x86_64
DEBUG ?=
BASES := $(notdir $(patsubst %/base,%,$(wildcard patches/*/base)))
ARCHES := $(notdir $(patsubst %.sh,%,$(wildcard configs/arch/*.sh)))
$(if $(filter $(BASE),auto $(BASES)),,$(error no base '$(BASE)': there are auto $(BASES)))
$(if $(filter $(ARCH),$(ARCHES)),,$(error no architecture '$(ARCH)': there are $(ARCHES)))

##= BASE          auto                   the queue and its kernel; auto is v4.2-rc1 if LINUX= or the cache has one, else debian-5.10
##= ARCH          x86_64                 the architecture, one of configs/arch
##= LINUX         none                   a tree of v4.2-rc1, v4.2, 4.2.8 or 4.1, as BASE; apply: the git tree
##= UPTO          none                   apply: only as far as a range or a number, 01 or 0170
##= KERNEL        none                   test, run, shell: boot this image of your own instead, nothing is built; shared: measure it
##= COUNT_KERNEL  none                   shared: count the locks of KERNEL on this image of the same source, scripts/kernel --count
##= SHARED        all                    shared: only some memories and numbers of other tasks, "tmpfs anon 1 500"
##= TEST          all                    test: only these programs, "mlock2-touch mlock-plain"
##= PROG          none                   run: the program, for ARCH, static or not
##= ARGS          none                   run: its arguments, quoted as for a shell
##= DEBUG         none                   kernel, test, torture: 1 or vm: with lockdep, kmemleak and other checks; kasan; kcsan (5.10)
##= PROGRAMS      all                    programs: only these, "earlyoom qemu", judged without a table
##= V             none                   1: show the guest's console while it runs
##= GDB           none                   1: the guest waits for a debugger
##= ACCEL         tcg                    kvm: use it, if a guest boots with it here
##= CC            gcc                    this machine's compiler, for x86_64 and programs of the host
##= OUT           out                    where everything is made
##= FRESH         none                   1: check-all, mutants, bench, planted, ranges, record, bisect-check: forget earlier results
##= ALL           none                   1: deps: what check-all needs, too
##= MIB           1024                   demo: size of its mapping
##= RUNS          5                      bench, overhead, record: runs of each measurement
##= BUILDS        2                      overhead, record: builds in each boot
##= AS_IS         none                   1: bench, overhead, shared, record: measure kernels as they are built
##= MINUTES       2, 3, 15, 30           torture, pressure, planted, foreign: how long
##= SEED          a new one              torture, planted, pressure, foreign: repeat the search that printed it
##= QUICK         none                   1: mutants, races: end a guest at the first check that fails
##= FROM          1                      bisect-check: begin with that patch of the queue, counted
##= LOF_CACHE     ~/.cache/lock-on-fault  sources of the bases, bases/BASE/linux
##= LOF_CCACHE    none                   1: compile through ccache
##= LOF_MIRROR    that of apt            a Debian mirror to fetch a base from
##= LOF_ARCHIVE   none                   an archive of Debian's old releases, asked if the mirrors have it no more
##= LOF_KEYRING   that of Debian         who may have signed the index that a newer version of debian-6.12 is taken from
##= LOF_BUSYBOX   that of Debian         shell: a static busybox for ARCH
##= LOF_MINUTES   none                   check: begin no stage later than that; in CI what is left out is a failure
##= LOF_IMAGE     none                   scripts/races, pressure, foreign, torture: another kernel image
##= LOF_RUNS      1                      scripts/races: how often each program runs
##= LOF_BOOT_SECONDS   2400              races, test: how long a guest may run
##= LOF_TEST_SECONDS   480, less         test, examples, programs: how long a program may run
##= LOF_RUN_SECONDS    600               run: how long the program may run
##= LOF_CLONE_SECONDS  1800              how long a clone may take
##= LOF_PROGRESS  60                     seconds between two signs of life where there is no terminal
##= TMPDIR        /tmp                   for what is thrown away, 300 MB (pressure: 450)

export LINUX UPTO KERNEL COUNT_KERNEL SHARED TEST PROGRAMS V GDB ACCEL OUT FRESH MIB RUNS BUILDS AS_IS QUICK TMPDIR
export LOF_CACHE LOF_CCACHE LOF_MIRROR LOF_ARCHIVE LOF_KEYRING LOF_BUSYBOX LOF_MINUTES LOF_PROGRESS
# make has a CC of its own, which nobody asked for
ifneq ($(origin CC),default)
export CC
endif
# What BASE=auto stands for is looked up once, when a target needs it
base = $(if $(filter auto,$(BASE)),$(eval override BASE := $(shell scripts/lib/base auto))$(BASE),$(BASE))
$(if $(filter-out 1 vm kasan kcsan,$(DEBUG)),$(error no debug kernel '$(DEBUG)': there are 1 vm kasan kcsan))
# The other targets build, and boot, the kernel without DEBUG, and some only that of x86-64:
# what was asked for is not to be left out without a word
of_no_kernel := help tree refresh lint deps clean apply series pictures
with_debug := kernel test torture
wrong := $(if $(DEBUG),$(filter-out $(of_no_kernel) $(with_debug),$(MAKECMDGOALS)))
$(if $(wrong),$(error DEBUG= is for $(with_debug), and not for $(wrong): unset it (scripts/races and scripts/lib/hold-page have an option --debug)))
# The same of what else picks a kernel, a test, or what it does: VARIABLE:TARGET:TARGET...
# A kernel is for every target that is named, the others for one of them.
for_some := KERNEL:run:shell:test:shared:shared-peers COUNT_KERNEL:shared:shared-peers SHARED:shared:shared-peers \
	TEST:test:control PROG:run ARGS:run MINUTES:torture:planted:pressure:foreign SEED:torture:planted:pressure:foreign \
	QUICK:mutants:races FROM:bisect-check PROGRAMS:programs \
	AS_IS:bench:bench-peers:overhead:lru-locks:shared:shared-peers:random-access:record:semantics
words_of = $(subst :, ,$(1))
takers = $(wordlist 2,99,$(words_of))
not_takers = $(filter-out $(of_no_kernel) $(takers),$(MAKECMDGOALS))
left_out = $(if $(filter KERNEL:% COUNT_KERNEL:%,$(1)),$(not_takers),$(if $(filter $(takers),$(MAKECMDGOALS)),,$(not_takers)))
refuse_left_out = $(if $(and $($(firstword $(words_of))),$(left_out)),\
	$(error $(firstword $(words_of))= is for $(takers), and not for $(left_out): unset it))
$(foreach one,$(for_some),$(call refuse_left_out,$(one)))
# A tree or mails of a part would be taken for the whole
wrong := $(if $(UPTO),$(filter-out apply help deps,$(MAKECMDGOALS)))
$(if $(wrong),$(error UPTO= is for apply, and not for $(wrong): unset it (scripts/queue has an option --upto)))
only_x86 := numa examples races pressure foreign programs mutants planted ranges bench bench-peers overhead lru-locks shared shared-peers random-access record semantics demo
wrong := $(if $(filter-out x86_64,$(ARCH)),$(filter $(only_x86),$(MAKECMDGOALS)))
$(if $(wrong),$(error $(wrong) is for x86_64 alone, and ARCH=$(ARCH)))
debug := $(if $(DEBUG),--debug$(addprefix -,$(filter kasan kcsan,$(DEBUG))))
# With a kernel of the user's own nothing has to be built
built := $(if $(KERNEL),,kernel)

.DEFAULT_GOAL := help
.PHONY: help deps demo check tree kernel test run shell control kselftest refresh series \
	apply bisect-check ranges check-all mutants uapi objects numa examples races torture model \
	planted pressure foreign programs semantics lint bench bench-peers overhead lru-locks \
	shared shared-peers random-access record pictures clean

help:	## this list (the default)
	@sed -n -e 's/^##@ \(.*\)/\n\1\n/p' -e 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 17
	@echo
	@echo 'The common variables, "make test ARCH=mips64": name, default, what it is'
	@echo
	@sed -n 's/^##= /  /p' Makefile
	@echo
	@echo 'Version: $(shell cat VERSION)'
	@echo 'Bases: auto $(BASES)'
	@echo 'Architectures: $(ARCHES)'

##@ Use it
demo:	## the main job: set up, build, boot, show what lock on fault is
	scripts/demo $(base)
run: $(built)	## your program PROG=./a.out ARGS= in the guest
	@[ -n '$(PROG)' ] || { echo 'PROG= is not set: make run PROG=./a.out ARGS="..."' >&2; exit 1; }
	scripts/run $(base) $(ARCH) '$(PROG)' $(ARGS)
shell: $(built)	## a shell in the guest, with the selftests in /tests
	scripts/shell $(base) $(ARCH)
apply:	## apply the series to the git tree LINUX; BASE=auto is the queue for its version, with or without mlock2()
	scripts/apply $(BASE)
series:	## the mailable series with a cover letter, in out/BASE/series
	scripts/series $(base)

##@ Change it
tree:	## out/BASE/linux: the base, files/ and the queue, in git
	scripts/tree $(base)
kernel: tree	## build it for ARCH
	scripts/kernel $(base) $(ARCH) $(debug)
test: $(built)	## boot it in QEMU, run the selftests, judge their TAP
	scripts/test $(base) $(ARCH) $(debug)
refresh:	## write patches/BASE from the commits in out/BASE/linux
	scripts/refresh $(base)
pictures:	## docs/img/*.svg of their sources
	scripts/pictures
lint:	## shellcheck, checkpatch, sparse, the rules of the queues
	scripts/lint
deps:	## install the packages that make check needs (as root), or name them; ALL=1: all compilers
	scripts/deps $(if $(ALL),all)
clean:	## remove out/, or what OUT= names, if it is ours
	scripts/clean

##@ Prove it
check:	## set up; lint, tests of the scripts, selftests on the patched and the control kernel
	scripts/check $(base)
check-all:	## check, headers and mutants on every base, selftests on every architecture
	scripts/check-all
control: tree	## the selftests without the patches, judged by tests/expect
	scripts/kernel $(base) $(ARCH) --control
	scripts/test $(base) $(ARCH) --control
kselftest: kernel	## run_vmtests, and the installed form, in the guest, as kernel CI does
	scripts/kselftest $(base) $(ARCH)
	scripts/kselftest $(base) $(ARCH) --installed
ranges: tree	## boot the series as far as each range of numbers goes
	scripts/ranges $(base)
bisect-check: kernel	## build, and boot, after every patch
	scripts/bisect-check $(base) $(ARCH)
mutants: kernel	## undo one line after the other: each has to make a check fail
	scripts/mutants $(base)
uapi: tree	## the numbers in the installed headers of every architecture
	tests/static/uapi $(base)
objects: tree	## the system call tables of architectures that are not booted, compiled
	tests/static/objects $(base)
numa: tree	## pages that go from node to node, on the debug kernel
	scripts/kernel $(base) x86_64 --debug
	scripts/numa $(base)
examples: kernel	## examples/ and the man page, statement by statement, with and without the patches
	scripts/examples $(base)
	scripts/kernel $(base) x86_64 --control
	scripts/examples $(base) --control
races: kernel	## tasks that race on two CPUs, judged by a scan of all pages
	scripts/races $(base)
torture: kernel	## search for races with the lock, in a guest, for MINUTES=
	scripts/torture $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(debug) $(base) $(ARCH)
model:	## a model of the lock of one page, every interleaving (spin), and with defects planted
	scripts/model
planted: tree	## see the fuzzer find what is put back, for MINUTES= each
	$(if $(MINUTES),MINUTES=$(MINUTES)) $(if $(SEED),SEED=$(SEED)) scripts/planted $(base)
pressure: kernel	## secrets, and pages of a large file, where memory is short and swap is full, for MINUTES=
	scripts/pressure $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(base) $(ARCH)
foreign: tree	## trinity and stress-ng on the debug kernel, for MINUTES=
	scripts/kernel $(base) x86_64 --debug
	scripts/foreign $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(base)
programs: kernel	## Debian's programs that lock memory, unmodified, with and without the patches
	scripts/programs $(base)
	scripts/kernel $(base) x86_64 --control
	scripts/programs $(base) --control

##@ Measure it
bench: kernel	## instruction counts: the series and its control kernel, in out/bench
	scripts/bench $(base)
bench-peers:	## the same on every base, and on Debian's own 5.10 and 6.1
	scripts/bench $(base) peers
overhead: kernel	## programs that lock nothing: the series against its control kernel
	scripts/overhead $(base)
lru-locks:	## LRU lock acquisitions of a fault, and work for another CPU, counted
	scripts/lru-locks $(base)
shared:	## locked pages that other tasks map as well: munlock, munmap, exit
	scripts/shared $(base)
shared-peers:	## the same on every base, and on Debian's own 5.10 and 6.1
	scripts/shared $(base) peers
record: kernel	## all of it for BASE, into docs/benchmarks.md: hours
	scripts/record $(base)
random-access: kernel	## the experiment of the posted series, and the density curve
	scripts/random-access $(base)
semantics:	## ours, stock 5.10 and stock 6.1, check by check: what differs, by cause
	scripts/semantics
