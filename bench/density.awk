# SPDX-License-Identifier: GPL-2.0
#
# density.awk - density.tsv of scripts/random-access, to Markdown; with limits.awk and
# -v base=.  Exit status 1: a column or a limit is missing.
BEGIN {
	FS = "\t"
	read_limits()
	print "| memory | pages used, % | plain mmap(), thousands of instructions | mlock() | on fault | on fault against plain | on fault against mlock() | against the better of both | at most | verdict |"
	print "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|"
}
{
	k = $2 SUBSEP $3
	c[k, $4] = $5
	if (!(k in seen)) { seen[k]; d[++n] = k; memory[n] = $2; permille[n] = $3 }
}
END {
	key = "density: anonymous memory, against the better of plain and mlock"
	for (i = 1; i <= n; i++) {
		p = c[d[i], "plain"]; m = c[d[i], "mlock"]; o = c[d[i], "on-fault"]
		if (p == "" || m == "" || o == "") { print "a column is missing" > "/dev/stderr"; exit 1 }
		better = o / (p < m ? p : m)
		printf "| %s | %.1f | %.0f | %.0f | %.0f | %.3f | %.3f | %.3f | %s | %s |\n", memory[i], permille[i] / 10,
			p, m, o, o / p, o / m, better,
			memory[i] == "anonymous" ? limit(base, key) : "", memory[i] == "anonymous" ? met(base, key, better) : ""
	}
	exit bad
}
