# SPDX-License-Identifier: GPL-2.0
#
# targets.awk - plot.tsv of scripts/bench against bench/limits.tsv; with limits.awk
#
# Prints Markdown: of each base with limits its figure, the limit, and whether it is met;
# of other kernels the figure.  A figure that is missing for a base is an error.
BEGIN {
	FS = "\t"
	read_limits()
	add("lock an empty range of 64 GiB", "64 GiB, 0 present", "lock")
	add("munlock an empty range of 64 GiB", "64 GiB, 0 present", "munlock")
	add("munmap of 64 GiB, a page at each end", "64 GiB, 2 present", "munmap",
		"64 GiB, 2 present", "munmap, not locked")
	add("exit with 64 GiB, a page at each end", "64 GiB, 2 present", "exit",
		"64 GiB, 2 present", "exit, not locked")
	add("lock an empty range of 16 TiB, against 64 GiB", "16 TiB, 0 present", "lock",
		"64 GiB, 0 present", "lock")
	add("munlock an empty range of 16 TiB, against 64 GiB", "16 TiB, 0 present", "munlock",
		"64 GiB, 0 present", "munlock")
	add("exit with 16 TiB, a page at each end, against 64 GiB", "16 TiB, 2 present", "exit",
		"64 GiB, 2 present", "exit")
	add("VmLck of 16 TiB, pages", "16 TiB, 0 present", "(VmLck, pages)")
	add("lock 4 GiB, 1 % present", "4 GiB, 10486 present", "lock")
	add("munlock 4 GiB, 1 % present", "4 GiB, 10486 present", "munlock")
	add("munmap of 4 GiB, 1 % present", "4 GiB, 10486 present", "munmap",
		"4 GiB, 10486 present", "munmap, not locked")
	add("exit with 4 GiB, 1 % present", "4 GiB, 10486 present", "exit",
		"4 GiB, 10486 present", "exit, not locked")
	n = split("anonymous-write tmpfs-read ext2-read tmpfs-shared-write tmpfs-private-write swap-cache-read", touches, " ")
	for (i = 1; i <= n; i++)
		add("first touch, " touches[i], "first touch, " touches[i], "onfault",
			"first touch, " touches[i], "plain")
}
function add(name, what, op, ref, refop) {
	row[++rows] = name
	of[rows] = what SUBSEP op
	base[rows] = ref == "" ? "" : ref SUBSEP refop
}
{
	cost[$3, $1, $2] = $4
	if (!($3 in seen)) {
		seen[$3] = 1
		kernel[++kernels] = $3
	}
}
function value(kernel, i,   v, r) {
	v = cost[kernel, of[i]]
	if (base[i] == "" || v == "")
		return v
	r = cost[kernel, base[i]]
	return r == "" ? "" : v / r
}
function show(v, i) {
	return v == "" ? "n/a" : base[i] == "" ? sprintf("%.0f", v) : sprintf("%.3f", v)
}
END {
	printf "| what |"
	for (k = 1; k <= kernels; k++)
		if (kernel[k] in has_limits)
			printf " %s | at most | verdict |", kernel[k]
		else
			printf " %s |", kernel[k]
	printf "\n|---|"
	for (k = 1; k <= kernels; k++)
		printf (kernel[k] in has_limits) ? "--:|--:|---|" : "--:|"
	print ""
	for (i = 1; i <= rows; i++) {
		printf "| %s |", row[i]
		for (k = 1; k <= kernels; k++) {
			v = value(kernel[k], i)
			# A control kernel has no such call
			printf " %s |", show(v, i)
			if (!(kernel[k] in has_limits))
				continue
			if (v == "") {
				print kernel[k] " has no figure: " row[i] > "/dev/stderr"
				bad = 1
			}
			key = "cost: " row[i]
			printf " %s | %s |", limit(kernel[k], key), v == "" ? "" : met(kernel[k], key, v)
		}
		print ""
	}
	exit bad
}
