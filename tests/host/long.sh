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
cell_keys() {	# FILE...: with each of them changed, the key is another one
	printf '%s\n' '. "$(dirname "$0")/lib/lib.sh"' '. "$top/scripts/lib/cells.sh"' \
		'cells "$out/cell-try"; cell_key -' >"$long/scripts/cell-try"
	key=$(sh "$long/scripts/cell-try") && [ "$key" = "$(sh "$long/scripts/cell-try")" ] || return 1
	for file; do
		cp "$long/$file" "$toys/cell-file"
		echo "# other" >>"$long/$file"
		[ "$key" != "$(sh "$long/scripts/cell-try")" ] || { echo "$file is not in it"; return 1; }
		cp "$toys/cell-file" "$long/$file"
	done
}
check "cells: every key is of all scripts, and of what a guest is made from" cell_keys scripts/pressure scripts/lib/verdict.awk \
	scripts/lib/complaints.txt scripts/lib/setup.sh scripts/lib/boot guest/init.c configs/arch/x86_64.sh

# mutants: what the guest says goes by what the mutant's tree says
stand_in scripts/kernel <<-'EOF2'
	exit 0
EOF2
stand_in scripts/lib/selftests <<-'EOF2'
	mkdir -p "$2/x86_64"
	cp /bin/true "$2/x86_64/mlock-plain"
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
	*outside*)
		sed '/^# exit/,\$d' '$tmp/passes' >"\$1"
		echo 'boot: the guest did not come to its end (QEMU: 137); see console.log' >&2
		exit 1 ;;
	*hangs*|*busy-once*)
		if grep -q busy-once '$long/out/v4.2-rc1/mutant/mm/file-1.c'; then
			[ ! -e '$toys/was-busy' ] || { cp '$tmp/passes' "\$1"; exit; }
			touch '$toys/was-busy'
		fi
		sed '/^# exit/,\$d' '$tmp/passes' >"\$1"
		echo 'boot: the guest hung: no end after 240 s; its console ...' >&2
		exit 1 ;;
	*too-long*) sed '0,/^# exit 0/s//# exit 124/' '$tmp/passes' >"\$1" ;;
	*crashes*) sed '0,/^# exit 0/s//# exit 139/' '$tmp/passes' >"\$1" ;;
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
for mutant in seen:killed unseen:no-boot unborn:no-kernel ended:outside hung:hangs late:too-long dead:crashes busy:busy-once; do
	printf '%s\tmm/file-1.c\ts/^2$/%s/\n' "${mutant%:*}" "${mutant#*:}"
done >"$long/tests/expect/mutants-v4.2-rc1.tsv"
mkdir -p "$long/torture"
echo "/* books */" >"$long/torture/books.c"
printf 'one\ttwo\tfail\tw\n' >"$long/tests/expect/control-v4.2-rc1.tsv"
mutants_twice() {
	"$long/scripts/mutants" v4.2-rc1 >"$tmp/mutants-1" 2>&1 || :
	"$long/scripts/mutants" v4.2-rc1 >"$tmp/mutants-2" 2>&1 || :
	cat "$tmp/mutants-1" "$tmp/mutants-2"
}
mutants_twice >"$tmp/mutants"
check "mutants: one that a check sees" grep -qx 'ok 1 - seen: 1 checks fail, mlock-plain: two' "$tmp/mutants-1"
check "mutants: without a boot the console of the one before says nothing" \
	grep -q '^not ok 2 - unseen: .*no guest began to boot' "$tmp/mutants-1"
check "mutants: QEMU that fails is no mutant that is seen" \
	grep -q '^not ok 3 - unborn: .*no guest began to boot' "$tmp/mutants-1"
check "mutants: the result of one that names no test is found again" sh -c "
	cat '$tmp/mutants-2'; grep -q '0 cells run, 3 kept' '$tmp/mutants-2'"
check "mutants: QEMU that was killed has seen nothing" \
	grep -q '^not ok 4 - ended: the guest was ended, which says nothing: .*QEMU: 137' "$tmp/mutants-1"
