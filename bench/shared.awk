# SPDX-License-Identifier: GPL-2.0
#
# shared.awk - lines of bench/shared.c, each behind the name of its kernel, to Markdown
#
#   awk -v must="KERNEL..." -v limits=bench/limits.tsv -f bench/limits.awk -f bench/shared.awk shared.tsv
#
# Prints what has to be reached, a column a kernel, of two ways to have locked the one
# that costs more, each compared with an unlocked mapping whose pages have been accessed
# in the same way; for each kernel its instructions;
# and the acquisitions of locks a page.  Exit status 1: one of the kernels in "must"
# misses a limit.  What was not measured is n/a, and neither met nor missed.
BEGIN {
	FS = "\t"
	PAGES = 512
	read_limits()
	split("tmpfs ext2 anon", memories, " ")
	nr_ways = split("none populated onfault present", ways, " ")
	split("munlock munmap exit", calls, " ")
	title["none"] = "not locked"
	title["populated"] = "not locked, was by mlock()"
	title["onfault"] = "on fault, touched"
	title["present"] = "present, mlock()"
	n = split(must, list, " ")
	for (i = 1; i <= n; i++)
		is_must[list[i]] = 1
}
{
	if (!($1 in seen)) {
		seen[$1] = 1
		kernels[++nr_kernels] = $1
	}
	column = $4 FS $5
	if (!(column in seen_column)) {
		seen_column[column] = 1
		columns[++nr_columns] = column
	}
	key = $1 FS $3 FS $6 FS $7 FS column
}
$2 == "shared" {
	cost[key] = $8
	before[key] = $9
	after[key] = $10
	measured[$1] = 1
}
$2 == "locks" {
	lru[key] = $8
	rmap[key] = $3 == "anon" ? $10 : $9
	page[key] = $11
	counted[$1] = 1
}
function name_of(column,   part) {
	split(column, part, FS)
	return part[2] > 0 ? part[2] " of " part[1] " lock" : part[1]
}
function get(list, key) { return key in list ? list[key] : "" }
function share(a, b) { return a == "" || b == "" ? "" : a / b }

# The figure that a limit is for, of one kernel
function figure(what, kernel, memory, way, call,   k, other, i, c, v, greatest) {
	k = kernel FS memory FS way FS call FS
	if (what == "500 to 1")
		return share(get(cost, k "500" FS 0), get(cost, k "1" FS 0))
	if (what ~ /^not locked/) {
		c = (what ~ /500/ ? "500" : "1") FS 0
		return share(get(cost, k c), get(cost, kernel FS memory FS (way == "present" ? "populated" : "none") FS call FS c))
	}
	greatest = ""
	for (i = 1; i <= nr_columns; i++) {
		if (columns[i] ~ /\t0$/)
			continue
		v = share(get(cost, k columns[i]), get(cost, k "1" FS 0))
		if (v != "" && (greatest == "" || v > greatest))
			greatest = v
	}
	return greatest
}
# The limit is that of the first of the bases in "must"; the others may have another one
function limit_row(text, memory, key, what, call,   j, v, w, line, any, most) {
	most = limit(list[1], "shared: " key)
	line = "| " text " | " memory " | " most " |"
	for (j = 1; j <= nr_kernels; j++) {
		if (!(kernels[j] in measured))
			continue
		v = figure(what, kernels[j], memory, "onfault", call)
		w = figure(what, kernels[j], memory, "present", call)
		if (v == "" || (w != "" && w > v))
			v = w
		any = any || v != ""
		line = line (v == "" ? " n/a |" : sprintf(" %.2f |", v))
		if (kernels[j] in is_must)
			line = line " " (v == "" ? "" : verdict(met(kernels[j], "shared: " key, v) == "met")) " |"
	}
	if (any)
		print line
}
function verdict(is_met) {
	if (!is_met)
		bad = 1
	return is_met ? "met" : "**missed**"
}
function limit_rows(text, key, what, call,   m) {
	for (m = 1; m <= 3; m++)
		limit_row(text, memories[m], key, what, call)
}

