#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# OpenSSL - CRYPTO_secure_malloc_init() of libcrypto locks by mlock2(MLOCK_ONFAULT), and by
# mlock() where the kernel has no such call.  The command openssl does not use it; the
# program that does is secure-heap.c.

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
plan 5 libssl3 "./secure-heap 16777216"
start /tests/secure-heap $((16 << 20))
until_said '^secure heap: '
value calls "$(calls)"
value CRYPTO_secure_malloc_init "$(sed -n 's/^secure heap: \([0-9]*\) at .*/\1/p' $log)"
look "$(sed -n 's/^secure heap: .* at 0x//p' $log)"
check "OpenSSL says that its secure heap is locked" grep -q '^secure heap: 1 at ' $log
check "OpenSSL: mlock2(MLOCK_ONFAULT) succeeds, and there is no second call" sh -c "
	grep -q 'mlock2(.*, MLOCK_ONFAULT) = 0' $trace && ! grep -q '^mlock(' $trace"
check "OpenSSL: the heap is on fault" all_on_fault
check "OpenSSL: a quarter of the heap, or more, is not resident" sparse
check "OpenSSL: each resident page of it is Mlocked" all_mlocked
finish
