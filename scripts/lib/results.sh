# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154  # top is set by lib.sh, tmp by who sources this
#
# results.sh - what a run leaves in DIR/results: of each NAME (selftests, hold-page,
# numa, libc, kselftest) the console NAME.log, NAME.tap and NAME.xml (JUnit), and
# config, that of the kernel; sourced, after lib.sh.

# new_results DIR NAME: remove what the last run left, so that nobody reads it for this.
# Who else wants to leave results there waits until this script ends.
new_results() {
	lock_folder "$1/results"
	rm -f "$1/results/$2.log" "$1/results/$2.tap" "$1/results/$2.xml" "$1/results/config"
	[ ! -f "$1/build/.config" ] || cp "$1/build/.config" "$1/results/config"
}

# junit FILE: write FILE.xml from FILE.tap
junit() {
	LC_ALL=C awk -v name="${1##*/}" -f "$top/scripts/lib/junit.awk" "$1.tap" >"$1.xml"
}

# kcsan_lists BASE KERNEL BUILD: for --kcsan of the verdict, if KERNEL is one with KCSAN: leaves
# OURS as $tmp/ours, and the name of TABLE in $kcsan, which is empty if it is not
kcsan_lists() {
	kcsan=
	case $2 in
	*-kcsan)
		"$top/scripts/lib/ours" "$1" "$3" >"$tmp/ours"
		# shellcheck disable=SC2034  # the scripts that source this use it
		kcsan=$(of_base "$1" tests/expect/kcsan-%.tsv) ;;
	esac
}

# boot_and_judge DIR NAME [--kcsan OURS TABLE] --expect TABLE|--skips BASE ARCH|--any-skips
# BOOT-OPTION... KERNEL: boot it, and whatever becomes of the guest, what it said is judged
boot_and_judge() {
	judged=$1/results/$2 judge_kernel=${1##*/}
	# An image from elsewhere may be that of any kernel
	judge_job='' judge_image=
	for judge_word; do
		[ "$judge_image" != --job ] || judge_job=$judge_word
		judge_image=$judge_word
	done
	[ "$judge_image" = "$1/image" ] || judge_kernel=
	new_results "$1" "$2"
	shift 2
	judge_ours='' judge_pairs=''
	if [ "$1" = --kcsan ]; then
		judge_ours=$2 judge_pairs=$3
		shift 3
	fi
	case $1 in
	--expect) judge=$2 judge_base='' judge_arch=''; shift 2 ;;
	--skips) judge='' judge_base=$2 judge_arch=$3; shift 3 ;;
	--any-skips) judge='' judge_base='' judge_arch=''; shift ;;
	*) die "boot_and_judge: what is $1?" ;;
	esac
	judge_status=0
	"$top/scripts/lib/boot" --log "$judged.log" "$@" || judge_status=1
	set -- --results "$judged"
	[ -z "$judge_job" ] || set -- "$@" --job "$judge_job"
	[ -z "$judge_kernel" ] || set -- "$@" --kernel "$judge_kernel"
	[ -z "$judge" ] || set -- "$@" --expect "$judge"
	[ -z "$judge_base" ] || set -- "$@" --skips "$judge_base" "$judge_arch"
	[ -z "$judge_ours" ] || set -- "$@" --kcsan "$judge_ours" "$judge_pairs"
	# Without a console nothing was judged, whatever boot says
	if [ -f "$judged.log" ]; then
		"$top/scripts/lib/verdict" "$@" "$judged.log" || judge_status=1
	else
		note "no console $judged.log: nothing was judged"
		judge_status=1
	fi
	return $judge_status
}
