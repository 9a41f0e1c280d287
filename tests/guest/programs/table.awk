# SPDX-License-Identifier: GPL-2.0
#
# table.awk - consoles of scripts/programs, to the tables of docs/programs.md; that of a
# kernel with --net has the column of the kernel without
#
# Of each program the package and the command, then of each value a row, and a cell a
# kernel.  With -v out=DIR/: what the names of the consoles begin with.

function column(file) {
	sub("^" out, "", file)
	sub(/\/results\/.*/, "", file)
	if (file == "peers/5.10")
		return "stock 5.10"
	sub(/-net$/, "", file)
	sub(/\/x86_64$/, "", file)
	sub(/\/x86_64-control$/, ", control", file)
	return file
}
# What stands in a cell of a table
function cell(text) {
	gsub(/\|/, "\\|", text)
	return text == "" ? "none seen" : text
}
{ sub(/\r$/, "") }
FNR == 1 {
	name_here = column(FILENAME)
	if (!(name_here in number)) {
		number[name_here] = ++kernels
		kernel[kernels] = name_here
	}
	at_kernel = number[name_here]
}
/^# run / {
	program = $0
	sub(/.*\/tests\//, "", program)
	if (!(program in known)) {
		known[program]
		order[++programs] = program
	}
	row_of = 0
	next
}
/^# exit / {
	# "# exit" may be that of a set-up
	if (program != "")
		ended[program, at_kernel] = $3
	program = ""
	next
}
program == "" { next }
/^# package: / { package[program] = $3; version[program] = $4; next }
/^# command: / { command[program] = substr($0, 12); next }
/^# value: / {
	text = substr($0, 10)
	at = index(text, ": ")
	what = substr(text, 1, at - 1)
	if (!((program, what) in row)) {
		row[program, what]
		rows[program]++
		name[program, rows[program]] = what
	}
	said[program, what, at_kernel] = substr(text, at + 2)
	next
}
/^ok [0-9]+ - / { passed[at_kernel]++ }
/^not ok [0-9]+ - / { failed[at_kernel]++ }
END {
	print "| program | package | version | command |\n|---|---|---|---|"
	for (i = 1; i <= programs; i++) {
		p = order[i]
		printf "| %s | %s | %s | `%s` |\n", p, package[p], version[p], command[p]
	}
	printf "\n| program | what |"
	line = "|---|---|"
	for (k = 1; k <= kernels; k++) {
		printf " %s |", kernel[k]
		line = line "---|"
	}
	print "\n" line
	for (i = 1; i <= programs; i++) {
		p = order[i]
		for (r = 1; r <= rows[p]; r++) {
			what = name[p, r]
			printf "| %s | %s |", p, cell(what)
			for (k = 1; k <= kernels; k++)
				printf " %s |", (p, what, k) in said ? cell(said[p, what, k]) : "-"
			print ""
		}
	}
	for (kind = 0; kind < 2; kind++) {
		printf "| all | checks that %s |", kind ? "fail" : "pass"
		for (k = 1; k <= kernels; k++)
			printf " %d |", kind ? failed[k] : passed[k]
		print ""
	}
}
