# SPDX-License-Identifier: GPL-2.0
#
# shared.awk - lines of bench/shared.c, each behind the name of its kernel, to Markdown
#
#   awk -f bench/shared.awk shared.tsv
#
# A table of instructions a kernel, with what it must reach behind each row; then, if
# there are lines "locks", one of acquisitions a page.  A limit whose figures were not
# measured is n/a.  Exit status 1: a kernel named in -v must="A B" misses a limit.
BEGIN {
	FS = "\t"
	call_limit["munmap"] = 2.0	# against the same of an unlocked mapping
	call_limit["exit"] = 1.6
	split("LRU i_mmap anon_vma page", lock_names, " ")
	ways["none"] = "not locked"
	ways["onfault"] = "on fault, then touched"
	ways["present"] = "present, then mlock()"
	n_must = split(must, m, " ")
	for (i = 1; i <= n_must; i++)
		is_must[m[i]] = 1
}
function add(list, what) {
	if (!((list, what) in known)) {
		known[list, what] = 1
		item[list, ++items[list]] = what
	}
}
$2 == "shared" {
	add("kernels", $1)
	add("rows" SUBSEP $1, $3 FS $6 FS $7)
	column = $4 FS $5
	add("columns", column)
	cost[$1, $3, $6, $7, column] = $8
	before[$1, $3, $6, $7, column] = $9
	after[$1, $3, $6, $7, column] = $10
}
$2 == "locks" {
	add("lock kernels", $1)
	add("lock rows" SUBSEP $1, $3 FS $4 FS $5 FS $6 FS $7)
	for (i = 1; i <= 4; i++)
		count[$1, $3, $4, $5, $6, $7, i] = $(7 + i)
}
function verdict(kernel, met) {
	if (met)
		return "met"
	if (kernel in is_must)
		bad = 1
	return "**missed**"
}
# A ratio with its limit: "1.07 | met"; an empty figure is one that was not measured
function ratio(kernel, a, b, limit) {
	if (a == "" || b == "")
		return " n/a | |"
	return sprintf(" %.2f | %s |", a / b, verdict(kernel, a / b <= limit))
}
function most(a, b) { return a > b ? a : b }
# The greatest of what other lockers cost
function with_lockers(key,   i, c, greatest, part) {
	greatest = ""
	for (i = 1; i <= items["columns"]; i++) {
		c = item["columns", i]
		split(c, part, FS)
		if (part[2] > 0 && (key SUBSEP c) in cost)
			greatest = most(greatest + 0, cost[key, c])
	}
	return greatest
}
# Is each page marked while somebody has locked it, and not after that?
function right(kernel, memory, way, call,   i, c, part, want) {
	for (i = 1; i <= items["columns"]; i++) {
		c = item["columns", i]
		split(c, part, FS)
		if (!((kernel, memory, way, call, c) in cost))
			continue
		want = way == "none" ? 0 : 512
		if (before[kernel, memory, way, call, c] != want)
			return sprintf("**%d of %d before**", before[kernel, memory, way, call, c], want)
		want = part[2] > 0 ? 512 : 0
		if (after[kernel, memory, way, call, c] != want)
			return sprintf("**%d of %d after, with %d, %d**", after[kernel, memory, way, call, c], want, part[1], part[2])
	}
	return "yes"
}
function instructions(kernel,   i, j, part, key, c, col, plain, memory, way, call, r) {
	printf "\n### %s\n\n| memory | locked | call |", kernel
	for (j = 1; j <= items["columns"]; j++) {
		split(item["columns", j], col, FS)
		if (col[2] > 0)
			printf " %d of %d lock |", col[2], col[1]
		else
			printf " %d |", col[1]
	}
	print " 500 to 1 | at most 1.15 | to not locked, 1 | at most 2.0, exit 1.6 | to not locked, 500 | at most 2.0, exit 1.6 | with lockers to 1 | at most 2 | Mlocked right |"
	printf "|---|---|---|"
	for (j = 1; j <= items["columns"]; j++)
		printf "--:|"
	print "--:|---|--:|---|--:|---|--:|---|---|"
	for (i = 1; i <= items["rows", kernel]; i++) {
		split(item["rows", kernel, i], part, FS)
		memory = part[1]; way = part[2]; call = part[3]
		key = kernel SUBSEP memory SUBSEP way SUBSEP call
		printf "| %s | %s | %s |", memory, ways[way], call
		for (j = 1; j <= items["columns"]; j++) {
			c = item["columns", j]
			printf((key, c) in cost ? " %.1f |" : " |", cost[key, c] / 1000)
		}
		if (way == "none") {
			print " | | | | | | | | " right(kernel, memory, way, call) " |"
			continue
		}
		printf "%s", ratio(kernel, cost[key, "500" FS "0"], cost[key, "1" FS "0"], 1.15)
		plain = kernel SUBSEP memory SUBSEP "none" SUBSEP call
		if (call in call_limit)
			printf "%s%s", ratio(kernel, cost[key, "1" FS "0"], cost[plain, "1" FS "0"], call_limit[call]),
				ratio(kernel, cost[key, "500" FS "0"], cost[plain, "500" FS "0"], call_limit[call])
		else
			printf " | | | |"
		printf "%s", ratio(kernel, with_lockers(key), cost[key, "1" FS "0"], 2)
		r = right(kernel, memory, way, call)
		if (r != "yes" && kernel in is_must)
			bad = 1
		print " " r " |"
	}
}
END {
	for (k = 1; k <= items["kernels"]; k++)
		instructions(item["kernels", k])
	exit bad
}
