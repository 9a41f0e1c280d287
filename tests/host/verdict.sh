# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154  # tests/host/run sets top and tmp
#
# verdict.sh - tests of scripts/lib/verdict; tests/host/run reads it
#
# Uses its check, fails, verdict, $top and $tmp.

logs=$top/tests/host/logs
banner='<6>Linux version 4.2.0-rc1 (lof@lof) (gcc version 12.2.0) #1 SMP'

# Each case of cases.log becomes $tmp/cases/N, its first line is NAME: TEXT
mkdir "$tmp/cases"
awk -v dir="$tmp/cases" -v banner="$banner" '
	/^=== / {
		if (file != "")
			close(file)
		file = sprintf("%s/%03d", dir, ++n)
		sub(/^=== \+?/, "")
		print >(file ".name")
		close(file ".name")
		printf "" >file
		next
	}
	file == "" { next }
	/^@begin/ {
		print "guest: begins\nguest: tainted at the start: 0" >file
		for (i = 2; i <= NF; i++) {
			what = sub(/^setup:/, "", $i) ? "set up" : "run"
			if (what == "set up")
				gsub(/_\//, " /", $i)
			if (what == "set up")
				sub(/busybox_/, "busybox ", $i)
			print "guest: will " what " " $i >file
		}
		next
	}
	/^@result/ {
		print "TAP version 13\n1..1\nok 1 - first\n\n# exit " $2 + 0 >file
		next
	}
	/^@end/ { print "guest: tainted at the end: 0" >file }
	/^@(end|log)/ {
		print "guest: kernel log begins\n" banner "\n\nguest: kernel log ends\n\nguest: all done" >file
		next
	}
	{ sub(/^\\e/, "\033"); print >file }
' "$logs/cases.log"
for name in "$tmp"/cases/*.name; do
	text=$(cat "$name")
	if [ "${text##*: }" = pass ]; then
		check "verdict: ${text%: pass}" verdict "${name%.name}"
	else
		check "verdict: ${text%%: *}" fails -E "${text#*: }" verdict "${name%.name}"
	fi
done

# What the guest was told to run
sed -n 's/^guest: will run /60 /p; s/^guest: will set up /60 setup /p' "$tmp/cases/001" >"$tmp/told"
sed 1d "$tmp/told" >"$tmp/told-less"
(cat "$tmp/told" && echo "60 /tests/x86_64/three") >"$tmp/told-more"
sed '1s/ / setup /' "$tmp/told" >"$tmp/told-other"
check "verdict: the guest runs what it was told to" verdict --job "$tmp/told" "$tmp/cases/001"
check "verdict: less is a failure" fails 'not what it was told to run: nothing, and not run /tests/x86_64/three' \
	verdict --job "$tmp/told-more" "$tmp/cases/001"
check "verdict: so is more" fails 'not what it was told to run: .*, and not nothing' verdict --job "$tmp/told-less" "$tmp/cases/001"
check "verdict: and a set-up that is no run" fails 'and not setup ' verdict --job "$tmp/told-other" "$tmp/cases/001"
check "verdict: without the file there is no judging" fails 'no job' verdict --job "$tmp/none" "$tmp/cases/001"

# complaint LINE: the log of a good run, with LINE in its kernel log
complaint() {
	sed "/^<6>Linux version/a\\
<4>[    1.234567] $(printf '%s' "$1" | sed 's/[\\&]/\\&/g')" "$tmp/cases/001"
}
while IFS='	' read -r version line; do
	case $version in '#'*|'') continue ;; esac
	complaint "$line" >"$tmp/complaint"
	check "verdict: ${version#+}: $line" fails '^verdict: kernel: <4>' verdict "$tmp/complaint"
done <"$logs/complaints.log"
grep -v '^#' "$logs/harmless.log" | grep -v '^Linux version' | sed 's/^/<4>[    1.234567] /' >"$tmp/harmless"
sed "/^<6>Linux version/r $tmp/harmless" "$tmp/cases/001" >"$tmp/complaint"
check "verdict: what no kernel complains about" verdict "$tmp/complaint"
awk '{ print } /^<6>Linux version/ { for (i = 0; i < 50; i++) print "<4>Bad page" }' \
	"$tmp/cases/001" >"$tmp/complaint"
check "verdict: counts what it does not repeat" fails '20 more such lines' verdict "$tmp/complaint"
check "complaints.txt: every pattern finds a line of complaints.log" \
	awk -F'\t' '
	/^#/ || /^$/ { next }
	FNR == NR { line[++n] = $2; next }
	NF != 2 { print "no comment: " $0; bad = 1; next }
	{
		for (i = 1; i <= n; i++)
			if (line[i] ~ $1)
				next
		print "finds none: " $1
		bad = 1
	}
	END { exit bad }' "$logs/complaints.log" "$top/scripts/lib/complaints.txt"

check "verdict: a taint that is taken back" fails 'said twice: guest: tainted at the end' sh -c "
	sed 's/^guest: tainted at the end: 0/guest: tainted at the end: 512\n&/' '$tmp/cases/001' >'$tmp/twice'
	'$top/scripts/lib/verdict' '$tmp/twice'"
check "verdict: counts what passed and what was skipped" \
	sh -c "'$top/scripts/lib/verdict' '$tmp/cases/001' | grep -qx '3 passed, 0 failed, 1 skipped'"
check "verdict: a log of another system's lines" \
	sh -c "sed 's/\$/\r/' '$tmp/cases/001' >'$tmp/crlf' && '$top/scripts/lib/verdict' '$tmp/crlf'"

# KCSAN: functions of ours, pairs that the control kernel reports as well
printf 'mlock_page\nzap_pte_range\n' >"$tmp/ours"
: >"$tmp/pairs"
kcsan() {	# TITLE...: the log of a good run with these reports in the kernel log
	for title; do
		printf '<3>[    1.2] BUG: KCSAN: data-race in %s\n' "$title"
	done >"$tmp/reports"
	sed "/^<6>Linux version/r $tmp/reports" "$tmp/cases/001" >"$tmp/kcsan"
	verdict --kcsan "$tmp/ours" "$tmp/pairs" "$tmp/kcsan"
}
check "verdict: KCSAN of functions that are not ours is counted" sh -c "
	printf '<3>[ 1.2] BUG: KCSAN: data-race in %s\n' 'b / a' 'a / b' 'c+0x12/0x40' >'$tmp/reports' &&
	sed '/^<6>Linux version/r $tmp/reports' '$tmp/cases/001' >'$tmp/kcsan' &&
	'$top/scripts/lib/verdict' --kcsan '$tmp/ours' '$tmp/pairs' '$tmp/kcsan' >'$tmp/out' &&
	grep -qx 'kcsan: 3 reports, each pair and how often:' '$tmp/out' &&
	grep -qx 'kcsan: a / b: 2' '$tmp/out'"
check "verdict: KCSAN of one of ours fails" fails 'KCSAN: a / mlock_page' kcsan 'a / mlock_page'
check "verdict: whichever side it is on, and in several parts" fails 'KCSAN: zap_pte_range / x' \
	kcsan 'zap_pte_range.constprop.0 / x'
check "verdict: KCSAN of a module" fails 'KCSAN: mlock_page / b' kcsan 'mlock_page [m] / b [m]'
check "verdict: where the other side is unknown" fails 'KCSAN: mlock_page / ?' kcsan 'mlock_page+0x12/0x40'
printf 'a\tmlock_page\tthe control kernel reports it as well\n' >"$tmp/pairs"
check "verdict: KCSAN of a pair in the table" kcsan 'mlock_page / a'
check "verdict: KCSAN of another pair" fails 'KCSAN: b / mlock_page' kcsan 'mlock_page / a' 'b / mlock_page'
printf 'mlock_page\ta\twhy\n' >"$tmp/pairs"
check "verdict: a pair in the wrong order" fails 'not two functions in their order' kcsan 'mlock_page / a'
printf 'a\tmlock_page\t\n' >"$tmp/pairs"
check "verdict: a pair without a reason" fails 'not two functions' kcsan 'mlock_page / a'
printf '<3>[ 1.2] BUG: KCSAN: data-race in c / d\n' >"$tmp/reports"
sed "/^<6>Linux version/r $tmp/reports" "$tmp/cases/001" >"$tmp/kcsan.none"
check "verdict: KCSAN without a list is a complaint" fails 'kernel: .*KCSAN: data-race in c' verdict "$tmp/kcsan.none"
# In which functions of a kernel code of ours is that was inlined
printf '%s\n' outer __x64_sys_one __se_sys_one user other >"$tmp/symbols"
cat >"$tmp/a.c" <<-'EOF2'
	static int inner(int x)
	{
	    return x;
	}
	#define twice(x) \
	    (inner(x) + inner(x))
	static int middle(int x) { return twice(x); }
	int outer(int x)
	{
	    return middle(x);
	}
	SYSCALL_DEFINE1(one, int, x)
	{
	    return x;
	}
	static int gone(int x);
	static int gone(int x)
	{
	    return other(x);
	}
EOF2
cat >"$tmp/b.c" <<-'EOF2'
	int user(int x)
	{
	    if (inner(x))
	        return in_header(x);
	}
EOF2
callers() {	# WANT NAME...: the lines that callers.awk prints for these of a.c
	want=$1
	shift
	printf '%s\n' "$@" >"$tmp/of-ours"
	(cd "$tmp" && awk -f "$top/scripts/lib/callers.awk" symbols of-ours a.c b.c | LC_ALL=C sort | paste -sd' ') >"$tmp/out"
	[ "$(cat "$tmp/out")" = "$want" ] || { cat "$tmp/out"; return 1; }
}
check "ours: a function that is a symbol" callers outer 'outer a.c'
check "ours: one that is inlined, and called by a macro" callers outer 'inner a.c'
check "ours: one of a header, wherever it is called" callers user 'in_header a.h'
check "ours: a system call" callers '__se_sys_one __x64_sys_one' '__do_sys_one a.c'
check "ours: one that is nowhere" callers '? gone' 'gone a.c'
check "ours: one of a file that was not compiled" callers '' 'far c.c'
: >"$tmp/none"
check "verdict: no list of functions" fails 'no list of functions' verdict --kcsan "$tmp/none" "$tmp/pairs" "$tmp/cases/001"

# What the OOM killer and sysrq dump is no complaint, but what comes after it is
after() {	# COUNT LINE...: a stack after these lines and COUNT others
	{
		n_after=$1
		shift
		printf '<4>%s\n' "$@"
		i=0
		while [ $i -lt "$n_after" ]; do i=$((i + 1)); echo "<6>line $i"; done
		echo '<4>Call Trace:'
	} >"$tmp/after-lines"
	sed "/^<6>Linux version/r $tmp/after-lines" "$tmp/cases/001" >"$tmp/after"
	verdict "$tmp/after"
}
check "verdict: a stack of the OOM killer" after 1 'a invoked oom-killer: gfp_mask=0xd0'
check "verdict: one of MIPS, behind its words" after 13 'a invoked oom-killer: gfp_mask=0xd0'
check "verdict: one long after it" fails 'kernel: .*Call Trace' after 20 'a invoked oom-killer: gfp_mask=0xd0'
check "verdict: a second one" fails 'kernel: .*Call Trace' after 1 'a invoked oom-killer: gfp_mask=0xd0' 'Call Trace:'
check "verdict: the stacks of sysrq" after 30 'sysrq: Show State' 'Call Trace:'
check "verdict: one long after them" fails 'kernel: .*Call Trace' after 70 'sysrq: Show State' 'Call Trace:'
# v4.2 on arm64 has the first line of a stack on the console, whatever the rest of it is worth
bare() {	# TIMES LINE: the console has it so often, the log a stack after LINE
	after 1 "$2" >/dev/null 2>&1 || :
	i=0
	while [ $i -lt "$1" ]; do
		sed -i '0,/^ok 1 /s//Call trace:\n&/' "$tmp/after"
		i=$((i + 1))
	done
	verdict "$tmp/after"
}
check "verdict: the bare name of a stack on the console, of the OOM killer" bare 1 'a invoked oom-killer: gfp_mask=0xd0'
check "verdict: one more of them" fails 'Call trace: 2 times on the console, and the OOM killer came 1' \
	bare 2 'a invoked oom-killer: gfp_mask=0xd0'
sed 's/^guest: begins/&\nguest: cannot mount \/sys\/kernel\/debug: none/' "$tmp/cases/001" >"$tmp/no-mount"
check "verdict: a guest without one of its file systems" fails 'cannot mount /sys' verdict --kernel x86_64 "$tmp/no-mount"

# A kernel that has lost what it is there for
check "verdict: a debug kernel that did not look for leaks" fails 'no kmemleak in x86_64-debug' \
	verdict --kernel x86_64-debug "$tmp/cases/001"
sed 's/^guest: kernel log begins/guest: leaks begin\nguest: leaks end\n&/' "$tmp/cases/001" >"$tmp/leaks"
check "verdict: one that did" verdict --kernel x86_64-debug "$tmp/leaks"
check "verdict: a KCSAN kernel without KCSAN" fails 'no KCSAN in x86_64-debug-kcsan' \
	verdict --kernel x86_64-debug-kcsan "$tmp/leaks"
sed "/^<6>Linux version/s/\$/\n<6>kcsan: selftest: 3\/3 tests passed/" "$tmp/cases/001" >"$tmp/has-kcsan"
check "verdict: one with it" verdict --kernel x86_64-debug-kcsan "$tmp/has-kcsan"

# Tables
log=$tmp/failing
sed 's/^ok 2/not ok 2/; 0,/^# exit 0/s//# exit 1/' "$tmp/cases/001" >"$log"
table() { printf 'one\tfirst\tpass\tw\none\ttwo\t%s\tw\none\tthree\tskip\tw\ntwo\t*\tpass\tw\n' "$1"; }
table fail >"$tmp/table"
check "verdict: an expected failure passes" verdict --expect "$tmp/table" "$log"
{ table fail | grep -v three; } >"$tmp/table"
check "verdict: nor does what is not in the table" fails '"three" is not in the table' verdict --expect "$tmp/table" "$log"
table pass >"$tmp/table"
check "verdict: an unexpected failure does not" fails 'expected pass' verdict --expect "$tmp/table" "$log"
{ table fail; printf 'one\tfour\tpass\tw\n'; } >"$tmp/table"
check "verdict: nor does what did not happen" fails 'did not happen: one: four' verdict --expect "$tmp/table" "$log"

# Skips have a budget.  The project is copied, and its table is replaced
mkdir -p "$tmp/budget/scripts" "$tmp/budget/tests/expect"
cp -R "$top/scripts/lib" "$tmp/budget/scripts"
budget() { "$tmp/budget/scripts/lib/verdict" --skips "$@" "$tmp/cases/001"; }
skips=$tmp/budget/tests/expect/skips.tsv
printf 'v4.2-rc1\tx86_64\tone\tthree\twhy\n' >"$skips"
check "verdict: a skip that is in the table" budget v4.2-rc1 x86_64
check "verdict: on another architecture it is a failure" fails 'may not skip on v4.2-rc1 mips64' budget v4.2-rc1 mips64
check "verdict: on another base, too" fails 'may not skip on debian-5.10 x86_64' budget debian-5.10 x86_64
printf '*\tx86_64\tx86_64/one\t*\twhy\n' >"$skips"
check "verdict: any base, any check, one ABI" budget debian-5.10 x86_64
printf 'v4.2-rc1\tmips64,x86_64\tone\tthree\twhy\n' >"$skips"
check "verdict: one of several kernels" budget v4.2-rc1 x86_64
check "verdict: none of several kernels" fails 'may not skip' budget v4.2-rc1 x86
check "skips: makes the row of the table" sh -c "
	'$top/scripts/lib/skips' v4.2-rc1:x86_64:'$tmp/cases/001' |
	grep -qx 'v4.2-rc1	x86_64	one	three	not here'"
printf '*\t*\ti386/one\t*\twhy\n' >"$skips"
check "verdict: another ABI" fails 'may not skip' budget debian-5.10 x86_64
printf '*\t*\tone\t*\t\n' >"$skips"
check "verdict: a row without a reason" fails 'not five fields' budget debian-5.10 x86_64

: >"$tmp/budget/scripts/lib/complaints.txt"
check "verdict: no patterns" fails 'no patterns in' "$tmp/budget/scripts/lib/verdict" "$tmp/cases/001"

# What is left of a run
check "verdict: TAP and JUnit of a run" sh -c "
	! '$top/scripts/lib/verdict' --results '$tmp/results/selftests' '$log' >'$tmp/out' 2>'$tmp/err' &&
	grep -q 'failed: see .*/results/' '$tmp/err' && cat '$tmp/results/selftests.tap' &&
	grep -qx 'not ok 2 - x86_64/one: two' '$tmp/results/selftests.tap' &&
	grep -qx 'ok 3 - x86_64/one: three # SKIP not here' '$tmp/results/selftests.tap' &&
	grep -qx 'not ok 5 - selftests as a whole' '$tmp/results/selftests.tap' &&
	grep -q '<testsuite name=\"selftests\" tests=\"5\" failures=\"2\" skipped=\"1\">' '$tmp/results/selftests.xml' &&
	[ \$(grep -c '<testcase ' '$tmp/results/selftests.xml') -eq 5 ]"
check "verdict: the JUnit is XML" sh -c "
	sed 's/first/a < b \& \"c\"/' '$tmp/cases/001' >'$tmp/odd' &&
	'$top/scripts/lib/verdict' --results '$tmp/results/odd' '$tmp/odd' &&
	perl '$top/tests/host/xml.pl' '$tmp/results/odd.xml'"
for odd in 's/&lt;/</' 's/&amp;/\&/' 's/&quot;c&quot;/"c"/' '$d' 's/<testcase/& name=x/' 's/b/\x01/'; do
	sed "$odd" "$tmp/results/odd.xml" >"$tmp/odd.xml"
	check "verdict: no XML after sed '$odd'" sh -c "
		! cmp -s '$tmp/odd.xml' '$tmp/results/odd.xml' && ! perl '$top/tests/host/xml.pl' '$tmp/odd.xml'"
done

# A table of tests/expect with a check that was renamed, and one of each kind that is there
check "expected: every check that tests/expect names is there" "$top/tests/static/expected"
expected_row() {	# TEXT BASE KERNELS PROGRAM CHECK: a table of ten such rows gives TEXT
	expected_says=$1
	shift
	# Fewer than ten rows are no table
	yes "$(printf '%s\t%s\t%s\t%s\twhy' "$@")" | head -n 10 >"$tmp/one-skips.tsv"
	"$top/tests/static/expected" "$tmp/one-skips.tsv" >"$tmp/out" || :
	grep -q "$expected_says" "$tmp/out" || { cat "$tmp/out"; return 1; }
}
check "expected: a check that was renamed is named" expected_row \
	'mlock2-more has no check "until it is unlocked"' debian-5.10 x86_64 mlock2-more "until it is unlocked"
check "expected: a claim that is put together is known" expected_row \
	'^ok' debian-5.10 x86_64,mips64 mlock2-counters "huge pages: meminfo and a full scan count what is locked"
check "expected: a piece of it that was renamed is named" expected_row \
	'has no check "large pages: meminfo' debian-5.10 x86_64 mlock2-counters "large pages: meminfo and a full scan count what is locked"
check "expected: a program that is gone is named" expected_row 'no program mlock3' debian-5.10 x86_64 mlock3 '*'
check "expected: an architecture that is gone is named" expected_row 'no architecture vax' debian-5.10 x86_64,vax mlock2-more '*'
check "expected: a base that is gone is named" expected_row 'no base v4.3' v4.3 x86_64 mlock2-more '*'
check "expected: a check of a program of Debian is known" expected_row \
	'^ok' debian-5.10 x86_64 earlyoom "earlyoom has locked memory"
check "expected: one of them that was renamed is named" expected_row \
	'earlyoom has no check "earlyoom locks all memory"' debian-5.10 x86_64 earlyoom "earlyoom locks all memory"

# The tables of docs/programs.md
programs_table() {	# LINE: is one of them
	mkdir -p "$tmp/programs/v4.2-rc1/x86_64/results" "$tmp/programs/v4.2-rc1/x86_64-net/results" "$tmp/programs/peers/5.10/results"
	printf '%s\n' '# run /bin/busybox env A=b /tests/one' '# package: one 1:2-3' '# command: one -x' \
		'# value: calls: a|b: c' 'ok 1 - a' '# exit 0' >"$tmp/programs/v4.2-rc1/x86_64/results/programs.log"
	printf '%s\n' '# setup /tests/set-up' '# exit 0' '# run /tests/one' '# value: more: 5' 'not ok 1 - a' '# exit 1' \
		>"$tmp/programs/peers/5.10/results/programs.log"
	printf '%s\n' '# run /tests/two' '# value: more: 6' 'ok 1 - a' '# exit 0' \
		>"$tmp/programs/v4.2-rc1/x86_64-net/results/programs.log"
	awk -v out="$tmp/programs/" -f "$top/tests/guest/programs/table.awk" \
		"$tmp/programs/v4.2-rc1/x86_64/results/programs.log" "$tmp/programs/v4.2-rc1/x86_64-net/results/programs.log" \
		"$tmp/programs/peers/5.10/results/programs.log" |
		grep -qxF -e "$1"
}
check "programs: the table has package, version and command" programs_table '| one | one | 1:2-3 | `one -x` |'
check "programs: and a column for each kernel" programs_table '| program | what | v4.2-rc1 | stock 5.10 |'
check "programs: and what only one of them has said" programs_table '| one | calls | a\|b: c | - |'
check "programs: and what only the other one has" programs_table '| one | more | - | 5 |'
check "programs: a kernel with --net has the column of that without" programs_table '| two | more | 6 | - |'
check "programs: and its checks are counted there" programs_table '| all | checks that pass | 2 | 0 |'
check "programs: and how many checks failed" programs_table '| all | checks that fail | 0 | 1 |'
check "programs: an option that is none" fails '^programs: usage: ' "$top/scripts/programs" v4.2-rc1 --count
check "programs: a kernel that is missing, with the command that builds it" fails \
	'no kernel .*: scripts/kernel v4.2-rc1 x86_64 --control --net$' env OUT="$tmp/none" "$top/scripts/programs" v4.2-rc1 --control --net
