#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# foreign NAME SECONDS COMMAND ARG... - a tool that is not ours, in the guest of
# scripts/foreign, as one result of TAP
#
# Runs COMMAND in a memory cgroup, whose lack of memory is not the guest's, with its
# output in /tmp/NAME.log.  It has to work for most of SECONDS, and to do something:
# its own count is printed, the number of calls or, for each of its stressors, of
# operations.

name=$1 seconds=$2
shift 2
log=/tmp/$name.log
echo 1..1
mkdir -p /tmp/cgroup /tmp/work
[ -d /tmp/cgroup/foreign ] || mount -t cgroup -o memory memcg /tmp/cgroup
mkdir -p /tmp/cgroup/foreign
echo $((384 << 20)) >/tmp/cgroup/foreign/memory.limit_in_bytes
echo 0 >/proc/sys/vm/oom_dump_tasks
cd /tmp/work || exit 1
start=$(cut -d. -f1 /proc/uptime)
(
	echo 0 >/tmp/cgroup/foreign/tasks
	exec "$@"
) >"$log" 2>&1 &
tool=$!
# A tool that counts calls has no clock
(sleep "$seconds"; kill -INT $tool; sleep 30; kill -KILL $tool) 2>/dev/null &
wait $tool
status=$?
took=$(($(cut -d. -f1 /proc/uptime) - start))
case $name in
trinity*)
	calls=$(sed -n 's/.*[Rr]an \([0-9][0-9]*\) syscalls.*/\1/p; s/.* iteration[s:]* *\([0-9][0-9]*\).*/\1/p' "$log" | tail -n 1)
	echo "# $name: exit status $status after $took s, ${calls:-no} calls"
	idle=${calls:-every call} ;;
*)
	sed -n 's/^stress-ng: metrc: \[[0-9]*\] \([a-z][a-z0-9-]*\)  *\([0-9][0-9]*\) .*/# \1: \2 operations/p' "$log"
	idle=$(sed -n 's/^stress-ng: metrc: \[[0-9]*\] \([a-z][a-z0-9-]*\)  *0 .*/\1/p' "$log" | paste -sd' ') ;;
esac
echo "# $(tail -n 3 "$log" | tr '\n' '|')"
sed 's/^/#   /' "$log" | grep -i 'fail\|skip\|unimplemented\|error' | head -n 40
if [ $took -ge $((seconds * 2 / 3)) ]
then echo "ok 1 - $name works for as long as it should"
else echo "not ok 1 - $name works for as long as it should"; exit 1
fi
