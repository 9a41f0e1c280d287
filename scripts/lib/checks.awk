# SPDX-License-Identifier: GPL-2.0
#
# checks.awk - a console, to "program <tab> claim <tab> yes, NO or -": what came out of each
# check; - is a check that was skipped.  With -v late=1 a program that came to its time limit
# is a NO of its own.
BEGIN { OFS = "\t" }
/^# run / { test = $NF; sub(".*/", "", test) }
/^(not )?ok [0-9]+ - / {
	state = /^not/ ? "NO" : /# SKIP/ ? "-" : "yes"
	sub(/^(not )?ok [0-9]+ - /, "")
	sub(/ # SKIP.*/, "")
	print test, $0, state
}
late && /^# exit 124/ { print test, "comes to its end in time", "NO" }
