# SPDX-License-Identifier: GPL-2.0
#
# verdict.awk - the rules of scripts/lib/verdict, which see; only that runs it.
#
# Variables: table (expected results, or empty), skips (what may skip, or empty) with
# base and arch, kernel (whose console it is, or empty), job (what it was
# told to run, or empty), complaints (patterns), ours and pairs (files, or empty), tap (a file to
# write, or empty), name.
# Prints "verdict: ..." for whatever is wrong, and the sum as the last line.

function bad(text) {
	print "verdict: " text
	problem[++wrong] = text
}

# The key of a row that speaks of this check: [ABI/]program, and the check or *
function row(rows, name) {
	if ((program, name) in rows)
		return program SUBSEP name
	if ((plain, name) in rows)
		return plain SUBSEP name
	if ((program, "*") in rows)
		return program SUBSEP "*"
	if ((plain, "*") in rows)
		return plain SUBSEP "*"
	return ""
}

function result(state, name, why,	key) {
	results++
	if (state == "fail")
		failed++
	if (table != "") {
		key = row(want, name)
		if (key == "")
			bad(program ": \"" name "\" is not in the table")
		else if (want[key] != state)
			bad(program ": \"" name "\" is " state ", expected " want[key])
		else if (state == "fail")
			expected = 1
		seen[key] = 1
	} else if (state == "fail")
		bad(program ": not ok: " name)
	else if (state == "skip" && skips != "" && row(mayskip, name) == "")
		bad(program ": \"" name "\" may not skip on " base " " arch " (" why "): " skips " does not list it")
	count[state]++
	n++
	of[n] = program
	claim[n] = name
	said[n] = (state == "fail" && expected) ? "expected" : state
	reason[n] = why
	expected = 0
}

