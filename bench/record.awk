# SPDX-License-Identifier: GPL-2.0
#
# record.awk - plot.tsv of scripts/bench, to the tables of scripts/record, in Markdown
#
#   awk -v base=BASE -v table=range|present|touch -f bench/record.awk plot.tsv
#
# range: what is present at most at both ends; present: 4 GiB, by what is present; touch:
# the first touch of a page.  A figure that is missing is an error.
BEGIN { FS = "\t"; control = base "-control" }
{
	cost[$3, $1, $2] = $4
	if (!($1 in seen)) {
		seen[$1] = 1
		what[++rows] = $1
	}
}
function commas(v,	s) {
	s = sprintf("%.0f", v)
	while (match(s, /[0-9][0-9][0-9][0-9]/) && match(s, /^[0-9]+/) && RLENGTH > 3)
		s = substr(s, 1, RLENGTH - 3) "," substr(s, RLENGTH - 2)
	return s
}
function cell(kernel, w, op) {
	if (!((kernel, w, op) in cost)) {
		print "no figure of " kernel ": " w ", " op > "/dev/stderr"
		bad = 1
		return " |"
	}
	return " " commas(cost[kernel, w, op]) " |"
}
END {
	if (table == "range") {
		print "| size | pages present | lock | munlock | munmap | munmap, not locked | exit | exit, not locked |"
		print "|---|--:|--:|--:|--:|--:|--:|--:|"
	} else if (table == "present") {
		print "| pages present | lock | munlock | munmap | munmap, not locked | munmap, control kernel |"
		print "|--:|--:|--:|--:|--:|--:|"
	} else {
		print "| first touch | plain | on fault | mlock() | VM_LOCKED on the control kernel | Mlocked and Unevictable after it, on fault |"
		print "|---|--:|--:|--:|--:|--:|"
	}
	for (i = 1; i <= rows; i++) {
		w = what[i]
		if (table == "touch") {
			if (w !~ /^first touch, /)
				continue
			name = w
			sub(/^first touch, /, "", name)
			gsub(/-/, " ", name)
			line = "| " name " |" cell(base, w, "plain") cell(base, w, "onfault") cell(base, w, "eager")
			line = line ((control, w, "floor") in cost ? cell(control, w, "floor") : "  |")
			print line cell(base, w, "onfault, pages marked")
			continue
		}
		if (w !~ / present$/)
			continue
		split(w, part, ", ")
		present = part[2] + 0
		if (table == "range" && present <= 2)
			print "| " part[1] " | " present " |" cell(base, w, "lock") cell(base, w, "munlock") \
				cell(base, w, "munmap") cell(base, w, "munmap, not locked") \
				cell(base, w, "exit") cell(base, w, "exit, not locked")
		if (table == "present" && part[1] == "4 GiB" && present != 2)
			print "| " commas(present) " |" cell(base, w, "lock") cell(base, w, "munlock") cell(base, w, "munmap") \
				cell(base, w, "munmap, not locked") cell(control, w, "munmap, not locked")
	}
	exit bad
}
