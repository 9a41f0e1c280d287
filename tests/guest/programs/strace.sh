#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# strace - decodes the numbers and the flags; of a program that calls glibc's mlock2() and
# mlockall() (tests/guest/libc.c)

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
plan 3 strace "strace -e trace=mlock2,mlockall ./libc"
start /tests/libc-dynamic
wait "$pid"
pid=
result() { sed -n "/^$1(/p" $trace | sed 's/0x[0-9a-f]*/ADDRESS/; s/  */ /g; s/ ([A-Z][a-z ]*)$//' | head -n 1; }
value "mlock2()" "$(result mlock2)"
value "mlockall()" "$(result mlockall)"
check "strace names the calls and their flags" sh -c "
	grep -q 'mlock2(.*, MLOCK_ONFAULT) ' $trace && grep -q 'mlockall(MCL_CURRENT|MCL_FUTURE|MCL_ONFAULT) ' $trace"
check "strace shows that mlock2(MLOCK_ONFAULT) succeeds" called 'mlock2\(.*, MLOCK_ONFAULT\) *= 0'
check "strace shows that mlockall() with MCL_ONFAULT succeeds" called 'mlockall\(.*MCL_ONFAULT\) *= 0'
finish
