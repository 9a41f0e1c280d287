# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154  # tests/host/run sets top and tmp, toy.sh the toy
#
# long.sh - tests of the long runs (cells.sh, mutants, check, check-all, bisect-check,
# kselftest), in a toy whose kernels build at once and whose guest says what it is told
# to; tests/host/run reads it

export LOF_CACHE="$toys/long-cache"
long=$toys/long
cp -R "$toy" "$long"
rm -rf "$long/out"
mkdir -p "$long/tests/expect" "$long/tests/static"
: >"$long/tests/expect/skips.tsv"
LINUX=$toy_linux "$long/scripts/tree" v4.2-rc1 >"$tmp/log" 2>&1 || cat "$tmp/log"
# stand_in FILE: a script of the toy that is replaced by standard input
stand_in() {
	{ printf '#!/bin/sh\nset -eu\n'; cat; } >"$long/$1"
	chmod +x "$long/$1"
}

# cells.sh
cell_try() {	# COMMAND: run it as a cell, twice
	printf '%s\n' '. "$(dirname "$0")/lib/lib.sh"' '. "$top/scripts/lib/cells.sh"' \
		'cells "$out/cell-try"' 'cell_run name key sh -c "$1"' >"$long/scripts/cell-try"
	rm -rf "$long/out/cell-try"
	sh "$long/scripts/cell-try" "$1" || :
	sh "$long/scripts/cell-try" "$1"
}
cell_try "printf x >>'$tmp/once'" >"$tmp/log" 2>&1
check "cells: what passed is kept" sh -c "
	[ \"\$(cat '$tmp/once')\" = x ]"
cell_killed() { ! cell_try 'kill -KILL $PPID'; }
check "cells: a step that is killed is not kept as passed" cell_killed
check "cells: FRESH=yes forgets, too" sh -c "
	printf '%s\\n' '. \"\$(dirname \"\$0\")/lib/lib.sh\"' '. \"\$top/scripts/lib/cells.sh\"' \
		'cells \"\$out/cell-try\"; [ ! -e \"\$cells/old\" ]' >'$long/scripts/cell-fresh'
	mkdir -p '$long/out/cell-try'; touch '$long/out/cell-try/old'
	FRESH=yes sh '$long/scripts/cell-fresh'"

# mutants: what the guest says goes by what the mutant's tree says
stand_in scripts/kernel <<-'EOF2'
	exit 0
EOF2
stand_in scripts/lib/selftests <<-'EOF2'
	mkdir -p "$2/x86_64"
	cp /bin/true "$2/x86_64/mlock2-a"
	cp /bin/true "$2/x86_64/mlock2-counters"
	echo x86_64
EOF2
cat >"$long/says" <<-EOF2
	#!/bin/sh
	# says LOG: as a guest of the mutant would
	mkdir -p "\${1%/*}"
	case \$(cat '$long/out/v4.2-rc1/mutant/mm/file-1.c') in
	*no-boot*) echo 'a disk is full' >&2; exit 1 ;;
	*no-kernel*) echo 'qemu: no such machine' >"\$1"; exit 1 ;;
	*killed*) cp '$tmp/fails' "\$1" ;;
	*) cp '$tmp/passes' "\$1" ;;
	esac
