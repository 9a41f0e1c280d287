#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# foreign trinity|stress-ng SECONDS SEED - a tool that is not ours, in the guest of
# scripts/foreign; TAP
#
# It runs in a memory cgroup, so that a lack of memory kills one of its tasks and is not
# the guest's.  What it says of itself is not judged: it has to work for as long as it
# should, and to do something.  Its own counts are printed.

tool=$1 seconds=$2 seed=$3
log=/tmp/$tool.log
# What concerns the locking and the mapping of memory, as far as a tool lets one choose.
# trinity forks by itself, and does not let fork be called as one of many.
calls="mlock mlock2 munlock mlockall munlockall mremap madvise mmap munmap mprotect
	remap_file_pages mincore msync move_pages migrate_pages mbind process_vm_readv
	process_vm_writev memfd_create userfaultfd brk fallocate ftruncate"
# One of each at a time; more than these, and none gets far
groups="mlock,mlockmany,mremap,munmap,fork,brk mlock,madvise,mmap,mmapfork,vm,stack
	mlockmany,mprotect,mmapfixed,mmapmany,msync,shm,vfork
	mlock,userfaultfd,memfd,vm-rw,vm-splice,mincore,pagemove,remap"

case $tool in
trinity) echo 1..2 ;;
*) echo 1..3 ;;
esac
mkdir -p /tmp/cgroup /tmp/work
[ -d /tmp/cgroup/foreign ] || mount -t cgroup -o memory memcg /tmp/cgroup || exit 1
mkdir -p /tmp/cgroup/foreign
echo $((320 << 20)) >/tmp/cgroup/foreign/memory.limit_in_bytes || exit 1
echo 0 >/proc/sys/vm/oom_dump_tasks
chmod 1777 /tmp/work
mkdir -p /dev/shm
cd /tmp/work || exit 1

# run SECONDS COMMAND ARG...: in the cgroup; trinity has no clock
run() {
	limit=$1
	shift
	(
		echo 0 >/tmp/cgroup/foreign/tasks
		exec "$@"
	) >>"$log" 2>&1 &
	pid=$!
	(
		sleep "$limit"
		kill -INT $pid
		sleep 60
		kill -KILL $pid
	) >/dev/null 2>&1 &
	timer=$!
	wait $pid
	status=$?
	kill $timer 2>/dev/null
}

# counted: how many stressors have done anything so far
counted() { grep -c '^stress-ng: metrc: \[[0-9]*\] [a-z][a-z0-9-]*  *[1-9]' "$log"; }

idle=
start=$(cut -d. -f1 /proc/uptime)
case $tool in
trinity)
	set -- trinity --dangerous -q -l off --disable-fds=sockets -C 4 -s "$seed" --stats
	for call in $calls; do
		set -- "$@" -c "$call"
	done
	run "$seconds" "$@" ;;
stress-ng)
	nr=$(echo "$groups" | wc -w)
	for group in $groups; do
		each=$((seconds / nr))
		set -- stress-ng --timeout "$each" --seed "$seed" --pathological --metrics \
			--oomable --mlockmany-procs 32 --brk-mlock --mremap-mlock --stack-mlock --vm-locked \
			--vm-bytes 8M --mmap-bytes 8M --mremap-bytes 8M --shm-bytes 8M
		for stressor in $(echo "$group" | tr , ' '); do
			set -- "$@" "--$stressor" 1
		done
		# Where CPUs are slow it does not see that its time is over, until it is told
		since=$(cut -d. -f1 /proc/uptime) before=$(counted)
		run $((each + 15)) "$@"
		lasted=$(($(cut -d. -f1 /proc/uptime) - since))
		echo "# $group: exit status $status after $lasted s"
		# One that was killed has worked, and counts nothing
		[ $lasted -ge $((each * 2 / 3)) ] || [ "$(counted)" -gt "$before" ] || idle="$idle $group"
	done ;;
esac
took=$(($(cut -d. -f1 /proc/uptime) - start))
echo "# $tool: exit status $status after $took s"
case $tool in
trinity)
	# "  mlock2: (attempted:131. success:100. failures:31."
	sed -n 's/^ *\([a-z_0-9]*\): (attempted:[0-9]*\. success:\([0-9]*\)\. failures:\([0-9]*\).*/# \1: \2 succeeded, \3 failed/p' "$log" >/tmp/counts ;;
stress-ng)
	sed -n 's/^stress-ng: metrc: \[[0-9]*\] \([a-z][a-z0-9-]*\)  *\([0-9][0-9]*\) .*/# \1: \2 operations/p' "$log" >/tmp/counts ;;
esac
cat /tmp/counts
echo "# its last words:"
# As a warning of the kernel it would be taken for one
tail -n 3 "$log" | sed "s/WARNING: //; s/^/#   /"
ok() {
	if [ "$1" -eq 0 ]; then echo "ok $2"; else echo "not ok $2"; failed=1; fi
}
failed=0
[ "$took" -ge $((seconds * 2 / 3)) ]
ok $? "1 - $tool works for as long as it should"
grep -q '^# mlock[2a-z]*: [1-9]' /tmp/counts
ok $? "2 - $tool has locked memory"
case $tool in
stress-ng)
	[ -z "$idle" ]
	ok $? "3 - every group of $tool has run"
	[ -z "$idle" ] || echo "# did not:$idle" ;;
esac
exit $failed
