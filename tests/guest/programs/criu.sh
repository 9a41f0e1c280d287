#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# CRIU - saves a task to files, and ends it, and makes it anew from them.  It reads what is
# locked from VmFlags of smaps, where it knows "lo" and no "lf", and locks by MAP_LOCKED.
# Not under strace: what is traced cannot be saved.

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
images=/tmp/images
plan 11 criu "criu dump -t PID; criu restore -d"
# CRIU connects to itself to see what TCP can do
ifconfig lo up
rm -rf $images
mkdir $images

# run_criu COMMAND OPTION...: leaves COMMAND.log in the images; if it fails, says what is wrong
# by that, and the test is over after the check of it
run_criu() {
	succeeded=
	if criu "$@" -D $images -v4 -o "$1.log" </dev/null >>/tmp/criu 2>&1; then
		succeeded=yes
		return 0
	fi
	sed 's/^/# criu: /' /tmp/criu
	grep -E '(Error|Warn) ' "$images/$1.log" | sed 's/^/# criu: /' | tail -n 30
	return 1
}
# saved_flags: of the range, in the images: a word of mmap() or a number each
saved_flags() {
	crit show "$images/mm-$pid.img" 2>>/tmp/criu | awk -v start="\"0x$start\"," '
		$1 == "\"start\":" { here = $2 == start }
		here && $1 == "\"flags\":" {
			sub(/^[^:]*: "/, ""); sub(/",$/, "")
			sub(/0x2000$/, "MAP_LOCKED")
			print
			here = 0
		}'
}
# byte: the first of the page that the program has written
byte() {
	dd if="/proc/$pid/mem" bs=4096 skip=$(((0x$address + (8 << 20)) / 4096)) count=1 2>/dev/null |
		od -An -tu1 -N1 | tr -d ' '
}
# look_when WHEN: at the range
look_when() {
	when="$1, "
	# What is not locked may be one VMA with its neighbour
	start=$(vma_start "$address")
	flags=$(vm_flags "$start")
	value "${when}VmFlags" "${flags:-none}"
	look "$address"
}
# has WORDS WORD
has() { echo " $1 " | grep -q " $2 "; }
whole() { all_resident && [ "$on_fault" -eq 0 ]; }

# Before 5.13 CRIU cannot save a task whose glibc has registered restartable sequences, nor does
# it survive its own
export GLIBC_TUNABLES=glibc.pthread.rseq=0
(as_planned /bin/setsid /tests/wrapper-glibc $((16 << 20))) <$input >>$log 2>&1 &
pid=$!
until_said '^locked by '
address=$(sed -n 's/^locked by .* at 0x//p' $log)
look_when "before the dump"
check "criu: the range is locked before the dump" something
check "criu: the range is on fault by name before the dump" has "$flags" lf
check "criu: a quarter of the range, or more, is not resident before the dump" sparse
check "criu: each resident page of the range is Mlocked before the dump" all_mlocked
check "criu dump succeeds" run_criu dump -t "$pid"
[ -n "$succeeded" ] || finish
# Its number has to be free for the restored one
wait "$pid" 2>/dev/null
value "memory in the images, kB" "$(($(stat -c %s $images/pages-1.img 2>/dev/null || echo 0) / 1024))"
saved=$(saved_flags)
value "flags in the images" "${saved:-none}"
check "criu: the images say that the range is locked" has "$saved" MAP_LOCKED
check "criu restore succeeds" run_criu restore -d
[ -n "$succeeded" ] || finish
look_when "after the restore"
check "criu: the restored range is locked" something
check "criu: all of the restored range is resident, none of it on fault" whole
check "criu: each resident page of the restored range is Mlocked" all_mlocked
check "criu: the restored page has what the program wrote" test "$(byte)" = 1
finish
