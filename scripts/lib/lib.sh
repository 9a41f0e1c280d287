# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034  # the scripts that source this use them
#
# lib.sh - what the scripts share; sourced, not run.
#
# Sets: top (the project), out (OUT or top/out), cache (LOF_CACHE or
# ~/.cache/lock-on-fault).  Every script that sources it prints its header
# comment for --help.

# The scripts that source this lie at several depths.  With CDPATH, cd prints where
# it goes, and may go elsewhere.
unset CDPATH
# "make test V=1 CC=..." means ours, not the make of the kernel that runs below it
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
# Nor is what a kernel of the user's is built with, or where: his KCONFIG_CONFIG would be overwritten
# shellcheck disable=SC2046  # they are several
unset O SUBDIRS LLVM LLVM_IAS LOCALVERSION KAFLAGS KCPPFLAGS \
	$(export -p | sed -n 's/^export \(K\(CONFIG\|BUILD\)_[A-Za-z0-9_]*\)=.*/\1/p')
top=$(cd "$(dirname "$0")" && pwd)
while [ -n "$top" ] && [ ! -f "$top/scripts/lib/lib.sh" ]; do
	top=${top%/*}
done
[ -n "$top" ] || { echo "${0##*/}: no scripts/lib above $0: call it by its real path" >&2; exit 1; }
me=${0##*/}

# absolute PATH: the same from every directory, with ~ for those shells that leave it
absolute() {
	case $1 in
	/*) echo "$1" ;;
	\~) echo "${HOME:-/root}" ;;
	\~/*) echo "${HOME:-/root}/${1#*/}" ;;
	*) echo "$PWD/${1#./}" ;;
	esac
}
out=$(absolute "${OUT:-$top/out}")
cache=$(absolute "${LOF_CACHE:-${HOME:-/tmp}/.cache/lock-on-fault}")
if [ -n "${LINUX:-}" ]; then
	# One tree has one name, whichever way it was given
	LINUX=$(absolute "$LINUX")
	LINUX=$(cd "$LINUX" 2>/dev/null && pwd -P || echo "$LINUX")
	export LINUX
fi

die() { echo "$me: $*" >&2; exit 1; }
note() { echo "$me: $*" >&2; }

# The comment after the licence line, up to the first line that is none
usage() {
	sed -n '3,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p}' "$0"
}

case ${1:-} in
-h|--help)
	usage
	exit 0 ;;
esac

# What picks another kernel or test than those that a script means, ends one early, or makes
# it another one
picks="TEST PROGRAMS KERNEL COUNT_KERNEL SHARED FROM QUICK AS_IS LOF_IMAGE LOF_RUNS LOF_TEST_SECONDS LOF_BOOT_SECONDS"
# no_picks [NAME...]: unset all of them but NAME, for a script that judges by what it means
no_picks() {
	for pick in $picks; do
		case " $* " in *" $pick "*) ;; *) unset "$pick" ;; esac
	done
}

# need TOOL PACKAGE: stop if a command is missing, and say what has it
need() {
	command -v "$1" >/dev/null 2>&1 ||
		die "needs $1: apt-get install $2 (or: make deps)"
}

# This machine's compiler; CC may hold options, too
cc=${CC:-gcc}

# compiler_package COMPILER: the package of Debian that has it
compiler_package() {
	compiler=${1%% *}
	compiler=${compiler##*/}
	case $compiler in
	*-gcc) echo "gcc-${compiler%-gcc}" | tr _ - ;;
	cc) echo gcc ;;
	*) echo "$compiler" ;;
	esac
}

# need_compiler: the one of the architecture that load_arch read
need_compiler() {
	compiler=${CROSS:+${CROSS}gcc}
	need "${compiler:-${cc%% *}}" "$(compiler_package "${compiler:-$cc}")"
}

# git with an identity of ours, and nothing of the user's configuration
own_git() {
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 \
	GIT_COMMITTER_NAME="Lock-on-Fault Developers" \
	GIT_COMMITTER_EMAIL=lock-on-fault@example.org \
	GIT_AUTHOR_NAME="Lock-on-Fault Developers" \
	GIT_AUTHOR_EMAIL=lock-on-fault@example.org \
	${git_session:-} git -c commit.gpgsign=false -c core.hooksPath=/dev/null \
		-c core.autocrlf=false -c core.excludesFile=/dev/null \
		-c core.attributesFile=/dev/null -c core.fsmonitor=false -c diff.noprefix=false \
		-c diff.mnemonicPrefix=false -c gc.auto=0 -c core.abbrev=12 \
		-c am.threeWay=false "$@"
}

