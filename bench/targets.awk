# SPDX-License-Identifier: GPL-2.0
#
# targets.awk - plot.tsv of scripts/bench against what the series must reach
#
# Prints Markdown.  A target is a number of instructions, or a ratio to another
# row of the same kernel.  On debian-5.10 it is what stock-5.10 needs where that
# does the same work ("stock"), else the same number.  A figure that is missing for
# a base that was measured is an error.
BEGIN {
	FS = "\t"
	add("lock an empty range of 64 GiB", "64 GiB, 0 present", "lock", 10000, "stock")
	add("munlock it", "64 GiB, 0 present", "munlock", 10000, "stock")
	add("munmap of 64 GiB, a page at each end, against the same not locked",
		"64 GiB, 2 present", "munmap", 1.35, "stock", "64 GiB, 2 present", "munmap, not locked")
	add("exit of it, likewise",
		"64 GiB, 2 present", "exit", 1.15, "stock", "64 GiB, 2 present", "exit, not locked")
	add("lock an empty range of 16 TiB, against 64 GiB",
		"16 TiB, 0 present", "lock", 2, "", "64 GiB, 0 present", "lock")
	add("munlock it, likewise",
		"16 TiB, 0 present", "munlock", 2, "", "64 GiB, 0 present", "munlock")
	add("exit of 16 TiB, a page at each end, against 64 GiB",
		"16 TiB, 2 present", "exit", 2, "", "64 GiB, 2 present", "exit")
	add("VmLck of 16 TiB in pages", "16 TiB, 0 present", "(VmLck, pages)", 4294967296, "")
	add("lock 4 GiB, 1 % present", "4 GiB, 10486 present", "lock", 13000000, "stock")
	add("munlock it", "4 GiB, 10486 present", "munlock", 13000000, "stock")
	add("munmap of it, against not locked", "4 GiB, 10486 present", "munmap", 1.6,
		"stock", "4 GiB, 10486 present", "munmap, not locked")
	add("exit of it, against not locked", "4 GiB, 10486 present", "exit", 1.6,
		"stock", "4 GiB, 10486 present", "exit, not locked")
	touch("anonymous-write", 1.00, "stock")
	touch("tmpfs-read", 1.6, "")
	touch("ext2-read", 1.6, "")
	touch("tmpfs-shared-write", 1.3, "")
	touch("tmpfs-private-write", 1.00, "stock")
	touch("swap-cache-read", 1.25, "")
}
function add(name, what, op, limit, other, ref, refop) {
	row[++rows] = name
	of[rows] = what SUBSEP op
	max[rows] = limit
	peer[rows] = other
	base[rows] = ref == "" ? "" : ref SUBSEP refop
}
function touch(name, limit, other) {
	add("first touch, " name ", against plain", "first touch, " name, "onfault", limit,
		other, "first touch, " name, "plain")
}
{ cost[$3, $1, $2] = $4; seen[$3] = 1 }
function value(kernel, i,   v, r) {
	v = cost[kernel, of[i]]
	if (base[i] == "" || v == "")
		return v
	r = cost[kernel, base[i]]
	return r == "" ? "" : v / r
}
function show(v, i) {
	return v == "" ? "n/a" : base[i] == "" ? sprintf("%d", v) : sprintf("%.3f", v)
}
function verdict(kernel, i,   v, limit) {
	if (!(kernel in seen))
		return ""
	v = value(kernel, i)
	if (v == "") {
		print kernel " has no figure: " row[i] > "/dev/stderr"
		bad = 1
		return ""
	}
	limit = max[i]
	if (kernel == "debian-5.10" && peer[i] == "stock" && value("stock-5.10", i) != "")
		limit = value("stock-5.10", i)
	if (of[i] ~ /VmLck/)
		return v == limit ? "met" : "**missed**"
	# A difference of one in a thousand is the noise of a ratio
	return v <= limit * (base[i] == "" ? 1 : 1.001) ? "met" : "**missed**"
}
END {
	print "| what | at most | v4.2-rc1 | | debian-5.10 | | stock 5.10 | stock 6.1 |"
	print "|---|--:|--:|---|--:|---|--:|--:|"
	for (i = 1; i <= rows; i++)
		printf "| %s | %s | %s | %s | %s | %s | %s | %s |\n", row[i], max[i],
			show(value("v4.2-rc1", i), i), verdict("v4.2-rc1", i),
			show(value("debian-5.10", i), i), verdict("debian-5.10", i),
			show(value("stock-5.10", i), i), show(value("stock-6.1", i), i)
	exit bad
}