check "mutants: a guest that hangs twice sees it, and is not kept" \
	sh -c "grep -q '^ok 5 - hung: hangs, twice: .*the guest hung' '$tmp/mutants-1' && grep -q '^ok 5 - hung: hangs, twice' '$tmp/mutants-2'"
check "mutants: so does a test that takes too long twice" \
	grep -q '^ok 6 - late: hangs, twice: .*it took too long' "$tmp/mutants-1"
check "mutants: a test that dies sees it" grep -q '^ok 7 - dead: .*exit status 139, signal 11' "$tmp/mutants-1"
check "mutants: what hangs only once is not seen" grep -qx 'not ok 8 - busy: nothing fails' "$tmp/mutants-1"
echo "/* other books */" >"$long/torture/books.c"
mutants_twice >"$tmp/mutants"
check "mutants: what is linked into the programs that race is part of them" sh -c "
	cat '$tmp/mutants-1'; grep -q '3 cells run, 0 kept' '$tmp/mutants-1'"
cp "$long/scripts/pressure" "$toys/long-pressure"
echo "# other" >>"$long/scripts/pressure"
mutants_twice >"$tmp/mutants"
check "mutants: so is every script that one may call" sh -c "
	cat '$tmp/mutants-1'; grep -q '3 cells run, 0 kept' '$tmp/mutants-1'"
cp "$toys/long-pressure" "$long/scripts/pressure"
# An image that nothing passes on
cp "$long/scripts/races" "$toys/long-races"
echo "
	case \${LOF_IMAGE:-}\${LOF_RUNS:-} in *mine*|9) set -- '$tmp/fails' ;; *) set -- '$tmp/passes' ;; esac
	cp \"\$1\" '$long/out/v4.2-rc1/x86_64-mutant/races.log'" | stand_in scripts/races
cp "$long/tests/expect/mutants-v4.2-rc1.tsv" "$toys/long-mutants"
printf 'harmless\tmm/file-1.c\ts/^2$/harmless/\tpinned\n' >"$long/tests/expect/mutants-v4.2-rc1.tsv"
check "mutants: what picks another kernel does not make a mutant seen" fails '^not ok 1 - harmless: nothing fails' \
	env FRESH=1 QUICK=1 LOF_IMAGE="$toys/mine" "$long/scripts/mutants" v4.2-rc1
cp "$toys/long-mutants" "$long/tests/expect/mutants-v4.2-rc1.tsv"
cp "$toys/long-races" "$long/scripts/races"

# What is the user's in the tree of the mutants
long_mutant=$long/out/v4.2-rc1/mutant
mutants_refuse() { fails "$1" "$long/scripts/mutants" v4.2-rc1; }
echo mine >>"$long_mutant/mm/file-2.c"
check "mutants: an edit in their tree is named" mutants_refuse 'mutant has changes of yours (mm/file-2.c)'
check "mutants: and kept" grep -qx mine "$long_mutant/mm/file-2.c"
git -C "$long_mutant" commit -qam mine
check "mutants: so is a commit" mutants_refuse 'mutant has commits of yours'
git -C "$long_mutant" reset -q --hard HEAD~1
mv "$long_mutant" "$toys/long-mutant"
git init -q "$long_mutant"
check "mutants: and a repository in its place" mutants_refuse 'mutant has something that is no work tree of ours'
check "mutants: which is kept" test -d "$long_mutant/.git"
rm -rf "$long_mutant"
mv "$toys/long-mutant" "$long_mutant"
# A run that is killed leaves its mutant
cp "$long/scripts/kernel" "$toys/long-kernel"
echo "[ ! -e '$toys/long-kill' ] || kill -KILL \$PPID" | stand_in scripts/kernel
"$long/scripts/mutants" v4.2-rc1 seen >"$tmp/log2" 2>&1 || :
: >"$toys/long-kill"
"$long/scripts/mutants" v4.2-rc1 unborn >"$tmp/log2" 2>&1 || :
rm "$toys/long-kill"
check "mutants: a run that is killed leaves one" sh -c "cat '$tmp/log2'; ! git -C '$long_mutant' diff --quiet"
check "mutants: the next one undoes it" sh -c "
	'$long/scripts/mutants' v4.2-rc1 seen; git -C '$long_mutant' diff --exit-code"
