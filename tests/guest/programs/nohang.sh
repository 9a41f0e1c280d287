#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# nohang - in Python, asks for mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) through
# ctypes, and if the kernel has none, for the same without MCL_ONFAULT

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
plan 4 nohang "nohang --monitor --config /etc/nohang/nohang.conf"
start python3 -u /usr/sbin/nohang --monitor --config /etc/nohang/nohang.conf
until_said 'mlockall\(' "$trace"
until_said 'Monitoring has started|MemAvail'
value calls "$(calls)"
look
check "nohang: the kernel takes MCL_ONFAULT, and there is no second call" \
	not_called 'mlockall\(MCL_CURRENT\|MCL_FUTURE\) '
check "nohang has locked memory" something
check "nohang: all that is locked is on fault" all_on_fault
check "nohang: each resident page of it is Mlocked" all_mlocked
finish
