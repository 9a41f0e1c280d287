# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154  # tests/host/run sets top and tmp
#
# boot.sh - tests of scripts/lib/boot and scripts/lib/results.sh, with a QEMU that only
# says what a guest says; tests/host/run reads it

mkdir -p "$tmp/qemu" "$tmp/made/v4.2-rc1/x86_64-small/results" "$tmp/made/v4.2-rc1/x86_64-small/build"
cat >"$tmp/qemu/qemu-system-x86_64" <<'END'
#!/bin/sh
# Says what is in $FAKE_CONSOLE, and then what comes from the keyboard
sleep "${FAKE_SECONDS:-0}"
[ -z "${FAKE_ARGS:-}" ] || echo "$*" >"$FAKE_ARGS"
case $FAKE_CONSOLE in
*stops)
	# The first $FAKE_STOPS of its guests stop at their disk
	echo >>"$FAKE_CONSOLE.starts"
	[ "$(wc -l <"$FAKE_CONSOLE.starts")" -gt "$FAKE_STOPS" ] || { echo "[vda]"; exec sleep 60; } ;;
esac
cat "$FAKE_CONSOLE"
case $FAKE_CONSOLE in
*hung) exec cat -v ;;
esac
END
chmod +x "$tmp/qemu/qemu-system-x86_64"
echo kernel >"$tmp/image"
echo CONFIG_A=y >"$tmp/made/v4.2-rc1/x86_64-small/build/.config"
sed -n '1,/^ok 1/p' "$tmp/cases/001" >"$tmp/hung"
boot() {
	LOF_DUMP_SECONDS=1 FAKE_CONSOLE=$1 PATH=$tmp/qemu:$PATH \
		"$top/scripts/lib/boot" --timeout 1 --log "$tmp/boot.log" "$tmp/image"
}
echo old >"$tmp/boot.log"
check "boot: a guest that comes to its end, its console in the log" sh -c "
	printf 'firmware \\033[2J\\r\\n' | cat - '$tmp/cases/001' >'$tmp/console'
	printf '\\033[31mnot ok 9\\n\\000' >>'$tmp/console'
	$(command -v env) FAKE_CONSOLE='$tmp/console' PATH='$tmp/qemu:$PATH' \
		'$top/scripts/lib/boot' --log '$tmp/boot.log' '$tmp/image'
	{ echo 'firmware '; cat '$tmp/cases/001'; printf '\\033[31mnot ok 9\\n'; } | cmp - '$tmp/boot.log'"
two_drives() {
	FAKE_ARGS=$tmp/args FAKE_CONSOLE=$tmp/console PATH=$tmp/qemu:$PATH \
		"$top/scripts/lib/boot" --drive "$tmp/one" --drive "$tmp/two" \
		--log "$tmp/boot.log" "$tmp/image" &&
	grep -q "file=$tmp/one,.*file=$tmp/two," "$tmp/args"
}
check "boot: two drives, in their order" two_drives
check "boot: a third one is not left out without a word" fails 'more than two --drive' \
	"$top/scripts/lib/boot" --drive 1 --drive 2 --drive 3 "$tmp/image"
