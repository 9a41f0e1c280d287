#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# gpg-agent - libgcrypt locks its secure memory by mlock()

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
plan 4 gpg-agent "gpg-agent --server"
rm -rf /tmp/gnupg
mkdir -m 700 /tmp/gnupg
open_input
start gpg-agent --homedir /tmp/gnupg --server
exec 3>$input
until_said '^OK Pleased'
value calls "$(calls)"
look
check "gpg-agent locks by mlock() alone" sh -c "grep -q '^mlock(.* = 0$' $trace && ! grep -q 'mlock2\|mlockall' $trace"
check "gpg-agent has locked memory" something
check "gpg-agent: all that is locked is resident" all_resident
check "gpg-agent: each resident page of it is Mlocked" all_mlocked
finish