EOF2
chmod +x "$long/says"
stand_in scripts/lib/boot <<-EOF2
	while [ \$# -gt 1 ]; do
		[ "\$1" != --log ] || log=\$2
		shift
	done
	exec '$long/says' "\$log"
EOF2
for script in lib/hold-page numa; do
	echo "exec '$long/says' '$long/out/v4.2-rc1/x86_64-mutant/results/${script#lib/}.log'" |
		stand_in scripts/$script
done
echo "exec '$long/says' '$long/out/v4.2-rc1/x86_64-mutant/races.log'" | stand_in scripts/races
printf 'seen\tmm/file-1.c\ts/^2$/killed/\nunseen\tmm/file-1.c\ts/^2$/no-boot/\nunborn\tmm/file-1.c\ts/^2$/no-kernel/\n' \
	>"$long/tests/expect/mutants-v4.2-rc1.tsv"
printf 'one\ttwo\tfail\tw\n' >"$long/tests/expect/control-v4.2-rc1.tsv"
mutants_twice() {
	"$long/scripts/mutants" v4.2-rc1 >"$tmp/mutants-1" 2>&1 || :
	"$long/scripts/mutants" v4.2-rc1 >"$tmp/mutants-2" 2>&1 || :
	cat "$tmp/mutants-1" "$tmp/mutants-2"
}
mutants_twice >"$tmp/mutants"
check "mutants: one that a check sees" grep -qx 'ok 1 - seen: 1 checks fail, one: two' "$tmp/mutants-1"
check "mutants: without a boot the console of the one before says nothing" \
	grep -q '^not ok 2 - unseen: .*no guest began to boot' "$tmp/mutants-1"
check "mutants: QEMU that fails is no mutant that is seen" \
	grep -q '^not ok 3 - unborn: .*no guest began to boot' "$tmp/mutants-1"
check "mutants: the result of one that names no test is found again" sh -c "
	cat '$tmp/mutants-2'; grep -q '0 cells run, 2 kept' '$tmp/mutants-2'"

# bisect-check
cat >"$toys/long-git" <<-'EOF2'
	#!/bin/sh
	case "$*" in *rev-list*) exit 128 ;; esac
	exec /usr/bin/git "$@"
EOF2
mkdir -p "$toys/long-bin" "$long/out/v4.2-rc1/x86_64/build"
sed "s|/usr/bin/git|$(command -v git)|" "$toys/long-git" >"$toys/long-bin/git"
chmod +x "$toys/long-bin/git"
: >"$long/out/v4.2-rc1/x86_64/build/.config"
check "bisect-check: a list of patches that fails is no success" fails 'cannot list the patches' \
	env PATH="$toys/long-bin:$PATH" "$long/scripts/bisect-check" v4.2-rc1 x86_64 mm/a.o
check "bisect-check: FROM beyond the last patch builds nothing, and says so" fails 'no patch to build' \
	env FROM=100 "$long/scripts/bisect-check" v4.2-rc1 x86_64 mm/a.o

# check.  All that it calls passes, but for what a test tells otherwise
mkdir -p "$long/tests/host"
for script in scripts/deps scripts/lint scripts/tree scripts/kernel scripts/test scripts/kselftest \
	scripts/torture scripts/bisect-check scripts/lib/libc-test scripts/lib/hold-page \
	tests/static/tables tests/static/mutants; do
	echo "echo '${script##*/}' >>'$toys/called'; echo '1 passed, 0 failed, 0 skipped'" | stand_in "$script"
done
printf 'echo "ok 1 - a"\necho "1..${PLANNED:-1}"\n' | stand_in tests/host/run
printf '[ -z "${TEST:-}${KERNEL:-}${LOF_RUNS:-}" ] && echo "1 passed, 0 failed, 0 skipped"\n' | stand_in scripts/test
long_check() { env -u CI -u LOF_MINUTES LINUX="$toy_linux" "$@"; }
: >"$toys/called"
check "check: what passes" long_check "$long/scripts/check" v4.2-rc1
check "check: undoes the lines of the mutants" grep -qx mutants "$toys/called"
check "check: a base that is misspelled" fails "no base 'v4.2-rcl'" \
	long_check CI=true "$long/scripts/check" v4.2-rc1 v4.2-rcl
check "check: in CI a run with no base fails" fails 'nothing is tested without one' \
	env -u LINUX CI=true "$long/scripts/check" v4.2-rc1
check "check: a run with no time fails" fails '^0 passed' long_check LOF_MINUTES=0 "$long/scripts/check" v4.2-rc1
check "check: CI=1 is CI" fails 'no time was left' long_check CI=1 LOF_MINUTES=0 "$long/scripts/check" v4.2-rc1
check "check: fewer results than the plan says" fails '1 results, and 5 are planned' \
	long_check PLANNED=5 "$long/scripts/check" v4.2-rc1
check "check: what picks tests and kernels does not reach it" \
	long_check TEST=one KERNEL=/nowhere LOF_RUNS=9 "$long/scripts/check" v4.2-rc1
