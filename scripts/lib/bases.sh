# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # lib.sh sets what this uses, and uses what it sets
#
# bases.sh - what a base is, and of which patches and files its queue consists; sourced by
# lib.sh.
#
# patches/BASE/base has lines KEY=value, read by the shell.  With FROM=OTHER, on a line of
# its own, the base stands on another one: it has the values of that one but for those that it
# sets itself, and its patches but for the numbers of which it has one of its own and those
# that stand in patches/BASE/absent.  What else is there for a base (a configuration, a table of
# tests/expect, toolchain/) is that of OTHER, too, unless there is one for BASE.
#
# CONTROL_ENV is the environment of the selftests on the unpatched kernel, OWN_TESTS names tests
# of its own that scripts/kselftest runs as well, program:user.
#
# MLOCK2=yes is a kernel that has mlock2() before the queue is applied; SCOPE=fixes a queue of
# fixes alone, for a kernel that has all that the series brings.  With DEB_NEWER=yes a newer
# version of the package will do (scripts/lib/base).  PEER_SUITE and PEER_PACKAGE name what
# scripts/lib/mainline boots.
#
# FILES_OMIT names files and folders below files/ that are left out, FILES_MAP has FROM:TO for
# those that go to another place; of several that fit, the last one counts.

bases() { (cd "$top/patches" && for b in */base; do printf '%s ' "${b%/base}"; done); }

# check_base BASE: stop unless there is a queue for it, and for what it stands on
check_base() {
	[ -f "$top/patches/${1:-none}/base" ] ||
		die "no base '${1:-}': there are $(bases)"
	chain_of "$1" >/dev/null
}

# from_of BASE: the base that it stands on, if there is one
from_of() { sed -n 's/^FROM=//p' "$top/patches/$1/base"; }

# chain_of BASE: BASE, what that stands on, and so on
chain_of() {
	chain=$1 chain_at=$1
	while :; do
		chain_from=$(from_of "$chain_at")
		[ -n "$chain_from" ] || break
		[ -f "$top/patches/$chain_from/base" ] ||
			die "patches/$chain_at/base has FROM=$chain_from, and there is no such base: there are $(bases)"
		case " $chain " in
		*" $chain_from "*) die "patches/$chain_at/base has FROM=$chain_from, and so none of them has a beginning ($chain $chain_from): take one FROM= out" ;;
		esac
		chain="$chain $chain_from" chain_at=$chain_from
	done
	echo "$chain"
}

# read_base BASE: set what its base file, and those that it stands on, say.  source_base is
# the one whose source it has: more than one base can be made of a package.
read_base() {
	DEB_PACKAGE='' DEB_VERSION='' DEB_SUITE='' DEB_SHA256='' DEB_TARBALL='' DEB_NEWER=no
	GIT_URL='' GIT_TAG='' GIT_COMMIT=''
	VERSION='' PATCHLEVEL='' SUBLEVEL='' TAKE_OUT=no MLOCK2=no SAME_AS='' SCOPE=series
	PEER_SUITE='' PEER_PACKAGE=''
	FILES_OMIT='' FILES_MAP='' CONTROL_ENV='' OWN_TESTS='' KCFLAGS='' HOSTCFLAGS=''
	source_base=$1
	read_chain=$(chain_of "$1") || exit 1
	read_order=
	for read_one in $read_chain; do
		read_order="$read_one $read_order"
	done
	for read_one in $read_order; do
		! grep -q '^DEB_PACKAGE=.' "$top/patches/$read_one/base" || read_source=$read_one
		# FROM is also the name of a variable of the user's
		eval "$(sed '/^FROM=/d' "$top/patches/$read_one/base")"
	done
	[ -z "$DEB_PACKAGE" ] || source_base=$read_source
}

# whole_series BASE: succeeds if its queue is the series, and not fixes alone
whole_series() {
	whole_scope=$(read_base "$1" && echo "$SCOPE") || exit 1
	[ "$whole_scope" != fixes ]
}