# A line of TAP of the running program.  True if it is one.
function tap_line(	number, text, directive, state) {
	if (/^TAP version /) {
		if (++versions > 1)
			bad(program ": began its TAP twice")
		return 1
	}
	if (/^1\.\.[0-9]+/) {
		if (planned >= 0)
			bad(program ": a second plan: " $0)
		if (/^1\.\.0+ *# *[Ss][Kk][Ii][Pp]/) {
			text = $0
			sub(/^[^#]*# *[Ss][Kk][Ii][Pp][^ ]* */, "", text)
			skipall = 1
			if (planned < 0)
				result("skip", "*", text)
		} else if (/^1\.\.0*[^0-9]*$/)
			bad(program ": plans nothing: " $0)
		else if (!/^1\.\.[0-9]+ *$/)
			bad(program ": no plan is like this: " $0)
		if (planned < 0)
			planned = substr($1, 4) + 0
		return 1
	}
	if (/^(not )?ok( |$)/) {
		state = /^ok/ ? "pass" : "fail"
		text = $0
		sub(/^(not )?ok */, "", text)
		if (text !~ /^[0-9]+ - ./) {
			bad(program ": a result without a number or a claim: " $0)
			result(state, text, "")
			return 1
		}
		number = text + 0
		if (number != last + 1)
			bad(program ": result " number " follows " last)
		last = number
		sub(/^[0-9]+ - /, "", text)
		directive = ""
		if (match(text, / *# *([Ss][Kk][Ii][Pp]|[Tt][Oo][Dd][Oo])/)) {
			directive = substr(text, RSTART)
			sub(/^ *# */, "", directive)
			text = substr(text, 1, RSTART - 1)
		}
		if (directive ~ /^[Ss]/) {
			sub(/^[^ ]* */, "", directive)
			if (state == "fail")
				bad(program ": failed, and calls it a skip: " text)
			else
				state = "skip"
		} else if (directive != "")
			bad(program ": nothing here is left to do: " text)
		result(state, text, directive)
		return 1
	}
	if (/^Bail out!/) {
		bad(program ": " $0)
		return 1
	}
	return 0
}

# A result that is indented, commented out, in colour, or glued to other text
function hidden_result(	text) {
	text = $0
	gsub(/\033\[[?0-9;]*[a-zA-Z]/, "", text)
	gsub(/[\033\010\013\014]/, "", text)
	sub(/^[ \t#>|*-]+/, "", text)
	if (text != $0 && text ~ /^((not )?ok( [0-9]|$)|1\.\.[0-9]|Bail out!)/)
		return 1
	return $0 ~ /.(not ok [0-9]|not ok - |Bail out!)/ || $0 ~ /.[^ ] *ok [0-9]+ - /
}

# The letters of a taint; what is left when the bits of explained are taken away
function taint_left(value, explained,	bit, left) {
	left = 0
	for (bit = 1; value > 0; bit *= 2) {
		if (value % 2 && int(explained / bit) % 2 == 0)
			left += bit
		value = int(value / 2)
	}
	return left
}
function taint_letters(value,	i, text) {
	for (i = 1; value > 0; i++) {
		if (value % 2)
			text = text (i <= 19 ? substr("PFSRMBUDAWCIOELKXTN", i, 1) : "?")
		value = int(value / 2)
	}
	return text
}

function command_name(text,	word, words, i, found) {
	words = split(text, word, " ")
	found = word[1]
	for (i = 1; i <= words; i++)
		if (word[i] ~ /^\/tests\//) {
			found = word[i]
			break
		}
	sub(/^\/tests\//, "", found)
	return found
}

function trimmed(text) {
	sub(/ +$/, "", text)
	return text
}

function start(kind, text) {
	if (running)
		bad(program ": did not end before the next began")
	running = kind
	command = text
	program = command_name(text)
	plain = program
	sub(/.*\//, "", plain)
	planned = -1
	results = failed = skipall = last = versions = 0
	ran++
	if (ran > listed || list[ran] != kind " " text)
		bad(program ": is not what the guest said it would run" (ran <= listed ? ": " list[ran] : ""))
}

function ended(status) {
	if (!running) {
		bad("an end of nothing: " $0)
		return
	}
	if (running == "setup") {
		if (status != 0)
			bad(program ": could not set up, exit status " status)
		else if (command ~ /(^|[ \/])insmod /)
			explained = 4096	# a module from outside of the tree
	} else {
		tests++
		if (planned < 0)
			bad(program ": no plan")
		else if (skipall ? results != 1 : planned != results)
			bad(program ": " results " of " planned " planned checks")
		if (status != (skipall ? 4 : failed ? 1 : 0))
			bad(program ": exit status " status (status == 124 ? ", it took too long" : \
				status > 128 ? ", signal " status - 128 : ""))
	}
	running = ""
}

# "BUG: KCSAN: data-race in a / b", or "... in a+0x12/0x34" where the other is unknown
function kcsan_report(line,	pair, side) {
	sub(/.*BUG: KCSAN: [a-z: -]* in /, "", line)
	gsub(/ \[[^]]*\]/, "", line)	# of a module
	gsub(/[ \t]+$/, "", line)
	if (split(line, side, " / ") < 2)
		side[2] = "?"
	for (i = 1; i <= 2; i++) {
		sub(/\+0x.*/, "", side[i])
		sub(/\.(isra|part|constprop|cold|llvm).*/, "", side[i])
	}
	pair = side[1] <= side[2] ? side[1] "\t" side[2] : side[2] "\t" side[1]
	races[pair]++
	if ((side[1] in mine || side[2] in mine) && !(pair in known) && races[pair] == 1)
		bad("kernel: KCSAN: " side[1] " / " side[2])
}

BEGIN {
	while (ours != "" && (getline line < ours) > 0)
		mine[line] = 1
	while (pairs != "" && (getline line < pairs) > 0) {
		if (line ~ /^#/ || line == "")
			continue
		if (split(line, field, "\t") != 3 || field[3] == "" || field[1] > field[2]) {
			bad(pairs ": not two functions in their order and why: " line)
			continue
		}
		known[field[1] "\t" field[2]] = 1
	}
	while (table != "" && (getline line < table) > 0) {
		if (line ~ /^#/ || line == "")
			continue
		split(line, field, "\t")
		want[field[1], field[2]] = field[3]
	}
	while (skips != "" && (getline line < skips) > 0) {
		if (line ~ /^#/ || line == "")
			continue
		if (split(line, field, "\t") != 5 || field[5] == "") {
			bad(skips ": not five fields: " line)
			continue
		}
		if ((field[1] == "*" || index(" " chain " ", " " field[1] " ")) && (field[2] == "*" || \
		    index("," field[2] ",", "," arch ",")))
			mayskip[field[3], field[4]] = 1
	}
	while (job != "" && (getline line < job) > 0) {
		if (sub(/^ *[0-9]+ +/, "", line))
			told[++told_of] = trimmed(sub(/^setup /, "", line) ? "setup " line : "run " line)
	}
	while ((getline line < complaints) > 0) {
		if (line ~ /^#/ || line == "")
			continue
		sub(/\t.*/, "", line)
		pattern[++patterns] = line
		any = any (any == "" ? "" : "|") "(" line ")"
	}
	if (!patterns) {
		bad("no patterns in " complaints)
		any = "^$"
	}
	explained = 0
}

{ sub(/\r$/, "") }

/^guest: begins$/ {
	if (begun++)
		bad("the guest began anew")
	next
}
/^guest: will (run|set up) / {
	text = $0
	kind = text ~ /^guest: will run / ? "run" : "setup"
	sub(/^guest: will (run|set up) /, "", text)
	if (ran)
		bad("the list of what will run came late: " $0)
	list[++listed] = kind " " text
	next
}
/^guest: tainted at the (start|end): [0-9]+$/ {
	when = substr($5, 1, length($5) - 1)
	if (when in taint)
		bad("said twice: " $0)
	# What was said first, if it was worse, stays
	if (!(when in taint) || $6 > taint[when])
		taint[when] = $6 + 0
	next
}
/^guest: kernel log begins$/ {
	if (logs++)
		bad("a second kernel log")
	if (running)
		bad(program ": did not end before the kernel log began")
	inlog = 1
	next
}
/^guest: kernel log ends$/ { inlog = 0; haslog = 1; next }
/^guest: all done$/ { done = 1; next }
/^guest: leaks begin$/ { leaks = 1 }
inlog && /kcsan: selftest: [0-9]/ { kcsan = 1 }
/^guest: (bad line|no \/job|cannot (run|kill)|kmemleak cannot)/ { bad($0) }
# A kernel of the user's own may have no debugfs
/^guest: cannot mount / && (kernel != "" || !/kernel\/debug/) { bad($0) }

inlog && /[^ ]/ { lines++ }
/^(<[0-9]+>)?(\[ *[0-9]+\.[0-9]+\] )?Linux version [0-9]/ {
	if (inlog)
		logbanners++
	else if (banners++ || begun || listed || ran)
		bad("the kernel booted anew: " $0)
}

# A stack that the kernel dumps is a complaint, whatever its first line is called; but the
# OOM killer, which tests let loose in a memcg, dumps one in its next lines (MIPS after ten
# of what lies on the stack), and sysrq those of all tasks, one after the other, of 60 lines
# at most.  Where only the name of the stack is urgent (v4.2 on arm64) the console has that alone:
# it is one of the log, of which all is read, or counted against the OOM killer's there
inlog && / invoked oom-killer: / { oom_log++ }
/ invoked oom-killer: / { ooms = NR < oom_end ? ooms + 1 : 1; oom_end = NR + 16 }
/[Ss]ys[Rr]q ?: / { dump_end = NR + 60 }
/(^|[>\] ])Call [Tt]race:/ || /(^|[>\] ])Backtrace:/ {
	if (NR < dump_end)
		dump_end = NR + 60
	else if (ooms > 0 && NR < oom_end)
		ooms--
	else if (!inlog && /^Call trace:$/)
		bare_traces++
	else if (!($0 ~ any) && ++complained <= 30)
		bad("kernel: " $0)
}

ours != "" && /BUG: KCSAN: [a-z: -]* in / {
	# What the console shows is in the log as well
	if (inlog)
		kcsan_report($0)
	next
}
# Whatever line it stands in: a message may be glued to what a program was printing
$0 ~ any {
	if (++complained <= 30)
		bad("kernel: " $0)
}

inlog { next }
/^# (run|setup) / {
	kind = $2
	text = $0
	sub(/^# (run|setup) /, "", text)
	start(kind, text)
	next
}
/^# exit [0-9]+$/ { ended($3 + 0); next }
/# (exit [0-9]|run \/|setup \/)/ { bad("glued to other text: " $0); next }
running == "run" && tap_line() { next }
(begun || listed || ran) && /^((not )?ok [0-9]|1\.\.[0-9]|Bail out!|TAP version )/ {
	bad("outside of a program: " $0)
	next
}
(begun || listed || ran) && hidden_result() { bad((running ? program ": " : "") "a hidden result: " $0) }

END {
	if (complained > 30)
		bad("kernel: " complained - 30 " more such lines")
	if (running)
		bad(program ": did not end")
	if (!listed)
		bad("the guest did not say what it would run")
	for (i = 1; job != "" && listed && (i <= told_of || i <= listed); i++)
		if (trimmed(list[i]) != told[i])
			bad("not what it was told to run: " \
				(i <= listed ? list[i] : "nothing") ", and not " (i <= told_of ? told[i] : "nothing"))
	for (i = ran + 1; i <= listed; i++)
		bad("did not run: " list[i])
	if (!tests)
		bad("no test was run")
	if (!haslog)
		bad("no kernel log")
	else if (!lines)
		bad("the kernel log is empty")
	else if (logbanners != 1)
		bad("the kernel log has lost its beginning")
	if (!("start" in taint) || !("end" in taint))
		bad("the guest did not say whether the kernel is tainted")
	if (taint["start"] + 0)
		bad("kernel: tainted from the start: " taint["start"] " (" taint_letters(taint["start"]) ")")
	left = taint_left(taint["end"], explained)
	if (left && !(taint["start"] + 0))
		bad("kernel: tainted: " left " (" taint_letters(left) ")")
	if (bare_traces > oom_log)
		bad("kernel: Call trace: " bare_traces " times on the console, and the OOM killer came " (oom_log + 0) " times")
	# A kernel that has lost what it is there for
	if (kernel ~ /-debug$/ && !leaks)
		bad("kernel: no kmemleak in " kernel ": is it in its .config?")
	if (kernel ~ /-kcsan$/ && !kcsan)
		bad("kernel: no KCSAN in " kernel ": is it in its .config?")
	if (!done)
		bad("the guest did not say that it was done")
	if (table != "") {
		for (key in want)
			if (!(key in seen)) {
				split(key, field, SUBSEP)
				bad("expected, but did not happen: " field[1] ": " field[2])
			}
	} else if (!count["pass"])
		bad("nothing passed")

	if (tap != "") {
		printf "TAP version 13\n1..%d\n", n + 1 >tap
		for (i = 1; i <= n; i++) {
			bare = claim[i]
			gsub(/#/, "\\#", bare)
			printf "%sok %d - %s: %s%s\n", said[i] ~ /fail|expected/ ? "not " : "", i, of[i], \
				bare, said[i] == "skip" ? " # SKIP " reason[i] : \
				said[i] == "expected" ? " # TODO expected of this kernel" : "" >tap
		}
		printf "%sok %d - %s as a whole\n", wrong ? "not " : "", n + 1, name >tap
		for (i = 1; i <= wrong; i++)
			print "# " problem[i] >tap
		close(tap)
	}
	for (pair in races)
		reports += races[pair]
	if (reports) {
		printf "kcsan: %d reports, each pair and how often:\n", reports
		for (pair in races) {
			split(pair, field, "\t")
			printf "kcsan: %s / %s: %d%s\n", field[1], field[2], races[pair], \
				(pair in known) ? ", as on the control kernel" : ""
		}
	}
	failures = table == "" ? count["fail"] + 0 : 0
	if (wrong && !failures)
		failures = wrong
	printf "%d passed, %d failed, %d skipped\n", \
		count["pass"] + (table != "" ? count["fail"] : 0), failures, count["skip"]
	exit wrong != 0
}