# A kernel cannot be built where a name has a blank or a colon: then out/ is a link to
# a folder in the cache, which make_out makes
out_link=
case ${OUT:+set}$out in
/*[[:space:]:]*)
	out_link=$out
	out=$cache/out-$(printf '%s' "$out" | cksum | cut -d' ' -f1) ;;
esac

# shellcheck source=scripts/lib/git.sh
. "$top/scripts/lib/git.sh"

# shellcheck source=scripts/lib/bases.sh
. "$top/scripts/lib/bases.sh"

arches() {
	for a in "$top"/configs/arch/*.sh; do
		a=${a##*/}
		printf '%s ' "${a%.sh}"
	done
}

# load_arch ARCH: read configs/arch/ARCH.sh
load_arch() {
	[ -f "$top/configs/arch/${1:-none}.sh" ] ||
		die "no architecture '${1:-}': there are $(arches)"
	# shellcheck disable=SC1090
	. "$top/configs/arch/$1.sh"
}

# lock_tree BASE shared|exclusive|refresh: keep those who build from out/BASE/linux, and
# scripts/tree, which makes it anew, out of each other's way until the script ends.
# Waits, and says so.  The lock goes with the process, however it ends; make's
# jobs, too, hold it.
lock_tree() {
	need flock util-linux
	make_out "$out/$1"
	exec 9>"$out/$1/.lock"
	lock_kind=--shared
	[ "$2" != exclusive ] || lock_kind=--exclusive
	flock -n $lock_kind 9 || {
		note "waiting for another run that uses $out/$1/linux"
		flock $lock_kind 9
	}
	# scripts/tree writes its key last
	[ "$2" != shared ] || [ ! -d "$out/$1/linux" ] || [ -f "$out/$1/linux/.git/lof-key" ] ||
		die "$out/$1/linux is not whole, scripts/tree failed or was ended: make tree BASE=$1"
}

# lock_build DIR: nobody else builds in DIR until the script ends
lock_build() {
	need flock util-linux
	mkdir -p "$1"
	exec 6>"$1/.lock"
	flock -n 6 || {
		note "waiting for another run that builds in $1"
		flock 6
	}
}

# planted_diff NAME: print the path of that file of torture/blind, or else of torture/planted
planted_diff() {
	if [ -f "$top/torture/blind/$1" ]; then echo "$top/torture/blind/$1"
	else echo "$top/torture/planted/$1"; fi
}

# lock_folder DIR: nobody else who calls this leaves anything in DIR until the script ends.
# Whoever writes a console, a result or a table below out/ does; a script has one such
# folder at a time.
folder_locked=
lock_folder() {
	[ "$folder_locked" != "$1" ] || return 0
	need flock util-linux
	make_out "$1"
	exec 5<"$1"
	flock -n 5 || {
		note "waiting for another run that writes to $1"
		flock 5
	}
	folder_locked=$1
}

# make_out DIR: make the directory, OUT first.  If there was none, it is ours, and
# scripts/clean may remove it.
make_out() {
	case $out in
	*[[:space:]:]*) die "a kernel cannot be built in $out: the name has a blank or a colon; set OUT" ;;
	esac
	if [ ! -e "$out" ]; then
		mkdir -p "$out" || die "cannot make $out: set OUT"
		echo "made by lock-on-fault; make clean removes this directory" >"$out/.lock-on-fault"
	fi
	mkdir -p "$1"
	[ -z "$out_link" ] || [ -e "$out_link" ] || ln -sfn "$out" "$out_link"
}

