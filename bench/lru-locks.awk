# SPDX-License-Identifier: GPL-2.0
#
# lru-locks.awk - lines of bench/lru-locks.c, of the control kernel and then of a base, to
# Markdown; with limits.awk and -v base=.  Exit status 1: a limit is missed.
BEGIN {
	FS = "\t"
	read_limits()
	a_fault = "lru: acquisitions a read fault of 16 pages"
	a_page = "lru: acquisitions a page, if more than the control kernel"
}
FNR == NR { if ($1 == "unlock") control[$2, $3, $4] = $6 / $5; next }
$1 == "faults" && !n++ {
	print "| file | method | read faults | pages mapped | Mlocked | acquisitions of the LRU lock | a fault | at most | verdict |\n|---|---|--:|--:|--:|--:|--:|--:|---|"
}
$1 == "unlock" && !u++ {
	print "\n| locked pages | call | other tasks | pages | acquisitions of the LRU lock a page | control | at most | verdict |\n|---|---|---|--:|--:|--:|--:|---|"
}
$1 == "cross" && !m++ {
	print "\n| call, on 16 absent pages | calls | drain work for CPU 1 | interrupts to CPU 1 | its batch left as it was |\n|---|--:|--:|--:|--:|"
}
$1 == "faults" {
	word = met(base, a_fault, $7 / $4)
	if (word != "met")
		bad = 1
	printf "| %s | %s | %.0f | %.0f | %.0f | %.0f | %.2f | %s | %s |\n", $2, $3, $4, $5, $6, $7, $7 / $4, limit(base, a_fault), word
}
$1 == "unlock" {
	ours = $6 / $5
	most = control[$2, $3, $4] > limit(base, a_page) ? control[$2, $3, $4] : limit(base, a_page)
	printf "| %s | %s | %s | %.0f | %.2f | %.2f | %.2f | %s |\n", $2, $3, $4, $5, ours, control[$2, $3, $4], most, ours <= most ? "met" : "**missed**"
	if (ours > most)
		bad = 1
}
$1 == "cross" { printf "| %s | %.0f | %.0f | %.0f | %.0f |\n", $2, $3, $4, $5, $6 }
END { exit bad }
