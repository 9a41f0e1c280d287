# SPDX-License-Identifier: GPL-2.0
#
# callers.awk - in which functions of a kernel the code of others stands, that are
# inlined; scripts/lib/ours runs it
#
#   awk -f callers.awk SYMBOLS NAMES SOURCE...
#
# SYMBOLS are the functions that the kernel has, NAMES lines "FUNCTION FILE".  Prints the
# symbols: a FUNCTION that is one, or else its callers, and theirs, up to those that are
# one.  What stands in a .c file is inlined in that file alone, and in none if that is not
# among the SOURCEs.  "? FUNCTION" is one that is neither a symbol nor called.

FILENAME == ARGV[1] { symbol[$1]; next }
FILENAME == ARGV[2] { wanted[$1, $2]; next }
FNR == 1 {
	read[FILENAME]
	name = macro = ""
}
/^#[ \t]*define[ \t]+[A-Za-z_0-9]+\(/ {
	macro = $0
	sub(/^#[ \t]*define[ \t]+/, "", macro)
	sub(/\(.*/, "", macro)
}
macro == "" && /^[A-Za-z_].*\(/ && !/;[ \t]*$/ {
	if (/^SYSCALL_DEFINE[0-6]\(/) {
		split($0, part, /[(,)]/)
		name = "__do_sys_" part[2]
	} else if (match($0, /[A-Za-z_0-9]+[ \t]*\(/)) {
		name = substr($0, RSTART, RLENGTH)
		sub(/[ \t]*\($/, "", name)
	}
	# The line of a name calls nothing, unless all of the function stands in it
	if (!sub(/^[^{]*\{/, ""))
		next
}
macro == "" && /^[a-z_].*;[ \t]*$/ { name = "" }
{
	text = $0
	by = macro != "" ? macro : name
	while (by != "" && match(text, /[A-Za-z_][A-Za-z_0-9]*\(/)) {
		callee = substr(text, RSTART, RLENGTH - 1)
		text = substr(text, RSTART + RLENGTH)
		if (!(callee in symbol) && callee != by && !((callee, by, FILENAME) in seen)) {
			seen[callee, by, FILENAME]
			callers[callee] = callers[callee] " " by "@" FILENAME
		}
	}
}
/^}/ { name = "" }
macro != "" && !/\\$/ { macro = "" }

# Prints the symbols in which NAME of FILE may be, and is how many
function visit(name, file,	n, caller, i, part, found) {
	if (name in symbol) {
		result[name]
		return 1
	}
	if ((name, file) in visited)
		return 0
	visited[name, file]
	# The wrappers of a system call, which a macro makes
	if (sub(/^__do_sys_/, "", name)) {
		if (("__se_sys_" name) in symbol)
			result["__se_sys_" name]
		if (("__x64_sys_" name) in symbol) {
			result["__x64_sys_" name]
			return 1
		}
		return ("__se_sys_" name) in symbol
	}
	n = split(callers[name], caller, " ")
	for (i = 1; i <= n; i++) {
		split(caller[i], part, "@")
		if (file !~ /\.c$/ || part[2] == file)
			found += visit(part[1], part[2])
	}
	return found
}

END {
	for (pair in wanted) {
		split(pair, want, SUBSEP)
		if (want[2] ~ /\.c$/ && !(want[2] in read))
			continue
		# A function that was found on another way counts again
		split("", visited)
		if (!visit(want[1], want[2]))
			result["? " want[1]]
	}
	for (name in result)
		print name
}
