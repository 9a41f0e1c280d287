# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154  # tests/host/run sets top and tmp, toy.sh the toy
#
# processes.sh - what the scripts start, how it ends, and who shares a folder; also
# other places and surroundings; tests/host/run reads it

export LOF_CACHE="$toys/toy-cache"
# left MARK: the processes that have MARK in their environment
left() { grep -laz "^LOF_MARK=$1\$" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 | paste -sd' '; }
# ctrl_c MARK SIGNAL FILE COMMAND...: start it in a group of its own, wait for FILE, send
# SIGNAL to the group as a terminal does, wait for its end; nothing may be left then
ctrl_c() {
	mark=$1 signal=$2 sign=$3
	shift 3
	rm -f "$sign"
	LOF_MARK=$mark timeout 0 "$@" >"$toys/ctrl-c" 2>&1 &
	group=$!
	tries=0
	while [ ! -e "$sign" ]; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || { echo "it did not begin"; cat "$toys/ctrl-c"; kill "$group"; return 1; }
		sleep 0.1
	done
	for i in $(seq "${presses:-1}"); do
		kill -s "$signal" -- "-$group" 2>/dev/null || :
	done
	wait "$group" 2>/dev/null || :
	# What got a signal may need a moment to go
	tries=0
	while pids=$(left "$mark"); [ -n "$pids" ] && [ $tries -lt 30 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	[ -z "$pids" ] || {
		echo "left: $(for p in $pids; do tr '\0' ' ' <"/proc/$p/cmdline"; echo; done | paste -sd';')"
		# shellcheck disable=SC2086
		kill -KILL $pids 2>/dev/null
		return 1
	}
}
mkdir -p "$toys/fake"
cat >"$toy/scripts/lib/runs" <<-'EOF2'
	#!/bin/sh
	# runs - what run_logged does with a job that starts others
	set -eu
	. "$(dirname "$0")/lib.sh"
	dir=$1
	job() { env -u SLOW_FORK sh -c "sleep 1000 & touch '$dir/begun'; sleep 1000 | sleep 1000" | cat; }
	run_logged "$dir/runs.log" "the job" job
EOF2
chmod +x "$toy/scripts/lib/runs"
for signal in INT TERM HUP; do
	check "processes: $signal ends a build and all that it started" \
		ctrl_c runs-$signal $signal "$toys/begun" "$toy/scripts/lib/runs" "$toys"
done
# check builds beside what it runs; long.sh has left another script there
cp "$top/scripts/check" "$long/scripts/check"
echo "nice >'$toys/kernel-nice'; touch '$toys/kernel-begun'; sleep 1000" | stand_in scripts/kernel
for signal in INT TERM; do
	check "check: $signal ends the kernels that are built meanwhile" \
		ctrl_c check-$signal $signal "$toys/kernel-begun" env -u CI -u LOF_MINUTES LINUX="$toy_linux" "$long/scripts/check" v4.2-rc1
done
check "check: they are built at the lowest priority" grep -qx 19 "$toys/kernel-nice"
cp "$toys/long-kernel" "$long/scripts/kernel"
cat >"$toys/fake/qemu-system-x86_64" <<-EOF2
	#!/bin/sh
	[ -z "\${SLOW_FORK:-}" ] || exec env -u SLOW_FORK "\$0" "\$@"
	while [ \$# -gt 1 ]; do
		[ "\$1" != -initrd ] || cp "\$2" "$toys/initrd"
		shift
	done
	if [ -e "$toys/qemu-ends" ]; then echo 'guest: all done'; exit; fi
	trap '' INT HUP
	sleep 1000 &
	touch "$toys/booted"
	wait
EOF2
chmod +x "$toys/fake/qemu-system-x86_64"
touch "$toys/a-kernel"
for signal in INT TERM; do
	check "processes: $signal ends QEMU and all that it started" \
		ctrl_c qemu-$signal $signal "$toys/booted" env PATH="$toys/fake:$PATH" \
		"$toy/scripts/lib/boot" "$toys/a-kernel"
done
# Who is impatient presses Ctrl-C again: the second one must not end what the first began
impatient() {
	presses=300
	for i in 1 2 3 4 5 6 7 8; do
		ctrl_c "qemu-many-$i" "$@" || return 1
	done
}
check "processes: INT again and again ends QEMU and all that it started" \
	impatient INT "$toys/booted" env PATH="$toys/fake:$PATH" "$toy/scripts/lib/boot" "$toys/a-kernel"
presses=1
# The same when the signal comes before the shell knows what it has started: slow-fork.c
# lets fork() return when it has come.  Elsewhere that is a race, seen once in CI.
check "slow-fork: compiles" ${CC:-gcc} -Wall -Wextra -Werror -O2 -shared -fPIC -o "$toys/slow-fork.so" \
	"$top/tests/host/slow-fork.c"
early() {	# SIGNAL FILE COMMAND...
	early_signal=$1 early_file=$2
	shift 2
	for early_try in 1 2 3 4 5; do
		rm -f "$early_file.met"
		ctrl_c "early-$early_signal-$early_try" "$early_signal" "$early_file" \
			env SLOW_FORK="$early_file" LD_PRELOAD="$toys/slow-fork.so" "$@" || return 1
		! grep -qsx sh "$early_file.met" || return 0
	done
	echo "the signal never came in time"
	return 1
}
for signal in INT TERM HUP; do
	check "processes: $signal at the start of a build ends it" \
		early $signal "$toys/begun" "$toy/scripts/lib/runs" "$toys"
	check "processes: $signal at the start of QEMU ends it" \
		early $signal "$toys/booted" env PATH="$toys/fake:$PATH" "$toy/scripts/lib/boot" "$toys/a-kernel"
done
touch "$toys/qemu-ends"
mkdir -p "$toys/root/tests"
(umask 077; echo test >"$toys/root/tests/a-test"; chmod +x "$toys/root/tests/a-test")
check "boot: with a umask of 077" sh -c "umask 077; PATH='$toys/fake:$PATH' \
	'$toy/scripts/lib/boot' --files '$toys/root' '$toys/a-kernel'"
check "boot: everybody in the guest can run what is in it" sh -c "
	zcat '$toys/initrd' | cpio -tv --quiet >'$toys/list' && grep -q 'tests/a-test' '$toys/list' &&
	! grep -v '^l\|^[-d]..x..[x-]r.x' '$toys/list' | grep -E ' (init|tests|tests/a-test)\$'"

# One builds in a folder at a time.  This make says so when it is not alone.
cat >"$toys/fake/make" <<-EOF2
	#!/bin/sh
	echo "\$* flags:\${MAKEFLAGS:-}" >>"$toys/make.args"
	mkdir "$toys/alone" 2>/dev/null || touch "$toys/not-alone"
	sleep 0.3
	rmdir "$toys/alone" 2>/dev/null
	exit 0
EOF2
for tool in make bc flex bison; do
	[ -e "$toys/fake/$tool" ] || cp "$toys/fake/qemu-system-x86_64" "$toys/fake/$tool"
	chmod +x "$toys/fake/$tool"
done
two_builds() {
	LINUX=$toy_linux "$toy/scripts/tree" v4.2-rc1 || return 1
	for i in 1 2; do
		MAKEFLAGS="-k -- ARCH=alpha" PATH=$toys/fake:$PATH "$toy/scripts/kernel" v4.2-rc1 x86_64 >"$toys/build-$i" 2>&1 &
	done
	wait
	[ ! -e "$toys/not-alone" ] || { echo "two built in one folder"; return 1; }
	[ "$(grep -c 'kernel: building ' "$toys/build-1" "$toys/build-2" | grep -c ':1$')" -eq 2 ] ||
		{ cat "$toys/build-1" "$toys/build-2"; return 1; }
}
check "kernel: two at once build one after the other" two_builds
check "kernel: the flags of a make that calls us are not passed on" \
	sh -c "[ -s '$toys/make.args' ] && ! grep 'flags:.' '$toys/make.args'"

# Other places
cp -R "$toy" "$toys/a toy: two"
rm -rf "$toys/a toy: two/out" "$toys/make.args"
check "kernel: of a project whose name has a blank and a colon" sh -c "
	LINUX='$toy_linux' '$toys/a toy: two/scripts/tree' v4.2-rc1 &&
	PATH='$toys/fake:$PATH' '$toys/a toy: two/scripts/kernel' v4.2-rc1 x86_64"
check "kernel: is built where the name has neither" sh -c "
	! grep -q 'a toy' '$toys/make.args' && grep -q 'O=/' '$toys/make.args'"
check "kernel: out/ is a link to there" test -L "$toys/a toy: two/out" -a -d "$toys/a toy: two/out/v4.2-rc1/linux"
check "clean: removes both" sh -c "'$toys/a toy: two/scripts/clean' &&
	[ ! -L '$toys/a toy: two/out' ] && [ -z \"\$(ls -d '$LOF_CACHE'/out-* 2>/dev/null)\" ]"
check "tree: OUT with a blank is refused with the reason" fails 'set OUT' \
	env OUT="$toys/o u t" LINUX="$toy_linux" "$toy/scripts/tree" v4.2-rc1
if [ -e "$top/.git" ]; then
	check "a clone with core.autocrlf has no carriage return" sh -c "
		git -c core.autocrlf=true clone -q '$top' '$toys/clone' &&
		! grep -rIl \"\$(printf '\r')\" --exclude-dir=.git '$toys/clone'"
fi
unset LOF_CACHE
