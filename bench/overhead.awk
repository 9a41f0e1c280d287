# SPDX-License-Identifier: GPL-2.0
#
# overhead.awk - overhead.tsv of scripts/overhead, to a Markdown table
#
# A line is "control|patched, what, instructions", in the order of the runs.  The
# n-th of one kernel is compared with the n-th of the other.  With limits.awk and -v base=,
# the limit of bench/limits.tsv.  With -v data=1: tab-separated lines "what ratio least
# greatest".
BEGIN { FS = "\t"; read_limits() }
{
	if (!($2 in seen)) {
		seen[$2] = 1
		row[++rows] = $2
	}
	value[$1, $2, ++n[$1, $2]] = $3
}
function median(which, what, count,   i, j, v, sorted) {
	for (i = 1; i <= count; i++) {
		v = value[which, what, i]
		for (j = i; j > 1 && sorted[j - 1] > v; j--)
			sorted[j] = sorted[j - 1]
		sorted[j] = v
	}
	return sorted[int((count + 1) / 2)]
}
END {
	key = "overhead: every row, against the control kernel"
	if (!data)
		print "| what | runs | control | patched | ratio | least | greatest | at most | verdict |\n" \
			"|---|--:|--:|--:|--:|--:|--:|--:|---|"
	for (r = 1; r <= rows; r++) {
		what = row[r]
		count = runs * (what ~ /^stream/ ? streams : what ~ /^build/ ? builds : 1)
		if (n["control", what] != count || n["patched", what] != count) {
			print what ": " n["control", what] + 0 " and " n["patched", what] + 0 \
				" of " count " runs" > "/dev/stderr"
			exit 1
		}
		low = high = 0
		for (i = 1; i <= count; i++) {
			q = value["patched", what, i] / value["control", what, i]
			if (i == 1 || q < low)
				low = q
			if (i == 1 || q > high)
				high = q
		}
		c = median("control", what, count)
		p = median("patched", what, count)
		if (data)
			printf "%s\t%.5f\t%.5f\t%.5f\n", what, p / c, low, high
		else
			printf "| %s | %.0f | %.0f | %.0f | %.4f | %.4f | %.4f | %s | %s |\n", what, count,
				c, p, p / c, low, high, limit(base, key), met(base, key, p / c)
	}
	if (!rows) {
		print "no rows" > "/dev/stderr"
		exit 1
	}
	exit bad
}