cp "$tmp/cases/001" "$tmp/stops"
# stops N OPTION...: a guest that stops N times, and how often it was started
stops() {
	rm -f "$tmp/stops.starts"
	stops=$1 status=0
	shift
	LOF_SILENT_SECONDS=1 LOF_DUMP_SECONDS=1 FAKE_STOPS=$stops FAKE_CONSOLE=$tmp/stops PATH=$tmp/qemu:$PATH \
		"$top/scripts/lib/boot" "$@" --timeout 4 --log "$tmp/boot.log" "$tmp/image" || status=$?
	echo "starts: $(wc -l <"$tmp/stops.starts")" >&2
	return "$status"
}
stops_twice() { stops 2 --drive "$tmp/one" 2>"$tmp/err" && grep -qx 'starts: 3' "$tmp/err" && grep -q 'it is started again' "$tmp/err"; }
check "boot: a guest that stops at its disk is started again" stops_twice
check "boot: twice at most" fails 'starts: 3' stops 3 --drive "$tmp/one"
check "boot: and not where it has no disk" fails 'starts: 1' stops 1
mkdir "$tmp/cpio"
printf '#!/bin/sh\n%s "$@" | head -c 1000\necho "cpio: write error" >&2\nexit 2\n' "$(command -v cpio)" >"$tmp/cpio/cpio"
chmod +x "$tmp/cpio/cpio"
check "boot: an initrd that is cut off is not booted" fails 'cannot pack the files of the guest' \
	env FAKE_CONSOLE="$tmp/console" PATH="$tmp/cpio:$tmp/qemu:$PATH" "$top/scripts/lib/boot" --log "$tmp/boot.log" "$tmp/image"
check "boot: a guest that hangs" fails 'the guest hung: no end after 1 s' boot "$tmp/hung"
check "boot: its console is in the log" sh -c "
	head -n \"\$(wc -l <'$tmp/hung')\" '$tmp/boot.log' | cmp - '$tmp/hung'"
check "boot: it was sent a break, and the keys for a dump" grep -qF '^Ab9^Abl^Abw^Abt' "$tmp/boot.log"
check "boot: a guest that dies" fails 'did not come to its end' boot /dev/null
check "boot: the log of the run before is removed at once" sh -c "
	echo old >'$tmp/boot.log'
	! '$top/scripts/lib/boot' --log '$tmp/boot.log' '$tmp/no-image' 2>/dev/null &&
	[ ! -e '$tmp/boot.log' ]"

# A run with its results, on an architecture with one ABI
results=$tmp/made/v4.2-rc1/x86_64-small/results
run_test() {
	OUT=$tmp/made LOF_DUMP_SECONDS=1 LOF_BOOT_SECONDS=${seconds:-1} FAKE_CONSOLE=$1 PATH=$tmp/qemu:$PATH \
		TEST="mlock-plain mlock2-counters" "$top/scripts/test" v4.2-rc1 x86_64-small
}
ln -s "$tmp/image" "$tmp/made/v4.2-rc1/x86_64-small/image"
echo old | tee "$results/selftests.tap" >"$results/selftests.xml"
grep -v 'SKIP' "$tmp/cases/001" |
	sed 's/^1\.\.3/1..2/; s|x86_64/one|x86_64/mlock-plain|; s|x86_64/two|x86_64/mlock2-counters|' >"$tmp/passes"
sed 's|/mlock2-counters|/mlock2-touch|' "$tmp/passes" >"$tmp/boot-other"
check "test: one that says it would run something else, and does, fails" \
	fails 'not what it was told to run: run /tests/x86_64/mlock2-touch, and not run /tests/x86_64/mlock2-counters' \
	run_test "$tmp/boot-other"
check "test: a run that passes" run_test "$tmp/passes"
check "test: leaves console, TAP, JUnit and configuration" sh -c "
	cmp '$tmp/passes' '$results/selftests.log' &&
	grep -qx 'ok 2 - x86_64/mlock-plain: two' '$results/selftests.tap' &&
	grep -q '<testcase classname=\"x86_64/mlock-plain\" name=\"two\">' '$results/selftests.xml' &&
	grep -qx 'CONFIG_A=y' '$results/config'"
check "test: a guest that hangs is judged, too" fails 'x86_64/one: did not end' run_test "$tmp/hung"
cp "$tmp/err" "$tmp/hung.err"
check "test: and its results are those of this run" sh -c "
	grep -qx 'not ok 2 - selftests as a whole' '$results/selftests.tap' &&
	grep -q 'did not end' '$results/selftests.xml'"
