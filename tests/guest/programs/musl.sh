#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A program that calls mlock2() of musl, and mlock() if that fails: wrapper.c

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
plan 4 musl "./wrapper 16777216 (musl)"
start_wrapper musl
look_at_wrapper
check "musl: mlock2(MLOCK_ONFAULT) succeeds" grep -q '^locked by mlock2 ' $log
check "musl: the range is locked by one call or the other" something
check "musl: a quarter of the range, or more, is not resident" sparse
check "musl: each resident page of it is Mlocked" all_mlocked
finish
