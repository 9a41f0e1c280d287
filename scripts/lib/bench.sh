# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034  # the scripts that source this use them
#
# bench.sh - what the scripts that measure share; sourced after lib.sh, not run.
#
# Sets: dir (out/bench), tmp (removed at the end; root below it is for the guest).

dir=${out:?}/bench
lock_folder "$dir"
tmp=$(mktemp -d)
mkdir -p "$tmp/root/tests"
# shellcheck source=scripts/lib/cells.sh
. "${top:?}/scripts/lib/cells.sh"
cells "$dir/cells"

# program NAME: bench/NAME.c for the guest
program() {
	${cc:?} -std=gnu99 -O2 -Wall -Wextra -static -o "$tmp/root/tests/$1" "${top:?}/bench/$1.c"
}

# guest NAME IMAGE FIELDS BOOT_OPTION... <JOB: boot IMAGE and run JOB, leave the
# console in $dir/NAME.log and its tab-separated lines, those that begin with a
# word of FIELDS ("range:9 touch:5", how many fields a line has), in $tmp/tsv.  A
# program that stops early, a fault of the kernel, a line that is cut short: error.
# What was measured already, with this image, these programs, this job, is taken from
# there; FRESH=1 measures anew.  What lies on a --drive is named by $on_drive.
on_drive=
guest() {
	name=$1 image=$2 fields=$3
	shift 3
	cat >"$tmp/job"
	key=$(cell_key - "$image" "$(cat "$tmp/job")" "$on_drive" \
		"$(cd "$tmp/root" && find . -type f | LC_ALL=C sort | xargs sha256sum)" \
		"$(echo "$*" | sed "s|$tmp|tmp|g")")
	if cell_get "$name" "$key"; then
		note "$name was measured before"
		cp "$cell" "$dir/$name.log"
	else
		"${top:?}/scripts/lib/boot" --job "$tmp/job" --files "$tmp/root" \
			--append "nokaslr norandmaps mitigations=off brd.rd_nr=2" \
			--log "$dir/$name.log" "$@" "$image"
		"$top/scripts/lib/verdict" --job "$tmp/job" "$dir/$name.log" >"$tmp/verdict" || {
			cat "$tmp/verdict" >&2
			die "$name: see $dir/$name.log"
		}
		cell_put "$name" "$key" "$dir/$name.log"
	fi
	awk -F'\t' -v fields="$fields" '
		BEGIN { for (n = split(fields, f, " "); n; n--) { split(f[n], g, ":"); want[g[1]] = g[2] } }
		!($1 in want) { next }
		NF != want[$1] || /\t(\t|$)/ { print "a line was cut: " $0 > "/dev/stderr"; bad = 1 }
		{ print; seen[$1] = 1 }
		END {
			for (w in want) if (!(w in seen)) { print "no line " w > "/dev/stderr"; bad = 1 }
			exit bad
		}' "$dir/$name.log" >"$tmp/tsv" || die "$name: see $dir/$name.log"
}

# plot PROGRAM SETTINGS: bench/PROGRAM.gp, in both forms
plot() {
	for form in png svg; do
		(cd "$dir" && gnuplot -e "form='$form'; ${2:-}" "$top/bench/$1.gp") ||
			die "gnuplot failed"
	done
}