# edited_series DIR: print what is the user's in the mails that scripts/series has made,
# if anything is: the mailbox beside them is their copy, and its sum is kept
edited_series() {
	edited_sum=${1%/*}/.${1##*/}.sum
	if [ -e "$1.mbox" ]; then
		# An older scripts/series kept none
		if [ -f "$edited_sum" ] || [ ! -d "$1" ]; then
			[ "$(sha256sum <"$1.mbox")" = "$(cat "$edited_sum" 2>/dev/null)" ] || {
				echo "a mailbox $1.mbox that is not as it was made"
				return
			}
		fi
	fi
	[ -d "$1" ] || return 0
	edited=$(find "$1" -mindepth 1 ! -name '*.patch' | head -n 1)
	if [ -n "$edited" ]; then
		echo "a file of yours (${edited##*/})"
	elif ! cat "$1"/*.patch 2>/dev/null | cmp -s - "$1.mbox"; then
		echo "mails that are not those of $1.mbox, edited ones"
	fi
}

# edited_config DIR: succeeds if the configuration of the kernel in DIR is not as scripts/kernel
# has left it, which keeps its sum
edited_config() {
	[ -f "$1/build/.config" ] && [ -f "$1/config.made" ] &&
		[ "$(sha256sum <"$1/build/.config")" != "$(cat "$1/config.made")" ]
}

# kmake TREE BUILD ARG...: make a kernel, with the flags of patches/BASE/base and
# configs/arch/ARCH.sh, which were read before.  Everybody who builds has to call it:
# v4.2 builds all anew when the flags are others than the last time.
#
# With LOF_CCACHE=1 through ccache: its compilers come first in the path, which does
# not change the commands, and what lies below the folder of BASE goes by its relative
# path, so that another clone finds the same objects.  Not without being asked: to
# fill the cache makes a build half as long again.
kmake() {
	kmake_tree=$1 kmake_build=$2 kmake_path=$PATH
	shift 2
	if [ -n "${LOF_CCACHE:-}" ]; then
		need ccache ccache
		kmake_path=/usr/lib/ccache:$PATH
	fi
	# CC= is for this machine; another architecture's compiler has a name of its own
	if [ -n "${CC:-}" ]; then
		set -- HOSTCC="$CC" "$@"
		[ -n "$CROSS" ] || set -- CC="$CC" "$@"
	fi
	env -u CC PATH="$kmake_path" CCACHE_DIR="$cache/ccache" CCACHE_NOHASHDIR=1 \
	CCACHE_BASEDIR="$(cd "$kmake_tree/.." && pwd)" CCACHE_MAXSIZE=4G CCACHE_NOSTATS=1 \
	make -C "$kmake_tree" O="$kmake_build" ARCH="$KARCH" CROSS_COMPILE="$CROSS" \
		KCFLAGS="$KCFLAGS${ARCH_KCFLAGS:+ $ARCH_KCFLAGS}" HOSTCFLAGS="$HOSTCFLAGS" \
		KBUILD_BUILD_TIMESTAMP=0 KBUILD_BUILD_USER=lof \
		KBUILD_BUILD_HOST=lof "$@"
}

# watched LOG WHAT COMMAND...: run it with its output in LOG, and say meanwhile what it
# does, how far it is (what the function named by HOW_FAR prints) and for how long
watched() {
	log=$1 watched_what=$2
	shift 2
	progress_begin
	expect_job
	"$@" >"$log" 2>&1 &
	job=$!
	watched_times=0
	while kill -0 "$job" 2>/dev/null; do
		# What takes no time is not to take a second
		watched_times=$((watched_times + 1))
		if [ $watched_times -le 10 ]; then sleep 0.1; else sleep 1; fi
		progress "$watched_what" ${HOW_FAR:-}
	done
	status=0
	wait "$job" || status=$?
	job='' job_expected=''
	progress_end
	return "$status"
}

# run_logged LOG WHAT COMMAND...: the same; if it fails, show the last lines of LOG and stop
run_logged() {
	if watched "$@"; then
		note "$watched_what: $(($(date +%s) - progress_start)) s"
		return
	fi
	! grep -q 'No space left on device' "$log" ||
		die "$watched_what failed, a disk is full: free some, or set OUT= (now $out) or TMPDIR= (now ${TMPDIR:-/tmp}); all of it is in $log"
	tail -n 15 "$log" >&2
	die "$watched_what failed; all of it is in $log"
}

# copy_libs ROOT FILE...: the shared libraries that they need, at the same path
copy_libs() {
	libs_root=$1
	shift
	for lib in $(ldd "$@" | sed -n 's/^[[:space:]]\(.* => \)\{0,1\}\(\/[^ ]*\) .*/\2/p' | sort -u); do
		mkdir -p "$libs_root${lib%/*}"
		cp -L "$lib" "$libs_root$lib"
	done
}

# shellcheck source=scripts/lib/setup.sh
. "$top/scripts/lib/setup.sh"

# last_sum FILE: its last line "N passed, N failed, N skipped" is $p, $f and $s; false if
# there is none
last_sum() {
	sum=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$1" | tail -n 1)
	[ -n "$sum" ] || return 1
	p=${sum%% passed*}
	f=${sum#*passed, }
	f=${f%% failed*}
	s=${sum#*failed, }
	# shellcheck disable=SC2034  # the scripts that source this use it
	s=${s%% skipped*}
}
