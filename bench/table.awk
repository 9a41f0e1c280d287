# SPDX-License-Identifier: GPL-2.0
#
# table.awk - files of scripts/bench, one a kernel, to one Markdown table
#
# The first run gives the figure; the largest spread over all runs stands below.
# With -v data=1: tab-separated lines "what operation kernel instructions".
BEGIN { FS = "\t" }
FNR == 1 { kernel[++kernels] = FILENAME; sub(/\.tsv$/, "", kernel[kernels]) }
function add(what, v,   k) {
	k = what SUBSEP kernels
	if (!(what in seen)) {
		seen[what] = 1
		row[++rows] = what
	}
	if (!(k in first))
		first[k] = low[k] = high[k] = v
	if (v < low[k])
		low[k] = v
	if (v > high[k])
		high[k] = v
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
				if ((row[i], j) in first) {
					split(row[i], part, " \\| ")
					print part[1] "\t" part[2] "\t" kernel[j] "\t" first[row[i], j]
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
			printf " %s |", k in first ? first[k] : "n/a"
			if (k in first && low[k] > 0 && (high[k] - low[k]) / low[k] > worst) {
				worst = (high[k] - low[k]) / low[k]
				where = row[i] ", " kernel[j]
			}
		}
		print ""
	}
	gsub(/ \|/, ",", where)
	printf "\nLargest spread over the runs: %.2f %% (%s).\n", 100 * worst, where
}
