# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154  # lib.sh sets top and out
#
# cells.sh - what long runs share to go on where they were; sourced after lib.sh.
#
# A long run is a table of cells, each with a name.  The result of a cell is kept
# together with its key, a hash of all that it depends on: the queue, the
# configuration, the program.  A cell is done if there is a result with the key that
# it has now.  A script does
#
#	cells out/BASE/mutants		where results are kept; FRESH=1 removes them
#	key=$(cell_key v4.2-rc1 tests/guest)
#	if ! cell_get "$name" "$key"; then
#		... >"$tmp/result"
#		cell_put "$name" "$key" "$tmp/result"
#	fi
#	use "$cell"			the file with the result, as it was put
#
# or, for a command whose output and exit status are the result,
#
#	cell_run "$name" "$key" COMMAND...
#
# What fails is not kept by cell_run: the next run tries it again; nor is what passes and
# prints a line that matches $cell_unless.  A run that is ended in the midst of a cell leaves
# nothing of it.

cell_unless=
# cells DIR
cells() {
	cells=$1 cells_kept=0 cells_made=0
	case ${FRESH:-0} in 0|n|no) ;; *) rm -rf "${cells:?}"/* ;; esac
	mkdir -p "$cells" || die "cannot make $cells: set OUT"
}

# cell_key BASE|- [PATH|TEXT...]: a hash of all scripts, of what a guest is made from, of the
# compiler and the emulator of this machine, of the queue of BASE, of what it is made from
# and of the configurations, and of each PATH (below the project, or absolute; a folder
# with all in it), or else of TEXT
cell_key() {
	cell_base=$1
	shift
	if [ "$cell_base" != - ]; then
		"$top/scripts/queue" "$cell_base" >"$cells/key.$$" || die "no queue of $cell_base"
		for cell_one in $(chain_of "$cell_base"); do
			cell_files "patches/$cell_one"
		done >>"$cells/key.$$"
		cell_files configs >>"$cells/key.$$"
		# A tree of the user's is known by what the prepared tree was made from
		own_git -C "$out/$cell_base/linux" rev-parse -q --verify 'base^{tree}' \
			>>"$cells/key.$$" 2>/dev/null || :
	else
		: >"$cells/key.$$"
	fi
	{
		# Which of them a cell calls is soon out of date where it is listed
		cell_files scripts guest configs/arch
		${cc:-gcc} --version | head -n 1
		qemu-system-x86_64 --version 2>/dev/null | head -n 1
	} >>"$cells/key.$$"
	for cell_part; do
		case $cell_part in
		'') ;;
		/*) [ ! -e "$cell_part" ] || cell_files "$cell_part" ;;
		*) [ ! -e "$top/$cell_part" ] || cell_files "$cell_part" ;;
		esac >>"$cells/key.$$"
		printf 'text %s\n' "$cell_part" >>"$cells/key.$$"
	done
	sha256sum <"$cells/key.$$" | cut -d' ' -f1
	rm -f "$cells/key.$$"
}

# cell_tools ARCH...: the compilers and emulators of these architectures that are here
cell_tools() {
	for cell_arch; do
		(
			load_arch "$cell_arch"
			"${CROSS:-$cc}${CROSS:+gcc}" --version 2>/dev/null | head -n 1
			"${QEMU%% *}" --version 2>/dev/null | head -n 1
			for cell_abi in $ABIS; do
				cell_abi=${cell_abi#*:}
				"${cell_abi%%:*}" --version 2>/dev/null | head -n 1
			done
		)
	done | sort -u
	echo "CC=${CC:-}"
}

# cell_programs: the other programs without which something is left out, those that are here
cell_programs() {
	for cell_program in clang $(awk -F'\t' '!/^#/ && $3 ~ /^command [a-z]/ { sub(/^command /, "", $3); print $3 }' \
			"$top/scripts/lib/packages.tsv"); do
		cell_program=$(command -v "$cell_program") || continue
		stat -L -c '%n %s %Y' "$cell_program"
	done
	# Headers and C libraries
	# shellcheck disable=SC2046
	dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' $(awk -F'\t' '!/^#/ && NF { print $2 }' \
		"$top/scripts/lib/packages.tsv") 2>/dev/null || :
}

# cell_files PATH...: names and content
cell_files() {
	(cd "$top" && find -L "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum)
}

# cell_file NAME: where its result is; a name may hold anything
cell_file() {
	echo "$cells/$(printf '%s' "$1" | sha256sum | cut -c1-32)"
}

# cell_get NAME KEY: is there a result?  Then $cell is the file with it.
cell_get() {
	cell=$(cell_file "$1")
	[ -f "$cell.key" ] && [ -f "$cell" ] && [ "$(cat "$cell.key")" = "$2 $1" ] || return 1
	cells_kept=$((cells_kept + 1))
}

# cell_put NAME KEY FILE: keep what is in FILE
cell_put() {
	cell=$(cell_file "$1")
	rm -f "$cell.key"
	cp "$3" "$cell.new"
	mv "$cell.new" "$cell"
	# The key comes last: without one there is no result
	echo "$2 $1" >"$cell.new"
	mv "$cell.new" "$cell.key"
	cells_made=$((cells_made + 1))
}

# cell_run NAME KEY COMMAND...: its output, of now or of the run that passed, and its
# exit status
cell_run() {
	cell_name=$1 cell_hash=$2
	shift 2
	if cell_get "$cell_name" "$cell_hash"; then
		cat "$cell"
		return 0
	fi
	cell_status=$cells/status.$$
	rm -f "$cell_status"
	{ "$@" 2>&1; echo $? >"$cell_status"; } | tee "$cells/new.$$"
	# A command that was killed with its shell has left no status, and did not pass
	cell_result=$(cat "$cell_status" 2>/dev/null) || cell_result=
	cell_result=${cell_result:-1}
	if [ "$cell_result" != 0 ] ||
	   { [ -n "$cell_unless" ] && grep -q -e "$cell_unless" "$cells/new.$$"; }; then
		: "tried again the next time"
	else
		cell_put "$cell_name" "$cell_hash" "$cells/new.$$"
	fi
	rm -f "$cell_status" "$cells/new.$$"
	return "$cell_result"
}

# cells_sum: how much was new
cells_sum() { note "$cells_made cells run, $cells_kept kept from earlier runs (FRESH=1 forgets them)"; }
