#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# vmtouch -l - locks the pages of a file by mlock()

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
file=/usr/bin/qemu-system-x86_64
plan 5 vmtouch "vmtouch -l $file"
before=$(meminfo Mlocked)
start vmtouch -l $file
until_said 'mlock\(' "$trace"
# What it says is buffered, and comes at its end
value calls "$(calls)"
look
check "vmtouch locks by mlock() alone" called 'mlock\(.* = 0$'
check "vmtouch: all that is locked is resident" all_resident
check "vmtouch: each resident page of it is Mlocked" all_mlocked
# The counter of a CPU may be some pages behind
check "vmtouch: Mlocked of meminfo has grown by about the size of the file" \
	test $(($(meminfo Mlocked) - before)) -ge $(($(stat -c %s $file) / 1024 * 9 / 10))
kill "$pid"
wait "$pid"
pid=
back_to "$before"
value "Mlocked of meminfo when it has ended, less that of before, kB" $(($(meminfo Mlocked) - before))
check "vmtouch leaves no page Mlocked" test "$(meminfo Mlocked)" -le "$before"
finish
