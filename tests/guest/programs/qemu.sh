#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# QEMU - -overcommit mem-lock=on calls mlockall(MCL_CURRENT | MCL_FUTURE).  That of Debian 12
# does not know mem-lock=on-fault, which later ones have.

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
options="-M none -m 64 -S -display none -nodefaults -accel tcg,tb-size=8"
plan 4 qemu-system-x86 "qemu-system-x86_64 $options -overcommit mem-lock=on"
open_input
# shellcheck disable=SC2086  # they are several
start qemu-system-x86_64 $options -qmp stdio -overcommit mem-lock=on
exec 3>$input
# Its main loop runs after the call
until_said '^mlockall\(.*=' "$trace"
echo '{"execute": "qmp_capabilities"}' >&3
until_said '"return"'
value calls "$(calls)"
look
check "QEMU with mem-lock=on calls mlockall() without MCL_ONFAULT" \
	called 'mlockall\(MCL_CURRENT\|MCL_FUTURE\) *= 0'
check "QEMU with mem-lock=on has at least the 64 MiB of its guest locked and resident" \
	test "$resident" -ge 65536
check "QEMU: each resident page of it is Mlocked" all_mlocked
kill "$pid"
exec 3>&-
# shellcheck disable=SC2086
said=$(qemu-system-x86_64 $options -overcommit mem-lock=on-fault 2>&1 </dev/null | head -n 1)
pid=
value "mem-lock=on-fault" "${said##*: }"
check "QEMU refuses mem-lock=on-fault, as it is older" \
	test "${said##*: }" = "Parameter 'mem-lock' expects 'on' or 'off'"
finish
