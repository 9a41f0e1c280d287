# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154  # tests/host/run sets top and tmp, toy.sh the toy
#
# processes.sh - what the scripts start, how it ends, and who shares a folder; also
# other places and surroundings; tests/host/run reads it

export LOF_CACHE="$tmp/toy-cache"
# left MARK: the processes that have MARK in their environment
left() { grep -laz "^LOF_MARK=$1\$" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 | paste -sd' '; }
# ctrl_c MARK SIGNAL FILE COMMAND...: start it in a group of its own, wait for FILE, send
# SIGNAL to the group as a terminal does, wait for its end; nothing may be left then
ctrl_c() {
	mark=$1 signal=$2 sign=$3
	shift 3
	rm -f "$sign"
	LOF_MARK=$mark timeout 0 "$@" >"$tmp/ctrl-c" 2>&1 &
	group=$!
	tries=0
	while [ ! -e "$sign" ]; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || { echo "it did not begin"; cat "$tmp/ctrl-c"; kill "$group"; return 1; }
		sleep 0.1
	done
	kill -s "$signal" -- "-$group"
	wait "$group" 2>/dev/null || :
	pids=$(left "$mark")
	[ -z "$pids" ] || {
		echo "left: $(for p in $pids; do tr '\0' ' ' <"/proc/$p/cmdline"; echo; done | paste -sd';')"
		# shellcheck disable=SC2086
		kill -KILL $pids 2>/dev/null
		return 1
	}
}
mkdir -p "$tmp/fake"
cat >"$toy/scripts/lib/runs" <<-'EOF2'
	#!/bin/sh
	# runs - what run_logged does with a job that starts others
	set -eu
	. "$(dirname "$0")/lib.sh"
	tmp=$1
	job() { sh -c "sleep 1000 & touch '$tmp/begun'; sleep 1000 | sleep 1000" | cat; }
	run_logged "$tmp/runs.log" "the job" job
EOF2
chmod +x "$toy/scripts/lib/runs"
for signal in INT TERM HUP; do
	check "processes: $signal ends a build and all that it started" \
		ctrl_c runs-$signal $signal "$tmp/begun" "$toy/scripts/lib/runs" "$tmp"
done
cat >"$tmp/fake/qemu-system-x86_64" <<-EOF2
	#!/bin/sh
	while [ \$# -gt 1 ]; do
		[ "\$1" != -initrd ] || cp "\$2" "$tmp/initrd"
		shift
	done
	if [ -e "$tmp/qemu-ends" ]; then echo 'guest: all done'; exit; fi
	trap '' INT HUP
	sleep 1000 &
	touch "$tmp/booted"
	wait
EOF2
chmod +x "$tmp/fake/qemu-system-x86_64"
touch "$tmp/a-kernel"
for signal in INT TERM; do
	check "processes: $signal ends QEMU and all that it started" \
		ctrl_c qemu-$signal $signal "$tmp/booted" env PATH="$tmp/fake:$PATH" \
		"$toy/scripts/lib/boot" "$tmp/a-kernel"
done
touch "$tmp/qemu-ends"
mkdir -p "$tmp/root/tests"
(umask 077; echo test >"$tmp/root/tests/a-test"; chmod +x "$tmp/root/tests/a-test")
check "boot: with a umask of 077" sh -c "umask 077; PATH='$tmp/fake:$PATH' \
	'$toy/scripts/lib/boot' --files '$tmp/root' '$tmp/a-kernel'"
check "boot: everybody in the guest can run what is in it" sh -c "
	zcat '$tmp/initrd' | cpio -tv --quiet >'$tmp/list' && grep -q 'tests/a-test' '$tmp/list' &&
	! grep -v '^l\|^[-d]..x..[x-]r.x' '$tmp/list' | grep -E ' (init|tests|tests/a-test)\$'"

# One builds in a folder at a time.  This make says so when it is not alone.
cat >"$tmp/fake/make" <<-EOF2
	#!/bin/sh
	echo "\$* flags:\${MAKEFLAGS:-}" >>"$tmp/make.args"
	mkdir "$tmp/alone" 2>/dev/null || touch "$tmp/not-alone"
	sleep 0.3
	rmdir "$tmp/alone" 2>/dev/null
	exit 0
EOF2
for tool in make bc flex bison; do
	[ -e "$tmp/fake/$tool" ] || cp "$tmp/fake/qemu-system-x86_64" "$tmp/fake/$tool"
	chmod +x "$tmp/fake/$tool"
done
two_builds() {
	LINUX=$toy_linux "$toy/scripts/tree" v4.2-rc1 || return 1
	for i in 1 2; do
		MAKEFLAGS="-k -- ARCH=alpha" PATH=$tmp/fake:$PATH "$toy/scripts/kernel" v4.2-rc1 x86_64 >"$tmp/build-$i" 2>&1 &
	done
	wait
	[ ! -e "$tmp/not-alone" ] || { echo "two built in one folder"; return 1; }
	[ "$(grep -c 'building the kernel' "$tmp/build-1" "$tmp/build-2" | grep -c ':1$')" -eq 2 ] ||
		{ cat "$tmp/build-1" "$tmp/build-2"; return 1; }
}
check "kernel: two at once build one after the other" two_builds
check "kernel: the flags of a make that calls us are not passed on" \
	sh -c "[ -s '$tmp/make.args' ] && ! grep 'flags:.' '$tmp/make.args'"

# Other places
cp -R "$toy" "$tmp/a toy: two"
rm -rf "$tmp/a toy: two/out" "$tmp/make.args"
check "kernel: of a project whose name has a blank and a colon" sh -c "
	LINUX='$toy_linux' '$tmp/a toy: two/scripts/tree' v4.2-rc1 &&
	PATH='$tmp/fake:$PATH' '$tmp/a toy: two/scripts/kernel' v4.2-rc1 x86_64"
check "kernel: is built where the name has neither" sh -c "
	! grep -q 'a toy' '$tmp/make.args' && grep -q 'O=/' '$tmp/make.args'"
check "kernel: out/ is a link to there" test -L "$tmp/a toy: two/out" -a -d "$tmp/a toy: two/out/v4.2-rc1/linux"
check "clean: removes both" sh -c "'$tmp/a toy: two/scripts/clean' &&
	[ ! -L '$tmp/a toy: two/out' ] && [ -z \"\$(ls -d '$LOF_CACHE'/out-* 2>/dev/null)\" ]"
check "tree: OUT with a blank is refused with the reason" fails 'set OUT' \
	env OUT="$tmp/o u t" LINUX="$toy_linux" "$toy/scripts/tree" v4.2-rc1
if [ -e "$top/.git" ]; then
	check "a clone with core.autocrlf has no carriage return" sh -c "
		git -c core.autocrlf=true clone -q '$top' '$tmp/clone' &&
		! grep -rIl \"\$(printf '\r')\" --exclude-dir=.git '$tmp/clone'"
fi
unset LOF_CACHE
