#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# earlyoom - asks for mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT), and if the kernel has
# none, for the same without MCL_ONFAULT

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
plan 5 earlyoom "earlyoom -r 3600"
# Twice: the second time its files are in the page cache, and a fault maps the pages around
start earlyoom -r 3600
until_said 'mem avail: '
start_again earlyoom -r 3600
until_said 'mem avail: '
value calls "$(calls)"
look
check "earlyoom: the kernel takes MCL_ONFAULT, and there is no second call" \
	not_called 'mlockall\(MCL_CURRENT\|MCL_FUTURE\) '
check "earlyoom has locked memory" something
check "earlyoom: all that is locked is on fault" all_on_fault
check "earlyoom: a quarter of what is locked, or more, is not resident" sparse
check "earlyoom: each resident page of it is Mlocked" all_mlocked
finish
