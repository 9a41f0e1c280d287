# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154  # tests/host/run sets top, tmp and n
#
# init.sh - tests of guest/init.c, as PID 1 of a namespace of its own; tests/host/run
# reads it
#
# By nobody, where root runs the tests: it must not reach the sysctls of this machine.

guest=$tmp/guest
mkdir -p "$guest/tests"
cat >"$tmp/program.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	puts("TAP version 13\n1..1");
	if (!strcmp(what, "crash") || !strcmp(what, "hang")) {
		fputs("ok 1 - in the midst", stdout);
		fflush(stdout);
		if (*what == 'c')
			abort();
		pause();
	}
	if (!strcmp(what, "session"))
		printf("# %s of a session\n", getsid(0) == getpid() ? "leader" : "member");
	fflush(stdout);
	if (!strcmp(what, "orphan") && !fork()) {
		setsid();
		sleep(1);
		puts("not ok 2 - of an orphan");
		fflush(stdout);
		_exit(0);
	}
	puts("ok 1 - first");
	return 0;
}
END
# boot_init JOB-LINE...: what PID 1 says
boot_init() {
	printf '%s\n' "$@" >"$guest/job"
	set -- unshare -r -p -f -m chroot "$guest" /init
	[ "$(id -u)" -ne 0 ] || set -- setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	# It ends its namespace as it would the guest: the shell below says "Hangup" of that
	sh -c 'timeout 30 "$@" </dev/null; :' sh "$@" 2>/dev/null | grep -v '^guest: cannot mount'
}
# says TEXT: $tmp/init.log has these lines, one after the other, but for empty ones
says() {
	{ echo; grep . "$tmp/init.log"; } | tr '\n' '|' |
		grep -qF -e "|$(printf '%s' "$1" | tr '\n' '|')|" ||
		{ cat "$tmp/init.log"; return 1; }
}
if ${CC:-gcc} -std=gnu99 -O2 -Wall -Wextra -Werror -static -o "$guest/init" "$top/guest/init.c" &&
   ${CC:-gcc} -O2 -static -o "$guest/tests/t" "$tmp/program.c" &&
   chmod -R a+rX "$guest" && chmod a+x "$tmp" &&
   boot_init "1 /tests/t" | grep -qx 'guest: all done'; then
	check "init: is for PID 1 only" fails 'would reboot' "$guest/init"
	boot_init '9 setup /tests/t a' '' '9 /tests/t b c' 'x y' '1 /tests/none' >"$tmp/init.log"
	check "init: lists what it will run before it runs anything" says 'guest: begins
guest: bad line in /job: x y
guest: will set up /tests/t a
guest: will run /tests/t b c
guest: will run /tests/none
# setup /tests/t a'
	check "init: a set-up is not a run, and both end with their status" says '# setup /tests/t a
TAP version 13
1..1
ok 1 - first
# exit 0
# run /tests/t b c
TAP version 13'
	check "init: a program that is not there" says '# run /tests/none
guest: cannot run /tests/none: No such file or directory
# exit 127'
	boot_init "9 /tests/t $(seq 40 | paste -sd' ')" >"$tmp/init.log"
	check "init: more arguments than it can pass are not dropped" says 'guest: cannot run /tests/t: more than 32 arguments
# exit 127'
	boot_init '9 /tests/t crash' '9 /tests/t orphan' '2 /tests/t' '1 /tests/t hang' >"$tmp/init.log"
	check "init: begins its own line after a crash in the midst of one" says 'ok 1 - in the midst
# exit 134'
	check "init: ends what a program leaves, in whatever session" says '# run /tests/t orphan
TAP version 13
1..1
ok 1 - first
# exit 0
# run /tests/t
TAP version 13
1..1
ok 1 - first
# exit 0'
	boot_init '9 /tests/t session' >"$tmp/init.log"
	check "init: a program leads a session, so that a shell can have a terminal" says '# leader of a session'
	check "shell: nothing forks between PID 1 and the shell" sh -c "
		grep -q '^echo \"[0-9]* /bin/busybox cttyhack /bin/sh -l\"' '$top/scripts/shell'"
	boot_init '9 /tests/t crash' '9 /tests/t orphan' '2 /tests/t' '1 /tests/t hang' >"$tmp/init.log"
	check "init: a dump of the tasks, and 124, for a program that takes too long" says 'ok 1 - in the midst
guest: dump of all tasks
guest: no /proc/sysrq-trigger: CONFIG_MAGIC_SYSRQ is off
# exit 124'
	check "init: the kernel log and the last line come whatever there was" says 'guest: kernel log ends
guest: all done'
	mkdir -p "$guest/sys/kernel/debug"
	: >"$guest/sys/kernel/debug/kmemleak"
	chmod 222 "$guest/sys/kernel/debug/kmemleak"
	boot_init '9 /tests/t' >"$tmp/init.log"
	check "init: a list of leaks that cannot be read is not an empty one" says 'guest: leaks begin
guest: kmemleak cannot be read: Permission denied
guest: leaks end'
	rm -rf "$guest/sys"
else
	n=$((n + 1))
	echo "ok $n - init: as PID 1 of a namespace # SKIP no static C library, or no namespaces for us here"
fi
