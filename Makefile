# SPDX-License-Identifier: GPL-2.0
# The help target prints what stands behind ## on a target's own line.

BASE ?= auto
ARCH ?= x86_64
DEBUG ?=
BASES := $(notdir $(patsubst %/base,%,$(wildcard patches/*/base)))
ARCHES := $(notdir $(filter-out %.config,$(wildcard configs/arch/*)))
$(if $(filter $(BASE),auto $(BASES)),,$(error no base '$(BASE)': there are auto $(BASES)))
$(if $(filter $(ARCH),$(ARCHES)),,$(error no architecture '$(ARCH)': there are $(ARCHES)))

export LINUX LOF_CACHE LOF_CCACHE OUT ACCEL
# What BASE=auto stands for is looked up once, when a target needs it
base = $(if $(filter auto,$(BASE)),$(eval BASE := $(shell scripts/base auto))$(BASE),$(BASE))
debug := $(if $(DEBUG),--debug)

.DEFAULT_GOAL := help
.PHONY: help deps demo check tree kernel test control kselftest refresh series apply \
	bisect-check check-all mutants uapi objects numa semantics lint bench bench-peers \
	overhead lru-locks random-access torture clean

help:	## this list (the default)
	@echo 'make TARGET [BASE=$(BASE)] [ARCH=$(ARCH)] [DEBUG=1] [LINUX=DIR] [LOF_CACHE=DIR] [LOF_CCACHE=1] [ACCEL=kvm]'
	@echo '  bases: auto $(BASES)     architectures: $(ARCHES)'
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 16

deps:	## install the Debian packages that are needed (as root); ALL=1: all compilers
	scripts/deps $(if $(ALL),all)
demo:	## the main job: build, boot, show what lock on fault is
	scripts/demo $(base)
check:	## lint, tests of the scripts, selftests on the patched and the control kernel
	scripts/check $(base)
tree:	## out/BASE/linux: the base, files/ and the queue, in git
	scripts/tree $(base)
kernel: tree	## build it for ARCH
	scripts/kernel $(base) $(ARCH) $(debug)
test: kernel	## boot it in QEMU, run the selftests, judge their TAP
	scripts/test $(base) $(ARCH) $(debug)
control: tree	## the same without the patches, judged by tests/expect
	scripts/kernel $(base) $(ARCH) --control
	scripts/test $(base) $(ARCH) --control
kselftest: kernel	## run_vmtests, and the installed form, in the guest, as kernel CI does
	scripts/kselftest $(base) $(ARCH)
	scripts/kselftest $(base) $(ARCH) --installed
refresh:	## write patches/BASE from the commits in out/BASE/linux
	scripts/refresh $(base)
series:	## the mailable series with a cover letter, in out/BASE/series
	scripts/series $(base)
apply:	## apply the series to the git tree LINUX
	scripts/apply $(base)
bisect-check: kernel	## build, and boot, after every patch
	scripts/bisect-check $(base) $(ARCH)
check-all:	## check, headers and mutants on every base, selftests on every architecture
	scripts/check-all
mutants: kernel	## undo one line after the other: each has to make a check fail
	scripts/mutants $(base)
uapi: tree	## the numbers in the installed headers of every architecture
	tests/uapi $(base)
objects: tree	## the system call tables of architectures that are not booted, compiled
	tests/objects $(base)
numa: tree	## pages that go from node to node, on the debug kernel
	scripts/kernel $(base) x86_64 --debug
	scripts/numa $(base)
semantics:	## ours, stock 5.10 and stock 6.1, check by check, as a table
	scripts/semantics
lint:	## shellcheck, checkpatch, sparse, the rules of the queues
	scripts/lint
bench: kernel	## instruction counts: the series and its control kernel, in out/bench
	scripts/bench $(base)
bench-peers:	## the same on every base, and on Debian's own 5.10 and 6.1
	scripts/bench $(base) peers
overhead: kernel	## programs that lock nothing: the series against its control kernel
	scripts/overhead $(base)
lru-locks:	## LRU lock acquisitions of a fault, and work for another CPU, counted
	scripts/lru-locks $(base)
torture: kernel	## search for races with the lock in a guest: [MINUTES=2] [SEED=N] [DEBUG=1]
	scripts/torture $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(debug) $(base) $(ARCH)
random-access: kernel	## the experiment of the posted series, and the density curve
	scripts/random-access $(base)
clean:	## remove out/
	rm -rf out
