#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# pmap -XX - a reader of /proc/PID/smaps that knows no flag by its letters: shows what the
# kernel calls an on-fault VMA

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
plan 2 procps "pmap -XX PID"
start_wrapper glibc
start=$(vma_start "$address")
# Its first column is the address; under VmFlags are words of two letters, at the end
pmap -XX "$pid" >/tmp/pmap 2>&1
flags=$(sed -n "s/^ *0*$start .* \(rd wr [a-z? ]*[a-z?]\) *$/\1/p" /tmp/pmap)
value "VmFlags of the range, in smaps" "$(vm_flags "$start")"
value "VmFlags of the range, in pmap" "${flags:-none}"
check "pmap: the VMA is locked" sh -c "echo ' $flags ' | grep -q ' lo '"
check "pmap: the VMA is on fault by name" sh -c "echo ' $flags ' | grep -q ' lf '"
finish
