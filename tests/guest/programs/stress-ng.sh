#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# stress-ng - its stressors of locked memory; --mlock calls mlock2(MLOCK_ONFAULT) by its
# number

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
plan 4 stress-ng "stress-ng --mlock 1 --timeout 10"
cd /tmp || exit 1
before=$(meminfo Mlocked)
start stress-ng --mlock 1 --timeout 10 --temp-path /tmp
until_said '^mlock2\(.*MLOCK_ONFAULT' "$trace"
# Under strace it does not see that its time is over.  Its children go with it
sleep 5
kill -INT "$pid"
wait "$pid"
pid=
# What most of such calls gave
result() {
	sed -n "s/^$1 *= \(-1 [A-Z]*\|0\).*/\1/p" $trace 2>/dev/null | sort | uniq -c | sort -rn |
		awk 'NR == 1 { sub(/^ *[0-9]+ /, ""); print }'
}
value "mlock2(..., MLOCK_ONFAULT)" "$(result 'mlock2(.*, MLOCK_ONFAULT)')"
check "stress-ng --mlock: mlock2(MLOCK_ONFAULT) succeeds" called 'mlock2\(.*, MLOCK_ONFAULT\) *= 0'
# run STRESSOR...: is it a success, and has it not skipped one?
run() {
	: >$log
	(as_planned timeout -s INT 15 stress-ng --timeout 5 --temp-path /tmp "$@") >>$log 2>&1
	grep -q 'successful run completed' $log && ! grep -q 'skipp\|fail\|disabled' $log
}
check "stress-ng --mlock is a success" run --mlock 1
check "stress-ng is a success with --mlockmany, --brk-mlock, --mremap-mlock, --stack-mlock, --vm-locked" \
	run --pathological --mlockmany 1 --mlockmany-procs 8 --brk 1 --brk-mlock --mremap 1 --mremap-mlock \
	--stack 1 --stack-mlock --vm 1 --vm-locked --vm-bytes 8M --mremap-bytes 8M --oomable
back_to "$before"
value "Mlocked of meminfo when it has ended, less that of before, kB" $(($(meminfo Mlocked) - before))
check "stress-ng leaves no page Mlocked" test "$(meminfo Mlocked)" -le "$before"
finish
