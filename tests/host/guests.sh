# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154  # tests/host/run sets top and tmp, toy.sh the toy
#
# guests.sh - tests of pressure, torture, foreign and demo, in a toy whose guest says
# what it is told to; tests/host/run reads it

guests=$toys/guests guests_out=$toys/guests/out/v4.2-rc1
cp -R "$toy" "$guests"
rm -rf "$guests/out"
mkdir -p "$guests/tests/expect" "$guests_out/x86_64/build" "$guests/demo" "$guests/examples"
cp -R "$top/torture" "$top/files" "$guests"
cp "$top/demo/onfault.c" "$guests/demo"
cp "$top/examples/lockmap.c" "$guests/examples"
cp "$top/tests/expect/skips.tsv" "$guests/tests/expect"
# guest_script FILE: a script of the toy that is replaced by standard input
guest_script() { { printf '#!/bin/sh\nset -eu\n'; cat; } >"$guests/$1"; chmod +x "$guests/$1"; }
guest_script scripts/lib/boot <<-EOF2
	while [ \$# -gt 1 ]; do [ "\$1" != --log ] || log=\$2; shift; done
	mkdir -p "\${log%/*}"
	cp "\${CONSOLE:-$tmp/console}" "\$log"
EOF2
: >"$guests_out/x86_64/image"
# console PROGRAM STATUS <LINES: what a guest says that runs it
console() {
	printf '%s\n' 'guest: begins' 'guest: tainted at the start: 0' "guest: will run /tests/$1" "# run /tests/$1"
	cat
	printf '%s\n' '' "# exit $2" 'guest: tainted at the end: 0' 'guest: kernel log begins' \
		"$banner" 'guest: kernel log ends' 'guest: all done'
}

# pressure: of the 23 kinds the guest names 3, and the disk is empty
printf '%s\n' 'TAP version 13' 1..3 'ok 1 - pages stay as they were written: a, mlock2() # SKIP no mlock2()' \
	'ok 2 - pages stay as they were written: b, mlock()' 'ok 3 - pages were written: c' |
	console secret 0 >"$tmp/console"
pressure() { "$guests/scripts/pressure" --use secret --minutes 1 "$@" v4.2-rc1; }
pressure >"$tmp/log2" 2>&1 || :
check "pressure: a kind that did not run, the first one, has no result" sh -c "
	cat '$tmp/log2'; grep -qx 'ok 1 - none came to the swap disk: a, mlock2() # SKIP no mlock2()' '$tmp/log2' &&
	grep -qx 'ok 2 - none came to the swap disk: b, mlock()' '$tmp/log2'"
check "pressure: on a kernel with the series nothing is skipped that the table does not list" \
	grep -q '"pages stay as they were written: a, mlock2()" may not skip on v4.2-rc1 x86_64' "$tmp/log2"
check "pressure: what the search of the disk says is in TAP and JUnit, too" sh -c "
	cat '$guests_out/x86_64/results/secret-disk.tap' &&
	grep -q '<testsuite name=\"secret-disk\" tests=\"23\" failures=\"20\" skipped=\"1\">' '$guests_out/x86_64/results/secret-disk.xml' &&
	perl '$top/tests/host/xml.pl' '$guests_out/x86_64/results/secret-disk.xml'"
mkdir -p "$guests_out/x86_64-control"
: >"$guests_out/x86_64-control/image"
pressure --control >"$tmp/log2" 2>&1 || :
check "pressure: of the control kernel it may be" sh -c "cat '$tmp/log2'; ! grep -q 'may not skip' '$tmp/log2'"

# torture: two at once, of which one fails, and where the console is left
printf '%s\n' 'TAP version 13' 'ok 1 - the books of group 0x1 agree' 1..1 | console 'races --seed 2 --seconds 120 ' 0 |
	sed 's/ $//' >"$tmp/good"
sed 's/^ok 1/not ok 1/; s/^# exit 0/# exit 1/; s/--seed 2/--seed 1/' "$tmp/good" >"$tmp/bad"
guest_script scripts/lib/boot <<-EOF2
	while [ \$# -gt 1 ]; do case \$1 in --log) log=\$2 ;; --job) job=\$2 ;; esac; shift; done
	rm -f "\$log"
	sleep 0.5
	if grep -q 'seed 1 ' "\$job"; then cp '$tmp/bad' "\$log"; else cp '$tmp/good' "\$log"; fi
	sleep 0.5
EOF2
torture() { "$guests/scripts/torture" --mode races "$@" v4.2-rc1 x86_64; }
torture_twice() {
	torture --seed 2 >"$tmp/two-1" 2>&1 &
	! torture --seed 1 >"$tmp/two-2" 2>&1 || { cat "$tmp/two-2"; return 1; }
	wait $! || { cat "$tmp/two-1"; return 1; }
	grep -q 'waiting for another run' "$tmp/two-1" "$tmp/two-2"
}
check "torture: two at once judge a console each" torture_twice
mkdir "$toys/mine"
: >"$toys/mine/bzImage"
echo mine >"$toys/mine/torture.log"
check "torture: another image" torture --seed 2 --image "$toys/mine/bzImage"
check "torture: leaves the files beside it alone" grep -qx mine "$toys/mine/torture.log"

# demo: the kernel complains
for script in scripts/deps scripts/kernel; do
	echo : | guest_script $script
done
guest_script scripts/lib/boot <<-EOF2
	while [ \$# -gt 1 ]; do [ "\$1" != --log ] || cp "\$CONSOLE" "\$2"; shift; done
EOF2
demo() {	# SED SCRIPT: on what the guest says
	echo 'it is locked' | console onfault 0 | sed "$1" >"$tmp/demo"
	CONSOLE=$tmp/demo LINUX=$toy_linux LOF_CACHE=$toys/guests-cache "$guests/scripts/demo" v4.2-rc1
}
check "demo: what it shows" says '^it is locked' demo ''
check "demo: a kernel that complains is a failure" fails 'the kernel complains' demo 's/^<6>Linux.*/&\n<4>WARNING: CPU: 0/'

# foreign, with a stress-ng that knows all stressors but one
foreign_dir=$toys/foreign
mkdir -p "$foreign_dir/bin" "$foreign_dir/cgroup/foreign"
sed "s|/tmp/|$foreign_dir/|g; s|/dev/shm|$foreign_dir/shm|; /mount -t cgroup/d; /memory.limit_in_bytes/d; /oom_dump_tasks/d; /foreign\/tasks/d" \
	"$top/torture/foreign/run.sh" >"$foreign_dir/run.sh"
cat >"$foreign_dir/bin/stress-ng" <<-'EOF2'
	#!/bin/sh
	case "$*" in *"--$UNKNOWN "*) echo "stress-ng: unrecognized option" >&2; exit 1 ;; esac
	sleep 3
	echo 'stress-ng: metrc: [1] stressor  bogo ops real time'
	echo 'stress-ng: metrc: [1] mlock            12     1.00'
EOF2
chmod +x "$foreign_dir/bin/stress-ng"
foreign_runs() { rm -f "$foreign_dir/stress-ng.log"; UNKNOWN=$1 PATH=$foreign_dir/bin:$PATH sh "$foreign_dir/run.sh" stress-ng 12 1; }
check "foreign: all groups of stress-ng run" foreign_runs none
check "foreign: one that does not is a failure" fails '^not ok 3 - every group' foreign_runs userfaultfd