check "check-all: nor that" grep -q '^unset TEST KERNEL FROM QUICK AS_IS LOF_IMAGE LOF_RUNS$' "$top/scripts/check-all"
long_tools() {	# what check-all takes for the tools
	printf '%s\n' '. "$(dirname "$0")/lib/lib.sh"' '. "$top/scripts/lib/cells.sh"' \
		'cell_tools x86_64' >"$long/scripts/cell-try"
	sh "$long/scripts/cell-try"
}
check "cells: another CC is another key" sh -c "[ '$(long_tools 2>&1 | tail -n 1)' = CC= ] &&
	[ '$(CC=other long_tools 2>&1 | tail -n 1)' = CC=other ]"

# lint, on kernels that make and the compiler fail on
lint_out=$toys/lint-out/v4.2-rc1
mkdir -p "$lint_out/linux/mm" "$lint_out/control/mm" "$lint_out/x86_64/build/mm" "$lint_out/x86_64-control/build/mm"
touch "$lint_out/x86_64/build/mm/mlock.o" "$lint_out/x86_64-control/build/mm/mlock.o"
echo 'cmd_mm/mlock.o := false -w' >"$lint_out/x86_64/build/mm/.mlock.o.cmd"
echo 'cmd_mm/mlock.o := true -w' >"$lint_out/x86_64-control/build/mm/.mlock.o.cmd"
check "lint: a compiler that fails has not nothing to say" fails '^not ok .*gcc: v4.2-rc1' \
	env OUT="$toys/lint-out" "$top/scripts/lint" built
! command -v sparse >/dev/null 2>&1 || check "lint: nor has a make that fails" \
	fails '^not ok .*sparse: v4.2-rc1' env OUT="$toys/lint-out" "$top/scripts/lint" built
# kselftest: a guest that says the same but for one thing
cp "$top/scripts/kselftest" "$long/scripts/kselftest"
mkdir -p "$long/out/v4.2-rc1/linux/tools/testing/selftests/vm" "$long/out/v4.2-rc1/x86_64"
printf '#!/bin/bash\n' >"$long/out/v4.2-rc1/linux/tools/testing/selftests/vm/run_vmtests"
printf '%s\n' 'while [ $# -gt 1 ]; do [ "$1" != --log ] || log=$2; shift; done' \
	'mkdir -p "${log%/*}"; cp "$KS_CONSOLE" "$log"; exit "${KS_STATUS:-0}"' | stand_in scripts/lib/boot
{
	printf '%s\n' 'guest: begins' 'guest: tainted at the start: 0' 'guest: will run /run' '# run /run'
	for program in mlock2-a mlock2-counters; do
		printf '%s\n' ------- "running $program" ------- '1..1' 'ok 1 - x' '[PASS]'
	done
	printf '%s\n' 'running hugepage-mmap' '' '# exit 0' 'guest: tainted at the end: 0' \
		'guest: kernel log begins' '<6>Linux version 4.2.0-rc1 (x)' 'guest: kernel log ends' 'guest: all done'
} >"$tmp/ks"
ks() { sed "$1" "$tmp/ks" >"$tmp/ks-one"; KS_CONSOLE=$tmp/ks-one "$long/scripts/kselftest" v4.2-rc1 x86_64; }
ks_dies() { KS_STATUS=1 ks ''; }
check "kselftest: a good run" ks ''
check "kselftest: a guest that dies after our last test" fails '' ks_dies
check "kselftest: a taint" fails 'kernel: tainted: 512' ks 's/end: 0/end: 512/'
check "kselftest: a complaint in the kernel log" fails '^not ok 4 .* does not complain' ks 's/^<6>.*/&\n<4>WARNING: CPU: 0/'
check "kselftest: no kernel log" fails 'no kernel log' ks '/kernel log/d'
echo '(	a pattern that is none' >>"$long/scripts/lib/complaints.txt"
check "kselftest: a pattern that is none is no silence" fails '^not ok 4 .* does not complain' ks ''
unset LOF_CACHE
