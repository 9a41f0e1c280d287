#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# cyclictest - as a real-time program of today: mlockall(MCL_CURRENT | MCL_FUTURE)

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
plan 3 rt-tests "cyclictest --mlockall"
start cyclictest --mlockall --interval 10000 --duration 60
until_said 'T: *0 '
value calls "$(calls)"
look
check "cyclictest locks by mlockall() without MCL_ONFAULT" \
	called 'mlockall\(MCL_CURRENT\|MCL_FUTURE\) *= 0'
check "cyclictest has locked memory" something
check "cyclictest: each resident page of it is Mlocked" all_mlocked
finish