# Is each page Mlocked while a task has locked it, and not after that?
function is_wrong(key, way, column,   part) {
	split(column, part, FS)
	return before[key] != (way == "none" || way == "populated" ? 0 : PAGES) || after[key] != (part[2] > 0 ? PAGES : 0)
}
# Does it take the LRU lock more often than the control kernel, which knows mlock() only?
function too_often(kernel, memory, way, call, column,   theirs) {
	theirs = get(lru, kernel "-control" FS memory FS (way == "onfault" ? "present" : way) FS call FS column)
	if (theirs == "")
		return ""
	return lru[kernel FS memory FS way FS call FS column] > theirs
}
function cells_row(text, what,   j, m, w, c, i, key, n, all, v, line, where, any) {
	line = "| " text " | all | 0 |"
	for (j = 1; j <= nr_kernels; j++) {
		n = all = 0
		for (m = 1; m <= 3; m++)
			for (w = 1; w <= nr_ways; w++)
				for (c = 1; c <= 3; c++)
					for (i = 1; i <= nr_columns; i++) {
						key = kernels[j] FS memories[m] FS ways[w] FS calls[c] FS columns[i]
						if (what == "marks")
							v = key in cost ? is_wrong(key, ways[w], columns[i]) : ""
						else
							v = key in lru ? too_often(kernels[j], memories[m], ways[w], calls[c], columns[i]) : ""
						if (v == "")
							continue
						all++
						if (v) {
							n++
							where = kernels[j] ", " memories[m] ", " title[ways[w]]
							if (!wrong_cells[what, where]++)
								wrong[++nr_wrong] = where ", " calls[c] ", others " name_of(columns[i]) ": " \
									(what == "marks" ? before[key] " Mlocked before, " after[key] " after" : \
									lru[key] " for " PAGES " pages") SUBSEP what SUBSEP where
						}
					}
		if (!(kernels[j] in measured))
			continue
		any = any || all
		line = line (all ? " " n " |" : " n/a |")
		if (kernels[j] in is_must)
			line = line " " (all ? verdict(!n) : "") " |"
	}
	if (any)
		print line
}
function instructions(kernel,   m, w, c, i, key, any, line) {
	print "\n### " kernel ", thousands of instructions\n"
	printf "| memory | locked | call |"
	for (i = 1; i <= nr_columns; i++)
		printf " %s |", name_of(columns[i])
	printf "\n|---|---|---|"
	for (i = 1; i <= nr_columns; i++)
		printf "--:|"
	print ""
	for (m = 1; m <= 3; m++)
		for (w = 1; w <= nr_ways; w++)
			for (c = 1; c <= 3; c++) {
				any = 0
				line = "| " memories[m] " | " title[ways[w]] " | " calls[c] " |"
				for (i = 1; i <= nr_columns; i++) {
					key = kernel FS memories[m] FS ways[w] FS calls[c] FS columns[i]
					any = any || key in cost
					line = line (key in cost ? sprintf(" %.1f |", cost[key] / 1000) : " |")
				}
				if (any)
					print line
			}
}
function a_page(list, key,   v) {
	v = get(list, key)
	return v == "" ? "" : v == "-" ? "n/a" : sprintf("%.2f", v / PAGES)
}
function acquisitions(kernel,   m, w, c, i, key) {
	print "\n### " kernel ", acquisitions of locks a page\n"
	print "| memory | locked | call | others | LRU lock | i_mmap or anon_vma lock | page lock |"
	print "|---|---|---|--:|--:|--:|--:|"
	for (m = 1; m <= 3; m++)
		for (w = 1; w <= nr_ways; w++)
			for (c = 1; c <= 3; c++)
				for (i = 1; i <= nr_columns; i++) {
					key = kernel FS memories[m] FS ways[w] FS calls[c] FS columns[i]
					if (key in lru)
						printf "| %s | %s | %s | %s | %s | %s | %s |\n", memories[m], title[ways[w]], calls[c],
							name_of(columns[i]), a_page(lru, key), a_page(rmap, key), a_page(page, key)
				}
}
END {
	printf "| what | memory | at most |"
	for (j = 1; j <= nr_kernels; j++)
		if (kernels[j] in measured)
			printf " %s |%s", kernels[j], kernels[j] in is_must ? " |" : ""
	printf "\n|---|---|--:|"
	for (j = 1; j <= nr_kernels; j++)
		if (kernels[j] in measured)
			printf "--:|%s", kernels[j] in is_must ? "---|" : ""
	print ""
	for (c = 1; c <= 3; c++)
		limit_rows(calls[c] ", 500 others map, to 1", "500 others map, to 1", "500 to 1", calls[c])
	for (i = 0; i < 2; i++) {
		n = i ? 500 : 1
		for (c = 2; c <= 3; c++)
			limit_rows(calls[c] ", " n (n > 1 ? " others map, to not locked" : " other maps, to not locked"),
				calls[c] ", to not locked", "not locked " n, calls[c])
	}
	for (c = 1; c <= 3; c++)
		limit_rows(calls[c] ", 1 to 100 others lock, to 1 that maps", "1 to 100 others lock, to 1 that maps", "lock", calls[c])
	cells_row("cells with a page that is Mlocked and should not be, or is not and should", "marks")
	cells_row("cells with more acquisitions of the LRU lock than on the control kernel", "lru")
	if (nr_wrong)
		print ""
	for (i = 1; i <= nr_wrong; i++) {
		split(wrong[i], part, SUBSEP)
		n = wrong_cells[part[2], part[3]]
		print "* " part[1] (n > 1 ? "; and in " n - 1 " other cells of this way" : "")
	}
	for (j = 1; j <= nr_kernels; j++)
		if (kernels[j] in measured)
			instructions(kernels[j])
	for (j = 1; j <= nr_kernels; j++)
		if (kernels[j] in counted)
			acquisitions(kernels[j])
	exit bad
}