# of_base BASE NAME: the first of patches/BASE/... and what BASE stands on that is there; NAME is
# a path below the project in which % is the base.  With none that of BASE.
of_base() {
	of_chain=$(chain_of "$1") || exit 1
	for of_one in $of_chain; do
		of_path=$top/${2%%%*}$of_one${2#*%}
		if [ -e "$of_path" ]; then
			echo "$of_path"
			return
		fi
	done
	echo "$top/${2%%%*}$1${2#*%}"
}

# version_of DIR: that of a kernel tree, "4.2"
version_of() {
	sed -n 's/^\(VERSION\|PATCHLEVEL\) *= *//p' "$1/Makefile" 2>/dev/null | paste -sd.
}
# sublevel_of DIR: the third number of it
sublevel_of() { sed -n 's/^SUBLEVEL *= *\([0-9]*\).*/\1/p' "$1/Makefile" 2>/dev/null; }

# queue_patches BASE [UPTO]: the files of its queue in their order, a line each, all of them or as
# far as UPTO
queue_patches() {
	if [ $# -eq 1 ]; then
		queue_all=$(queue_list "$1") || exit 1
	else
		queue_all=$(queue_upto "$1" "$2") || exit 1
	fi
	printf '%s\n' "$queue_all" | sed -n 's/^[0-9]*	//p'
}
# queue_list BASE: the same, "NNNN <tab> file".  A number that a base lacks has to be one of the
# queue that it stands on, and has to have a reason; one that stands on none may give the reason
# for a range, 01xx.
queue_list() {
	(
		list_from=$(from_of "$1")
		list_absent=$top/patches/$1/absent
		list_bad=$(sed '/^#/d;/^[0-9]\{4\}	./d;/^[0-9][0-9]xx	./d;q' "$list_absent" 2>/dev/null || :)
		[ -z "$list_bad" ] ||
			die "patches/$1/absent: \"$list_bad\" is not a number, a tab and a reason"
		list_range=$(sed -n 's/^\([0-9][0-9]xx\)	.*/\1/p' "$list_absent" 2>/dev/null | head -n 1)
		[ -z "$list_range" ] || [ -z "$list_from" ] ||
			die "patches/$1/absent: $list_range is a range, and of what is left out of $list_from each number has to stand there"
		list_given=
		if [ -n "$list_from" ]; then
			list_given=$(queue_list "$list_from") || exit 1
		fi
		{
			printf '%s\n' "$list_given" | sed -n 's/^./from\t&/p'
			sed -n 's/^\([0-9]\{4\}\)	.*/absent\t\1/p' "$list_absent" 2>/dev/null || :
			for list_patch in "$top/patches/$1"/[0-9]*.patch; do
				[ ! -e "$list_patch" ] && [ ! -L "$list_patch" ] || {
					list_name=${list_patch##*/}
					printf 'own\t%s\t%s\n' "${list_name%%-*}" "$list_patch"
				}
			done
		} | awk -F'\t' -v OFS='\t' -v base="$1" -v from="$list_from" -v me="$me" '
			function stop(why) { print me ": patches/" base "/" why > "/dev/stderr"; stopped = 1; exit 1 }
			$1 == "from" { path[$2] = $3; given[$2] = 1; next }
			$1 == "absent" {
				if (from == "") { absent[$2] = 1; next }
				if (!($2 in given))
					stop("absent: " from " has no patch " $2 " to leave out")
				absent[$2] = 1
				delete path[$2]
				next
			}
			$2 in absent { stop("absent: there is a patch " $2 " all the same, " $3) }
			$2 in own { stop("base: two patches have the number " $2) }
			{ path[$2] = $3; own[$2] = 1 }
			END {
				if (stopped)
					exit 1
				for (number in path)
					print number, path[number] | "LC_ALL=C sort"
			}'
	)
}

# queue_upto BASE UPTO: the same as queue_list, as far as UPTO, a range (01) or the number of a
# patch (0170); one of which the queue has none is no place to stop after
queue_upto() {
	upto_all=$(queue_list "$1") || exit 1
	case $2 in
	[0-9][0-9]|[0-9][0-9][0-9][0-9]) upto_here=$(printf '%s\n' "$upto_all" | grep "^$2" || :) ;;
	*) upto_here= ;;
	esac
	[ -n "$upto_here" ] ||
		die "$1 has no patch '$2' to stop after: give a range ($(ranges_of "$1")) or a number of scripts/queue --list $1"
	printf '%s\n' "$upto_all" | awk -F'\t' -v upto="$2" '(substr($1, 1, length(upto)) "") <= (upto "")'
}
# ranges_of BASE: those that its queue has patches of, "00 01 03"
ranges_of() { queue_list "$1" | cut -c1-2 | uniq | paste -sd' '; }

# files_of BASE: the new files of its series, "file below files/ <tab> path in the tree", in the
# order of the latter
files_of() {
	(
		read_base "$1"
		cd "$top/files" || exit 1
		for file_rule in $FILES_OMIT $FILES_MAP; do
			[ -e "${file_rule%%:*}" ] ||
				die "patches/$1/base: FILES_OMIT or FILES_MAP names ${file_rule%%:*}, and files/ has no such file"
		done
		for file_rule in $FILES_MAP; do
			case $file_rule in
			?*:?*) ;;
			*) die "patches/$1/base: FILES_MAP has $file_rule, which is not FROM:TO" ;;
			esac
		done
		files_list=$(find . -type f -printf '%P\n' | OMIT=$FILES_OMIT MAP=$FILES_MAP awk -v OFS='\t' -v base="$1" -v me="$me" '
			# under(FILE, WHAT): is it that file, or in that folder?
			function under(file, what) { return file == what || index(file, what "/") == 1 }
			BEGIN { omits = split(ENVIRON["OMIT"], out, " "); maps = split(ENVIRON["MAP"], rule, " ") }
			{
				for (i = 1; i <= omits; i++)
					if (under($0, out[i]))
						next
				to = $0
				for (i = 1; i <= maps; i++) {
					split(rule[i], part, ":")
					if (under($0, part[1]))
						to = part[2] substr($0, length(part[1]) + 1)
				}
				if (to in there) {
					print me ": patches/" base "/base: FILES_MAP puts two files at " to > "/dev/stderr"
					exit 1
				}
				there[to]
				print $0, to
			}') || exit 1
		printf '%s\n' "$files_list" | LC_ALL=C sort -t'	' -k2
	)
}

