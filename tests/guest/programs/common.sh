# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034  # the scripts that source this use what it sets
#
# common.sh - what the tests of Debian's programs share; sourced by them, in the guest of
# scripts/programs.
#
# A test says plan, starts its program, and says check for each claim, value for each
# figure of the table of docs/programs.md, and finish.

# The programs, and not the tests, which have their names
PATH=/usr/sbin:/usr/bin:/bin:/sbin
# What it says, and its calls, a file a task: in one, a call may be in two pieces
log=/tmp/log traces=/tmp/traces trace='/tmp/traces/*'
count=0 planned=0 failed=0

# plan NUMBER PACKAGE COMMAND: of so many checks; the package, and what a person would type
plan() {
	planned=$1
	echo "TAP version 13"
	echo "1..$1"
	echo "# package: $(grep "^$2 " /programs/versions)"
	echo "# command: $3"
	: >$log
	back_to 0
	rm -rf $traces
	mkdir -m 777 $traces
}

# check CLAIM COMMAND...: the claim is true if the command succeeds
check() {
	claim=$1
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $claim"
	else
		echo "not ok $count - $claim"
		failed=1
	fi
}

# value WHAT TEXT: a cell of the table
value() { echo "# value: $1: $2"; }

# last_words: of the program, but no results of its own, and nothing that would be taken for a
# complaint of the kernel; and its last calls
last_words() {
	sed '/ok [0-9]/d; s/WARNING: //; s/^/# said: /' $log | tail -n 20
	sed 's/^/# trace: /' $trace 2>/dev/null | tail -n 20
}

# bail_out WHY: the set-up broke, which says nothing about the kernel
bail_out() {
	last_words
	echo "Bail out! $1"
	exit 1
}

finish() {
	[ -z "${pid:-}" ] || kill "$pid" 2>/dev/null
	if [ "$failed" -ne 0 ] || [ "$count" -ne "$planned" ]; then
		last_words
		exit 1
	fi
	exit 0
}

# as_planned COMMAND...: run it; with PLANT=limit as somebody who may lock nothing, which
# makes every check fail that something is locked
as_planned() {
	case ${PLANT:-} in
	'') exec "$@" ;;
	limit)
		# shellcheck disable=SC3045  # busybox has it
		ulimit -l 0
		chmod a+rw $log
		program=$1
		shift
		exec start-stop-daemon -S -p /tmp/none -c nobody -a "$program" -- "$@" ;;
	*) bail_out "what is PLANT=$PLANT?" ;;
	esac
}

# start COMMAND...: in the background, as $pid, its input from $input, what it says in $log,
# and the calls of it that lock in the files $trace
input=/dev/null
# open_input: a pipe that says nothing; whoever starts has to open it for writing as well
open_input() {
	input=/tmp/input
	rm -f $input
	mkfifo $input
}
start() {
	(as_planned /usr/bin/strace -D -ff -o $traces/task -e trace=mlock,mlock2,mlockall,munlock,munlockall \
		"$@") <$input >>$log 2>&1 &
	pid=$!
}

# start_wrapper LIBC: start wrapper.c of that library, for 16 MiB; $address is where they are
start_wrapper() {
	start "/tests/wrapper-$1" $((16 << 20))
	until_said '^locked by '
	address=$(sed -n 's/^locked by .* at 0x//p' $log)
}
# look_at_wrapper: its calls, and look at what it has locked
look_at_wrapper() {
	value calls "$(calls)"
	value "errno of mlock2()" "$(sed -n 's/^mlock2: //p' $log)"
	look "$address"
}

