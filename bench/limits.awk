# SPDX-License-Identifier: GPL-2.0
#
# limits.awk - bench/limits.tsv for the programs that compare with it: awk -v limits=FILE
# -f limits.awk -f PROGRAM.  limit(BASE, KEY) is the number; one that is missing for a base
# that was measured is an error.
function read_limits(	line, field, n, i, name, key) {
	while ((getline line < limits) > 0) {
		if (line ~ /^#/)
			continue
		n = split(line, field, "\t")
		if (!limit_bases) {
			for (i = 2; i <= n; i++) {
				name[i] = field[i]
				has_limits[field[i]] = 1
			}
			limit_bases = n - 1
			continue
		}
		for (i = 2; i <= n; i++)
			limit_of[name[i], field[1]] = field[i]
	}
	if (!limit_bases) {
		print "no limits in " limits > "/dev/stderr"
		exit 1
	}
}
function limit(base, key) {
	if (!((base, key) in limit_of)) {
		print "bench/limits.tsv has no limit for " base ": " key > "/dev/stderr"
		bad = 1
		return ""
	}
	return limit_of[base, key]
}
# met(BASE, KEY, VALUE): the word for a table
function met(base, key, value,	l) {
	l = limit(base, key)
	if (l == "")
		return ""
	if (substr(l, 1, 1) == "=")
		return value == substr(l, 2) + 0 ? "met" : "**missed**"
	return value <= l + 0 ? "met" : "**missed**"
}