# given_patches BASE: of the base that BASE stands on, sums and names of the patches of its queue
given_patches() {
	given_from=$(from_of "$1")
	[ -n "$given_from" ] || return 0
	queue_patches "$given_from" | while IFS= read -r given_patch; do
		(cd "${given_patch%/*}" && sha256sum "${given_patch##*/}")
	done
}

# has_mlock2 DIR: "yes" if the kernel tree DIR has the system call, else "no"
has_mlock2() { if grep -q mlock2 "$1/mm/mlock.c" 2>/dev/null; then echo yes; else echo no; fi; }

# fitting_base VERSION SUBLEVEL MLOCK2 [BASE]...: "fits BASE" for the queue that is for such a
# kernel, "fits BASE BASE..." if that is not decided by the third number either, or "near BASE" for
# the one that comes nearest: the same MLOCK2 first, then the version
fitting_base() {
	fit_version=$1 fit_sublevel=$2 fit_mlock2=$3
	shift 3
	# shellcheck disable=SC2046  # they are several
	[ $# -gt 0 ] || set -- $(bases)
	for fit_one; do
		(
			read_base "$fit_one"
			printf '%s\t%s\t%s\t%s\n' "$fit_one" "$VERSION.$PATCHLEVEL" "${SUBLEVEL:-0}" "$MLOCK2"
		) || exit 1
	done | awk -F'\t' -v version="$fit_version" -v sublevel="${fit_sublevel:-0}" -v mlock2="$fit_mlock2" '
		function number(v,	part) { split(v, part, "."); return part[1] * 1000 + part[2] }
		function distance(a, b) { return a > b ? a - b : b - a }
		{
			far = ($4 != mlock2) * 1000000000 + distance(number($2), number(version)) * 1000 + distance($3, sublevel)
			if (best == "" || far < least) {
				best = $1
				least = far
				fits = $4 == mlock2 && $2 == version
			} else if (far == least && fits)
				best = best " " $1
		}
		END { print (fits ? "fits" : "near"), best }'
}

# twin_of BASE: the base whose kernel it makes by another queue, if there is one
twin_of() { (read_base "$1" && echo "$SAME_AS"); }

# no_twin BASE: stop if its kernel is that of another base, so that there is one name for a figure
no_twin() {
	twin=$(twin_of "$1") || exit 1
	[ -z "$twin" ] || die "the kernel of $1 is that of $twin (tests/static/same $1): measure BASE=$twin"
}

# control_of BASE NAME: the same as of_base, of what an unpatched kernel does: not that of a base
# whose kernel has another form of mlock2(), or none
control_of() {
	control_path=$(of_base "$1" "$2") || exit 1
	control_base=${control_path#"$top/${2%%%*}"}
	control_base=${control_base%"${2#*%}"}
	[ "$(read_base "$control_base" && echo "$MLOCK2")" = "$(read_base "$1" && echo "$MLOCK2")" ] ||
		control_path=$top/${2%%%*}$1${2#*%}
	echo "$control_path"
}

# rows_of TABLE: those of a table of tests/expect.  One that differs from another in a few rows
# begins with FROM, a tab and the name of that, and has these rows alone.
rows_of() {
	rows_from=$(sed -n 's/^FROM	//p' "$1")
	[ -z "$rows_from" ] || [ -f "${1%/*}/$rows_from" ] || die "$1 has FROM $rows_from: no such table"
	{
		[ -z "$rows_from" ] || rows_of "${1%/*}/$rows_from"
		sed '/^FROM	/d' "$1"
	} | awk -F'\t' '/^#/ || NF == 0 { next }
		!(($1, $2) in at) { at[$1, $2] = ++n }
		{ row[at[$1, $2]] = $0 }
		END { for (i = 1; i <= n; i++) print row[i] }'
}
