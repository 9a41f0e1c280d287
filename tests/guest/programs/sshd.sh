#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# sshd - locks nothing: it keeps keys encrypted in memory instead.  With -i it needs no
# network; looked at when it has sent its version and waits for that of the client.

# shellcheck source=tests/guest/programs/common.sh
. /tests/common.sh
plan 2 openssh-server "sshd -i"
mkdir -p /run/sshd
/tests/seed || bail_out "no random numbers"
rm -f /tmp/key
ssh-keygen -q -t ed25519 -N '' -f /tmp/key || bail_out "no key"
: >/tmp/sshd_config
open_input
start /usr/sbin/sshd -i -e -f /tmp/sshd_config -h /tmp/key
exec 3>$input
until_said '^SSH-2.0-OpenSSH'
value calls "$(calls)"
look
check "sshd makes no call that locks" not_called m
check "sshd has nothing locked" nothing
finish