# start_again COMMAND...: end it, forget what it has said, and start it once more
start_again() {
	kill "$pid"
	wait "$pid" 2>/dev/null
	: >$log
	rm -f $traces/*
	start "$@"
}

# until_said REGEX [FILE]: wait for a line of what it says
until_said() {
	tries=0
	# shellcheck disable=SC2086  # $trace is several
	until grep -qE "$1" ${2:-$log} 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || bail_out "nobody has said $1"
		kill -0 "$pid" 2>/dev/null || [ $tries -gt 590 ] || tries=590
		usleep 100000
	done
}

# calls: what $trace has, without the numbers of tasks and addresses, in one line
calls() {
	sed -n '/^mu*n*lock[a-z0-9]*(/p' $trace 2>/dev/null |
		sed 's/0x[0-9a-f]*/ADDRESS/g; s/ \{2,\}/ /g; s/ ([A-Z][a-z ]*)$//' | awk '
		$0 != last { if (text != "") text = text "; "; text = text $0 }
		{ last = $0 }
		END { print text == "" ? "none" : text }'
}
# called REGEX: is there such a call?
called() { grep -qE "^$1" $trace 2>/dev/null; }
not_called() { ! called "$1"; }

# status FIELD: of /proc/$pid/status, a number
status() { awk -v field="$1:" '$1 == field { print $2; found = 1 } END { if (!found) print 0 }' "/proc/$pid/status"; }
# meminfo FIELD
meminfo() { awk -v field="$1:" '$1 == field { print $2 }' /proc/meminfo; }

# back_to MLOCKED: what a task had locked that was killed is given back a little later, and is
# waited for
back_to() {
	tries=0
	until [ "$(meminfo Mlocked)" -le "$1" ] || [ $tries -gt 50 ]; do
		tries=$((tries + 1))
		usleep 100000
	done
}

# vma_start ADDRESS: where the VMA there begins, as smaps has it
vma_start() { /tests/lockmap -n "$pid" "$1" | sed -n '1s/-.*//; 1s/^0*//p'; }
# vm_flags START: of the VMA that begins there, by smaps
vm_flags() {
	awk -v address="$1-" '
	index($1, address) == 1 { here = 1 }
	here && $1 == "VmFlags:" { sub(/^VmFlags: */, ""); sub(/ *$/, ""); print; exit }' "/proc/$pid/smaps"
}

# look [ADDRESS]: at the VMAs of $pid, or the one there: sets $locked, kB that are in locked
# VMAs, $on_fault, how much of that is on fault, $resident and $mlocked, kB of pages in them.
# The zero page is in neither.  $when is put before the names of the figures.
when=
look() {
	# shellcheck disable=SC2046  # four numbers
	set -- $(/tests/lockmap -n "$pid" "$@" | awk '
		/^[0-9a-f]+-[0-9a-f]+ / {
			mode = $3
			size = 4
			if (mode == "on")
				size = 5
			if (mode == "-")
				next
			locked += $size
			if (mode == "on")
				on_fault += $size
			resident += $(size + 1)
			mlocked += $(size + 2)
		}
		END { print locked + 0, on_fault + 0, resident + 0, mlocked + 0 }')
	locked=$1 on_fault=$2 resident=$3 mlocked=$4
	value "${when}VmLck, kB" "$(status VmLck)"
	value "${when}locked on fault, kB" "$on_fault"
	value "${when}resident in what is locked, kB" "$resident"
	value "${when}Mlocked of that, kB" "$mlocked"
}

nothing() { [ "$locked" -eq 0 ] && [ "$(status VmLck)" -eq 0 ]; }
# Whether by a call of its own or by one that it falls back to
something() { [ "$locked" -gt 0 ] && [ "$(status VmLck)" -gt 0 ]; }
all_on_fault() { [ "$locked" -gt 0 ] && [ "$on_fault" -eq "$locked" ]; }
# A quarter of what is locked, or more, is not there
sparse() { [ "$locked" -gt 0 ] && [ $((resident * 4)) -le $((locked * 3)) ]; }
all_resident() { [ "$locked" -gt 0 ] && [ "$resident" -eq "$locked" ]; }
all_mlocked() { [ "$resident" -gt 0 ] && [ "$mlocked" -eq "$resident" ]; }
