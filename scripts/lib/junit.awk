# SPDX-License-Identifier: GPL-2.0
#
# junit.awk - JUnit XML of a file of TAP; scripts/lib/results.sh runs it
#
# A claim "PROGRAM: CLAIM" is of the class PROGRAM.  The lines "# ..." below a result
# that is not ok are the text of its failure.  One that is not ok and # TODO, which is
# how an expected failure is written, counts as skipped.

function escaped(text) {
	gsub(/\\#/, "#", text)
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/"/, "\\&quot;", text)
	gsub(/[^\t -~]/, "?", text)
	return text
}

/^(not )?ok [0-9]+ - / {
	state[++n] = /^ok/ ? "pass" : "failure"
	text = $0
	sub(/^(not )?ok [0-9]+ - /, "", text)
	if (match(text, / # (SKIP|TODO).*$/)) {
		state[n] = "skipped"
		why[n] = substr(text, RSTART + 8)
		text = substr(text, 1, RSTART - 1)
	}
	count[state[n]]++
	class[n] = name
	if (match(text, /^[A-Za-z0-9_.\/-]+: /)) {
		class[n] = substr(text, 1, RLENGTH - 2)
		text = substr(text, RLENGTH + 1)
	}
	claim[n] = text
	next
}
/^# / && state[n] == "failure" { more[n] = more[n] substr($0, 3) "\n" }

END {
	print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>"
	printf "<testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" skipped=\"%d\">\n", \
		escaped(name), n, count["failure"], count["skipped"]
	for (i = 1; i <= n; i++) {
		printf "<testcase classname=\"%s\" name=\"%s\">", escaped(class[i]), escaped(claim[i])
		if (state[i] == "failure")
			printf "<failure message=\"not ok\">%s</failure>", escaped_lines(more[i])
		else if (state[i] == "skipped")
			printf "<skipped message=\"%s\"/>", escaped(why[i])
		print "</testcase>"
	}
	print "</testsuite>\n</testsuites>"
}

function escaped_lines(text,	lines, line, i, all) {
	lines = split(text, line, "\n")
	for (i = 1; i < lines; i++)
		all = all escaped(line[i]) "\n"
	return all
}