check "test: says where the results are" grep -q "failed: see $results/" "$tmp/hung.err"
# A console that goes missing while the guest runs, as another run would take it away
lose_log() {	# what run_test does, with a boot that leaves no console
	rm -rf "$tmp/lose"
	mkdir -p "$tmp/lose/scripts/lib" "$tmp/lose/dir"
	cp "$top"/scripts/lib/* "$tmp/lose/scripts/lib"
	printf '#!/bin/sh\nexit 0\n' >"$tmp/lose/scripts/lib/boot"
	printf '%s\n' '. "$(dirname "$0")/lib/lib.sh"' '. "$top/scripts/lib/results.sh"' \
		'boot_and_judge "$1" one --any-skips kernel' >"$tmp/lose/scripts/judge"
	sh "$tmp/lose/scripts/judge" "$tmp/lose/dir"
}
check "results: a run without a console is no success" fails 'nothing was judged' lose_log
# Whatever is to be judged by, the verdict has it
judged_by() {	# OPTION...: of boot_and_judge
	lose_log >/dev/null 2>&1 || :
	printf '#!/bin/sh\nwhile [ $# -gt 1 ]; do [ "$1" != --log ] || : >"$2"; shift; done\n' \
		>"$tmp/lose/scripts/lib/boot"
	printf '#!/bin/sh\necho "$*"\n' >"$tmp/lose/scripts/lib/verdict"
	printf '%s\n' '. "$(dirname "$0")/lib/lib.sh"' '. "$top/scripts/lib/results.sh"' \
		'dir=$1; shift; boot_and_judge "$dir" one "$@" kernel' >"$tmp/lose/scripts/judge"
	sh "$tmp/lose/scripts/judge" "$tmp/lose/dir" "$@"
}
check "results: KCSAN's lists come to the verdict, and the skips" sh -c "
	printf '%s\n' '--results $tmp/lose/dir/results/one --skips v4.2-rc1 x86_64 --kcsan ours pairs $tmp/lose/dir/results/one.log' |
	cmp - '$tmp/said'" "$(judged_by --kcsan ours pairs --skips v4.2-rc1 x86_64 >"$tmp/said" 2>&1 || :)"
# Two at once: the first is in the midst of its run when the second begins
two_tests() {
	seconds=30 FAKE_SECONDS=3 run_test "$tmp/passes" >"$tmp/two-1" 2>&1 &
	sleep 1
	run_test "$tmp/fails" >"$tmp/two-2" 2>&1 && { echo "the second passed"; return 1; }
	wait $! || { cat "$tmp/two-1"; return 1; }
	grep -q 'waiting for another run' "$tmp/two-1" "$tmp/two-2" || { cat "$tmp/two-2"; return 1; }
	cmp "$tmp/fails" "$results/selftests.log"
}
sed 's/^ok 2/not ok 2/; 0,/^# exit 0/s//# exit 1/' "$tmp/passes" >"$tmp/fails"
check "test: two at once are judged each by its own console" two_tests
# run: a program that says what PID 1 says, and a kernel that complains
mkdir -p "$tmp/run/v4.2-rc1/x86_64"
echo kernel >"$tmp/run/v4.2-rc1/x86_64/image"
printf '%s\n' 'guest: begins' '# run /tests/start' a '# exit 3' b '' '# exit 0' \
	'guest: kernel log begins' '<4>WARNING: a kernel' 'guest: kernel log ends' 'guest: all done' >"$tmp/says"
run_prog() { OUT=$tmp/run FAKE_CONSOLE=$tmp/says PATH=$tmp/qemu:$PATH "$top/scripts/run" v4.2-rc1 x86_64 /bin/true; }
check "run: what comes after a line like that of PID 1 is not lost" sh -c "
	printf 'a\\n# exit 3\\nb\\n' | cmp - '$tmp/said'" "$(run_prog >"$tmp/said" 2>"$tmp/run.err")"
check "run: says that the kernel complains" grep -q 'the kernel complains: see' "$tmp/run.err"
