# SPDX-License-Identifier: GPL-2.0
#
# table.awk - files of scripts/bench, one a kernel, to one Markdown table
#
# A figure is the median of the runs.  Behind it, in brackets, is how far the
# middle three of five (all but the lowest and the highest run) lie apart, if that
# is more than 0.5 %.  With -v data=1: tab-separated lines "what operation kernel
# median".
BEGIN { FS = "\t" }
FNR == 1 { kernel[++kernels] = FILENAME; sub(/\.tsv$/, "", kernel[kernels]) }
function add(what, v,   k, i) {
	k = what SUBSEP kernels
	if (!(what in seen)) {
		seen[what] = 1
		row[++rows] = what
	}
	for (i = ++n[k]; i > 1 && value[k, i - 1] > v; i--)
		value[k, i] = value[k, i - 1]
	value[k, i] = v
}
function median(k) { return value[k, int((n[k] + 1) / 2)] }
function spread(k,   low, high) {
	low = n[k] > 2 ? 2 : 1
	high = n[k] > 2 ? n[k] - 1 : n[k]
	return median(k) > 0 ? 100 * (value[k, high] - value[k, low]) / median(k) : 0
}
function size(mib) {
	return mib >= 1048576 ? mib / 1048576 " TiB" : mib >= 1024 ? mib / 1024 " GiB" : mib " MiB"
}
$1 == "range" {
	what = size($2) ", " $3 " present"
	if ($4) {
		add(what " | lock", $5)
		add(what " | munlock", $6)
	}
	add(what " | munmap" ($4 ? "" : ", not locked"), $7)
	add(what " | exit" ($4 ? "" : ", not locked"), $8)
	if ($4)
		add(what " | (VmLck, pages)", $9)
}
$1 == "touch" {
	add("first touch, " $2 " | " $3, $4)
	add("first touch, " $2 " | " $3 ", pages marked", $5)
}
END {
	if (data) {
		for (i = 1; i <= rows; i++)
			for (j = 1; j <= kernels; j++)
				if ((row[i], j) in n) {
					split(row[i], part, " \\| ")
					print part[1] "\t" part[2] "\t" kernel[j] "\t" median(row[i] SUBSEP j)
				}
		exit
	}
	printf "| what | operation |"
	for (j = 1; j <= kernels; j++)
		printf " %s |", kernel[j]
	printf "\n|---|---|"
	for (j = 1; j <= kernels; j++)
		printf "--:|"
	print ""
	for (i = 1; i <= rows; i++) {
		printf "| %s |", row[i]
		for (j = 1; j <= kernels; j++) {
			k = row[i] SUBSEP j
			if (!(k in n)) {
				printf " n/a |"
				continue
			}
			printf " %s", median(k)
			if (spread(k) > 0.5)
				printf " (%.1f %%)", spread(k)
			printf " |"
		}
		print ""
	}
}