cp "$toys/long-kernel" "$long/scripts/kernel"

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
bisect_dir=$long/out/v4.2-rc1/bisect
mkdir -p "$bisect_dir"
echo mine >"$bisect_dir/notes"
check "bisect-check: what is the user's in its folder is named" fails 'bisect has notes, which is yours' \
	"$long/scripts/bisect-check" v4.2-rc1 x86_64 mm/a.o
rm "$bisect_dir/notes"
mkdir -p "$bisect_dir/root/etc"
echo mine >"$bisect_dir/root/etc/notes"
check "bisect-check: so is one among the files of its guest" fails 'bisect has root/etc/notes, which is yours' \
	"$long/scripts/bisect-check" v4.2-rc1 x86_64 mm/a.o
rm -r "$bisect_dir/root"
git init -q "$bisect_dir/build"
check "bisect-check: so is a repository" fails 'bisect has a repository of yours' \
	"$long/scripts/bisect-check" v4.2-rc1 x86_64 mm/a.o
check "bisect-check: both are kept" test -d "$bisect_dir/build/.git"
rm -r "$bisect_dir"
# With a kernel that builds at once, and boots into the console that it is told
cp "$long/scripts/lib/lib.sh" "$toys/long-lib"
cat >>"$long/scripts/lib/lib.sh" <<-'EOF2'
	case $me in bisect-check)
		kmake() {
			[ "$3" = -s ] || { mkdir -p "$2/${IMAGE%/*}" && own_git -C "$1" rev-parse HEAD >"$2/$IMAGE"; }
		} ;;
	esac
EOF2
printf '%s\n' 'while [ $# -gt 1 ]; do [ "$1" != --log ] || log=$2; shift; done; cp "$BISECT_CONSOLE" "$log"' |
	stand_in scripts/lib/boot
bisect() {	# [SED SCRIPT]: what the guest says is changed by it
	sed "${1:-}" "$tmp/passes" >"$tmp/bisect-console"
	BISECT_CONSOLE=$tmp/bisect-console FRESH=1 "$long/scripts/bisect-check" v4.2-rc1 x86_64
}
check "bisect-check: what passes" bisect
check "bisect-check: leaves nothing behind" test ! -e "$bisect_dir"
check "bisect-check: a check that fails is none of its business" \
	bisect 's/^ok 2/not ok 2/; 0,/^# exit 0/s//# exit 1/'
check "bisect-check: a complaint is" fails 'the kernel complains' bisect 's/^<6>Linux.*/&\n<4>WARNING: CPU: 0/'
check "bisect-check: so is a test that takes too long" fails 'not every test ran to its end' bisect '/^ok /d; /^1\.\./d; s/^# exit 0/# exit 124/'
check "bisect-check: or dies" fails 'signal 11' bisect '0,/^# exit 0/s//# exit 139/'
check "bisect-check: or has no plan" fails 'no plan' bisect '/^1\.\./d'
check "bisect-check: or did not run" fails 'did not run' bisect '/^# run .*mlock2-counters/,/^# exit/d'
cp "$long/scripts/lib/verdict" "$toys/long-verdict"
echo 'echo "verdict: awk is broken" >&2; exit 2' | stand_in scripts/lib/verdict
check "bisect-check: a verdict that cannot run is no silence" fails 'no verdict on it: verdict: awk is broken' bisect
cp "$toys/long-verdict" "$long/scripts/lib/verdict"
cp "$toys/long-lib" "$long/scripts/lib/lib.sh"

# check.  All that it calls passes, but for what a test tells otherwise
mkdir -p "$long/tests/host"
for script in scripts/deps scripts/lint scripts/tree scripts/kernel scripts/test scripts/kselftest \
	scripts/torture scripts/model scripts/bisect-check scripts/examples scripts/lib/libc-test scripts/lib/hold-page \
	tests/static/tables tests/static/mutants tests/static/prefixes; do
	echo "echo '${script##*/}' >>'$toys/called'; echo '1 passed, 0 failed, 0 skipped'" | stand_in "$script"
