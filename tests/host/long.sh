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

unset LOF_CACHE
