#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A program that calls mlock2() of glibc, and mlock() if that fails: wrapper.c

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
plan 4 libc6 "./wrapper 16777216 (glibc)"
start_wrapper glibc
look_at_wrapper
check "glibc: mlock2(MLOCK_ONFAULT) succeeds" grep -q '^locked by mlock2 ' $log
check "glibc: the range is locked by one call or the other" something
check "glibc: a quarter of the range, or more, is not resident" sparse
check "glibc: each resident page of it is Mlocked" all_mlocked
finish