done
printf 'echo "ok 1 - a"\necho "1..${PLANNED:-1}"\n' | stand_in tests/host/run
printf '[ -z "${TEST:-}${KERNEL:-}${LOF_RUNS:-}${LOF_IMAGE:-}${LOF_TEST_SECONDS:-}" ] && echo "1 passed, 0 failed, 0 skipped"\n' | stand_in scripts/test
long_check() { env -u CI -u LOF_MINUTES LINUX="$toy_linux" "$@"; }
: >"$toys/called"
check "check: what passes" long_check "$long/scripts/check" v4.2-rc1
check "check: git am, once, after the tree" sh -c "
	[ \"\$(grep -x 'tree\|prefixes' '$toys/called' | paste -sd' ')\" = 'tree prefixes' ]"
check "check: undoes the lines of the mutants" grep -qx mutants "$toys/called"
check "check: a base that is misspelled" fails "no base 'v4.2-rcl'" \
	long_check CI=true "$long/scripts/check" v4.2-rc1 v4.2-rcl
check "check: in CI a run with no base fails" fails 'nothing is tested without one' \
	env -u LINUX CI=true "$long/scripts/check" v4.2-rc1
# A base that comes from a package is at hand, v4.2-rc1 without LINUX is not
mkdir -p "$long/patches/toy-deb"
echo 'DEB_PACKAGE=none VERSION=4 PATCHLEVEL=2' >"$long/patches/toy-deb/base"
check "check: in CI a base that is not there is skipped, and said so, if there is another" \
	says 'v4.2-rc1: SKIPPED, no tree of it here' env -u LINUX CI=true "$long/scripts/check" toy-deb v4.2-rc1
: >"$toys/called"
env -u CI -u LINUX "$long/scripts/check" v4.2-rc1 >"$tmp/log2" 2>&1 || :
check "check: elsewhere one that is named is fetched" grep -qx tree "$toys/called"
cp "$long/scripts/tree" "$toys/long-tree"
echo 'echo "tree: cannot clone" >&2; exit 1' | stand_in scripts/tree
check "check: one that cannot be had is a failure" fails '^v4.2-rc1: tree: .*1 failed\|v4.2-rc1: tree: 0 passed, 1 failed' \
	env -u CI -u LINUX "$long/scripts/check" v4.2-rc1
check "check: and a run without any is one, too" grep -q 'nothing is tested without one' "$tmp/out"
cp "$toys/long-tree" "$long/scripts/tree"
cp "$long/scripts/test" "$toys/long-test"
printf 'echo "selftests: i386: SKIPPED, no gcc" >&2; echo "1 passed, 0 failed, 0 skipped"\n' | stand_in scripts/test
check "check: an ABI without a compiler counts as skipped" says ' selftests: 1 passed, 0 failed, 1 skipped' \
	long_check "$long/scripts/check" v4.2-rc1
cp "$toys/long-test" "$long/scripts/test"
check "check: a run with no time fails" fails '^0 passed' long_check LOF_MINUTES=0 "$long/scripts/check" v4.2-rc1
check "check: CI=1 is CI" fails 'no time was left' long_check CI=1 LOF_MINUTES=0 "$long/scripts/check" v4.2-rc1
check "check: fewer results than the plan says" fails '1 results, and 5 are planned' \
	long_check PLANNED=5 "$long/scripts/check" v4.2-rc1
check "check: what picks tests and kernels does not reach it" \
	long_check TEST=one KERNEL=/nowhere LOF_RUNS=9 LOF_IMAGE=/nowhere LOF_TEST_SECONDS=1 "$long/scripts/check" v4.2-rc1
cp "$long/scripts/kernel" "$toys/long-kernel"
cp "$long/scripts/races" "$toys/long-races"
echo 'exit 1' | stand_in scripts/kernel
echo "echo races >>'$toys/called'" | stand_in scripts/races
: >"$toys/called"
long_check "$long/scripts/check" v4.2-rc1 >"$tmp/log2" 2>&1 || :
check "check: what races does not run on the kernel before, if today's does not build" sh -c "
	grep -q 'kernel: 0 passed, 1 failed' '$tmp/log2' && ! grep -qx races '$toys/called'"
cp "$toys/long-kernel" "$long/scripts/kernel"
cp "$toys/long-races" "$long/scripts/races"
# A queue that is changed builds patch by patch before it is committed, too
git -C "$long" init -q
printf 'out\ncell-try\n' >"$long/.gitignore"
git -C "$long" add -A
git -C "$long" commit -qm one
git -C "$long" commit -q --allow-empty -m two
: >"$toys/called"
check "check: a queue that nobody has changed is not built patch by patch, and that is said" \
	says 'builds after each patch: left out' long_check "$long/scripts/check" v4.2-rc1
cp "$long/patches/v4.2-rc1"/0001-* "$long/patches/v4.2-rc1/0002-new.patch"
long_check "$long/scripts/check" v4.2-rc1 >"$tmp/log2" 2>&1 || :
check "check: one with a new patch, which git does not know yet, is" grep -qx bisect-check "$toys/called"
rm "$long/patches/v4.2-rc1/0002-new.patch"
rm -rf "$long/.git"
# check-all, whose steps are but check
rm -r "$long/patches/toy-deb"
sed 's/^\tstep "$base: mutants".*/&\n\texit/; /^\tstep "$base: check"/!{/^\tstep /d}; s/^\tfor arch in .*/\tfor arch in; do/' \
	"$long/scripts/check-all" >"$long/scripts/check-all-short"
chmod +x "$long/scripts/check-all-short"
printf 'env >>"%s"; [ -z "${SKIPS:-}" ] || echo "v4.2-rc1: MIPS64 kernel: SKIPPED, 1 minutes are over"\necho "1 passed, 0 failed, 1 skipped"\n' \
	"$toys/check-env" | stand_in scripts/check
check_all() { env "$@" LINUX="$toy_linux" "$long/scripts/check-all-short"; }
: >"$toys/check-env"
check "check-all: what ends a run early, or picks tests, does not reach it" sh -c "
	LOF_MINUTES=1 CI=true LOF_TEST_SECONDS=1 LOF_BOOT_SECONDS=1 TEST=one KERNEL=/nowhere FROM=2 QUICK=1 LOF_RUNS=2 \
		LINUX='$toy_linux' '$long/scripts/check-all-short' && grep -q LINUX '$toys/check-env' &&
	! grep -E '^(LOF_MINUTES|CI|LOF_TEST_SECONDS|LOF_BOOT_SECONDS|TEST|KERNEL|FROM|QUICK|LOF_RUNS)=' '$toys/check-env'"
check_all SKIPS=1 FRESH=1 >"$tmp/log2" 2>&1 || :
check "check-all: a check that left a stage out is not kept" says '^passed: v4.2-rc1: check, ' check_all SKIPS=
check "check-all: one that left none out is" says '^passed, in an earlier run: v4.2-rc1: check' check_all SKIPS=
long_tools() {	# what check-all takes for the tools
	printf '%s\n' '. "$(dirname "$0")/lib/lib.sh"' '. "$top/scripts/lib/cells.sh"' \
		'cell_tools x86_64' >"$long/scripts/cell-try"
	sh "$long/scripts/cell-try"
}
check "cells: another CC is another key" sh -c "[ '$(long_tools 2>&1 | tail -n 1)' = CC= ] &&
	[ '$(CC=other long_tools 2>&1 | tail -n 1)' = CC=other ]"

# check-all on kernels that hold the sum of the queue, and on programs that say what they ran on
all=$toys/all
cp -R "$toy" "$all"
rm -rf "$all/out" "$all/patches/toy-deb"
mkdir -p "$all/tests/static"
find "$all/configs/arch" -name '*.sh' ! -name x86_64.sh -delete
all_script() { { printf '#!/bin/sh\ntop=%s\n' "$all"; cat; } >"$all/$1"; chmod +x "$all/$1"; }
all_script scripts/kernel <<-'EOF2'
	name=$2${3:+-${3#--}}
	[ ! -e "$top/fail$name" ] || exit 1
	mkdir -p "$top/out/$1/$name"
	git -C "$top/out/$1/linux" diff --quiet && kind=series || kind=edited
	echo "new, $kind" >"$top/out/$1/$name/image"
EOF2
for script in scripts/torture:-debug scripts/races:-control scripts/foreign:-debug scripts/programs: scripts/pressure: scripts/numa:-debug \
	scripts/test: scripts/kselftest: scripts/check: scripts/mutants: scripts/ranges: scripts/bisect-check: scripts/lib/hold-page: \
	scripts/lib/nommu: tests/static/uapi: tests/static/objects: scripts/deps:; do
	echo "echo \"runs \$0 on \$(cat \$top/out/v4.2-rc1/x86_64${script#*:}/image)\"" | all_script "${script%:*}"
done
all_run() { LINUX=$toy_linux "$all/scripts/check-all"; }
for kernel in debug control; do
	mkdir -p "$all/out/v4.2-rc1/x86_64-$kernel"
	echo "of another queue" >"$all/out/v4.2-rc1/x86_64-$kernel/image"
	: >"$all/failx86_64-$kernel"
done
all_run >"$tmp/log2" 2>&1 || :
for step in 'half an hour of the race fuzzer' 'control, races' 'trinity and stress-ng'; do
	check "check-all: without its kernel there is no '$step'" grep -q "^FAILED: v4.2-rc1: $step" "$tmp/log2"
done
rm "$all"/failx86_64-*
all_run >"$tmp/log2" 2>&1 || cat "$tmp/log2"
check "check-all: with them it runs on those of today" sh -c "
	cat '$tmp/log2'; grep -q 'runs .*/torture on new' '$tmp/log2' && grep -q 'runs .*/races on new' '$tmp/log2' &&
	! grep -q 'another queue' '$tmp/log2' && ! grep -q '^FAILED' '$tmp/log2'"
mkdir "$all/bin"
printf '#!/bin/sh\n' >"$all/bin/shellcheck"
chmod +x "$all/bin/shellcheck"
check "check-all: with another shellcheck nothing is kept" sh -c "
	PATH='$all/bin:$PATH' LINUX='$toy_linux' '$all/scripts/check-all' >'$tmp/log2' 2>&1
	grep -q '^passed: v4.2-rc1: check, ' '$tmp/log2' && ! grep -q 'in an earlier run' '$tmp/log2'"
all_edit=$all/out/v4.2-rc1/linux/mm/file-1.c
printf 'echo edit >>%s\n' "$all_edit" | all_script tests/static/objects
printf 'git -C %s checkout -q -- mm/file-1.c\n' "${all_edit%/mm/*}" | all_script scripts/mutants
all_run >"$tmp/log2" 2>&1 || :
check "check-all: what runs while its tree is edited is no result" \
	grep -q '^FAILED: v4.2-rc1: tables of other' "$tmp/log2"
check "check-all: nor is what comes after, on the edited tree" sh -c "
	cat '$tmp/log2'; grep -q '^FAILED: v4.2-rc1: run_vmtests' '$tmp/log2' && ! grep -q 'on new, edited' '$tmp/log2'"
git -C "${all_edit%/mm/*}" checkout -q -- mm/file-1.c
printf 'echo "# edit" >>%s/scripts/numa\n' "$all" | all_script tests/static/objects
all_run >"$tmp/log2" 2>&1 || :
check "check-all: so is what runs while the project is edited" sh -c "
	cat '$tmp/log2'; grep -q '^FAILED: v4.2-rc1: tables of other' '$tmp/log2' && grep -q '^passed: v4.2-rc1: run_vmtests' '$tmp/log2'"

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
# lint, of a project whose programs nobody looks at again here
mkdir -p "$toys/lint/tests" "$toys/lint-bin"
cp -R "$top/scripts" "$top/patches" "$toys/lint"
cp -R "$top/tests/static" "$toys/lint/tests"
mkdir -p "$toys/lint/files" "$toys/lint/tests/host" "$toys/lint/.ci"
for tool in shellcheck gcc clang; do
	ln -s /bin/true "$toys/lint-bin/$tool"
done
lint_blobs() {
	PATH=$toys/lint-bin:$PATH "$toys/lint/scripts/lint" sources >"$tmp/lint" 2>&1 || :
	grep 'against v4.2-rc1' "$tmp/lint"
	grep -q "^$1 .* the patches are against v4.2-rc1" "$tmp/lint"
}
lint_absent=$toys/lint/patches/debian-6.12/absent
check "lint: the blob ids of the patches are those of the table" lint_blobs ok
check "lint: each number that a queue lacks has a reason, of its own or of its range" sh -c "
	grep '^ok .*has each number' '$tmp/lint' | grep -c . | grep -qx $(find "$top/patches" -mindepth 2 -name base | grep -c .) && ! grep '^not ok .*has each number' '$tmp/lint'"
sed -i '2,$d' "$toys/lint/patches/v4.2-rc1/blobs.tsv"
sed -i '/^02xx/d' "$lint_absent"
check "lint: a table with a header alone is an error" lint_blobs 'not ok'
check "lint: so is a number without one" grep -q '^# debian-6.12 has no patch 0200 .* gives no reason' "$tmp/lint"
: >"$toys/lint/patches/v4.2-rc1/blobs.tsv"
printf '02xx\tx\n05xx\tx\n' >>"$lint_absent"
check "lint: so is an empty one" lint_blobs 'not ok'
check "lint: and a range of which none is left out" grep -qx '# absent range 05xx stands for no number' "$tmp/lint"
# kselftest: a guest that says the same but for one thing
cp "$top/scripts/kselftest" "$long/scripts/kselftest"
mkdir -p "$long/out/v4.2-rc1/linux/tools/testing/selftests/vm" "$long/out/v4.2-rc1/x86_64"
ours=$long/files/tools/testing/selftests/vm
mkdir -p "$ours"
touch "$ours/mlock-plain.c" "$ours/mlock2-counters.c"
printf '#!/bin/bash\n' >"$long/out/v4.2-rc1/linux/tools/testing/selftests/vm/run_vmtests"
printf '%s\n' 'while [ $# -gt 1 ]; do [ "$1" != --log ] || log=$2; shift; done' \
	'mkdir -p "${log%/*}"; cp "$KS_CONSOLE" "$log"; exit "${KS_STATUS:-0}"' | stand_in scripts/lib/boot
{
	printf '%s\n' 'guest: begins' 'guest: tainted at the start: 0' 'guest: will run /run' '# run /run'
	for program in mlock-plain mlock2-counters; do
		printf '%s\n' ------- "running $program" ------- '1..1' 'ok 1 - x' '[PASS]'
	done
	printf '%s\n' 'running hugepage-mmap' '' '# exit 0' 'guest: tainted at the end: 0' \
		'guest: kernel log begins' '<6>Linux version 4.2.0-rc1 (x)' 'guest: kernel log ends' 'guest: all done'
} >"$tmp/ks"
ks() { sed "$1" "$tmp/ks" >"$tmp/ks-one"; KS_CONSOLE=$tmp/ks-one "$long/scripts/kselftest" v4.2-rc1 x86_64; }
ks_dies() { KS_STATUS=1 ks ''; }
check "kselftest: a good run" ks ''
check "kselftest: a guest that dies after our last test" fails '' ks_dies
check "kselftest: what passes after a failure that is glued to other text is another test" \
	fails '^not ok 1 .* mlock-plain' ks '0,/^\[PASS\]/s//half a line[FAIL]/'
check "kselftest: a taint" fails 'kernel: tainted: 512' ks 's/end: 0/end: 512/'
check "kselftest: a complaint in the kernel log" fails '^not ok 4 .* does not complain' ks 's/^<6>.*/&\n<4>WARNING: CPU: 0/'
check "kselftest: no kernel log" fails 'no kernel log' ks '/kernel log/d'
echo '(	a pattern that is none' >>"$long/scripts/lib/complaints.txt"
check "kselftest: a pattern that is none is no silence" fails '^not ok 4 .* does not complain' ks ''
unset LOF_CACHE
