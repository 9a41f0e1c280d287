#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# memlockd - calls mlockall(MCL_CURRENT | MCL_FUTURE), maps the files that it is told to, and
# locks them by mlock() once more

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
file=/usr/bin/qemu-system-x86_64
plan 3 memlockd "memlockd -d -c FILE"
echo $file >/tmp/memlockd.cfg
start memlockd -d -c /tmp/memlockd.cfg
until_said 'mlock' "$trace"
until_said 'apped file'
usleep 500000
value calls "$(calls)"
look
check "memlockd has locked memory" something
check "memlockd: the file is locked and resident" test "$resident" -ge $(($(stat -c %s $file) / 1024))
check "memlockd: each resident page of what is locked is Mlocked" all_mlocked
finish
