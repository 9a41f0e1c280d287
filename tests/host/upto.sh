# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154  # tests/host/run sets top and tmp, toy.sh the toy
#
# upto.sh - tests of the series as far as a range or a number: scripts/queue --upto,
# scripts/apply with UPTO=; tests/host/run reads it

# The toy's third patch is in a range of its own
upto_queue=$toy/patches/v4.2-rc1 upto_linux=$toys/upto-linux
mv "$upto_queue/0040-mm-toy-change-line-40.patch" "$upto_queue/0140-mm-toy-change-line-40.patch"
upto_first=$upto_queue/0001-mm-toy-change-line-1.patch
upto_second=$upto_queue/0020-mm-toy-change-line-20.patch
upto_third=$upto_queue/0140-mm-toy-change-line-40.patch
# upto_list NAME... -- ARG...: the queue that ARG... prints as a list is these files
upto_list() {
	: >"$toys/upto-want"
	while [ "$1" != -- ]; do
		echo "$1" >>"$toys/upto-want"
		shift
	done
	shift
	"$toy/scripts/queue" "$@" >"$toys/upto-is" && diff "$toys/upto-want" "$toys/upto-is"
}
# upto_box N ARG...: it prints the first N mails of the whole mailbox, byte by byte
upto_box() {
	upto_n=$1
	shift
	"$toy/scripts/queue" v4.2-rc1 >"$toys/upto-all" && "$toy/scripts/queue" "$@" >"$toys/upto-is" || return 1
	rm -rf "$toys/upto-mails"
	mkdir "$toys/upto-mails"
	[ "$(git mailsplit -o"$toys/upto-mails" "$toys/upto-is")" -eq "$upto_n" ] || { echo "other mails"; return 1; }
	head -c "$(wc -c <"$toys/upto-is")" "$toys/upto-all" | cmp - "$toys/upto-is"
}
# upto_fails TEXT COMMAND...: it says TEXT in one line, prints nothing, and ends with 1
upto_fails() {
	upto_text=$1
	shift
	upto_status=0
	"$@" >"$toys/upto-is" 2>"$toys/upto-err" || upto_status=$?
	[ $upto_status -eq 1 ] && [ ! -s "$toys/upto-is" ] && [ "$(grep -c '' "$toys/upto-err")" -eq 1 ] &&
		grep -q -e "$upto_text" "$toys/upto-err" ||
		{ echo "status $upto_status"; cat "$toys/upto-err" "$toys/upto-is"; return 1; }
}
check "queue: --upto a range has the patches as far as it goes" upto_list "$upto_first" "$upto_second" -- --list --upto 00 v4.2-rc1
check "queue: --upto the last range has all of them" upto_list "$upto_first" "$upto_second" "$upto_third" -- --list --upto 01 v4.2-rc1
check "queue: --upto a number has that one, too" upto_list "$upto_first" -- --list --upto 0001 v4.2-rc1
check "queue: the options come in any order" upto_list "$upto_first" "$upto_second" -- v4.2-rc1 --upto 0020 --list
check "queue: --upto a range is the beginning of the mailbox" upto_box 3 v4.2-rc1 --upto 00
check "queue: so is --upto a number" upto_box 2 --upto 0001 v4.2-rc1
check "queue: --upto the last range is all of it" sh -c "
	'$toy/scripts/queue' --upto 01 v4.2-rc1 | cmp - '$toys/upto-all'"
for bad in 02 1 00xx 0019 0002 001 '' --list '0[01]' 0001.; do
	check "queue: --upto '$bad' is refused, with what there is" \
		upto_fails "v4.2-rc1 has no patch '.*' to stop after.*(00 01)" "$toy/scripts/queue" v4.2-rc1 --upto "$bad"
done
check "queue: --upto without a word after it" upto_fails 'usage: ' "$toy/scripts/queue" v4.2-rc1 --upto
check "queue: an option that there is not" upto_fails 'usage: ' "$toy/scripts/queue" v4.2-rc1 --up 01
check "queue: a second base" upto_fails 'usage: ' "$toy/scripts/queue" v4.2-rc1 v4.2-rc1
# A base that stands on another one
mkdir "$toy/patches/upto"
printf 'FROM=v4.2-rc1\n' >"$toy/patches/upto/base"
printf '0001\tit has it\n' >"$toy/patches/upto/absent"
cp "$upto_second" "$toy/patches/upto/0130-own.patch"
check "queue: --upto with FROM= takes what that base has" upto_list "$upto_second" -- --list upto --upto 00
check "queue: and its own" upto_list "$upto_second" "$toy/patches/upto/0130-own.patch" -- upto --upto 0130 --list
check "queue: a number that is absent there is not to stop after" \
	upto_fails "upto has no patch '0001' to stop after" "$toy/scripts/queue" --upto 0001 upto
rm -r "$toy/patches/upto"

# apply
cp -R "$toy_linux" "$upto_linux"
upto_old=$(git -C "$upto_linux" rev-parse HEAD)
upto_apply() { UPTO=$1 LINUX=$upto_linux "$toy/scripts/apply" "${2:-v4.2-rc1}"; }
# upto_subjects: what the tree has, newest first; it is clean
upto_subjects() {
	[ -z "$(git -C "$upto_linux" status --porcelain --ignored)" ] && [ ! -e "$upto_linux/.git/lof-apply" ] || { echo dirty; return 1; }
	git -C "$upto_linux" log --format=%s "$upto_old.." | sed 's/.* line //; s/.* add the files .*/files/' | paste -sd' '
}
upto_has() { [ "$(upto_subjects)" = "$1" ] || { upto_subjects; return 1; }; }
check "apply: UPTO= of a range that there is not is refused" \
	fails "v4.2-rc1 has no patch '07' to stop after: give a range (00 01)" upto_apply 07
check "apply: in one line" sh -c "[ \"\$(grep -c '' '$tmp/err')\" -eq 1 ]"
check "apply: and nothing was changed" upto_has ''
check "apply: UPTO=00 is applied, and how far is said" sh -c "
	UPTO=00 LINUX='$upto_linux' '$toy/scripts/apply' v4.2-rc1 2>'$toys/upto-err' && cat '$toys/upto-err' &&
	grep -q 'making 3 commits on top of .*, up to 00xx of v4.2-rc1\$' '$toys/upto-err' &&
	grep -q ': 3 commits on top of [0-9a-f]*, up to 00xx of v4.2-rc1\$' '$toys/upto-err'"
check "apply: as far as that" upto_has '20 1 files'
check "apply: the rest does not go on top of it" fails 'has the series already, or the beginning of it' upto_apply ''
git -C "$upto_linux" reset -q --hard "$upto_old"
check "apply: UPTO= takes a number, and BASE=auto" upto_apply 0001 auto
check "apply: as far as that one" upto_has '1 files'
git -C "$upto_linux" reset -q --hard "$upto_old"
check "apply: without UPTO= it is all" upto_apply ''
check "apply: as before" upto_has '40 20 1 files'
git -C "$upto_linux" reset -q --hard "$upto_old"
# A run that was ended in its last step is finished by the next one, which says how far it was to go
mkdir "$toys/upto-cut"
cat >"$toys/upto-cut/git" <<-EOF2
	#!/bin/sh
	for arg; do
		if [ "\$arg" = update-ref ] && [ -e "$upto_linux/.git/lof-apply/step" ]; then
			kill -KILL \$(sed 's/^.*) //' /proc/\$PPID/stat | cut -d' ' -f2) \$PPID
			exit 1
		fi
	done
	exec $(command -v git) "\$@"
EOF2
chmod +x "$toys/upto-cut/git"
(PATH=$toys/upto-cut:$PATH; upto_apply 00) >"$toys/upto-is" 2>&1 || :
check "apply: is ended in its last step" test -f "$upto_linux/.git/lof-apply/step"
check "apply: the next run says how far the one went that it finishes" sh -c "
	LINUX='$upto_linux' '$toy/scripts/apply' v4.2-rc1 2>'$toys/upto-err'; cat '$toys/upto-err'
	grep -q 'finishing' '$toys/upto-err' && grep -q ': 3 commits on top of .*, up to 00xx\$' '$toys/upto-err'"
check "apply: and goes no further" upto_has '20 1 files'
git -C "$upto_linux" reset -q --hard "$upto_old"
printf 'VERSION = 4\nPATCHLEVEL = 4\n' >"$upto_linux/Makefile"
git -C "$upto_linux" commit -qam "a kernel of 4.4"
sed -i '39,41s/^/other /' "$upto_linux/mm/file-5.c"
git -C "$upto_linux" commit -qam "with another line 40"
check "apply: where no queue is for the tree, the nearest one is tried as far as UPTO=" \
	fails 'that of v4.2-rc1, up to 00xx, of which every patch fits' upto_apply 00 auto
check "apply: without it, all of it" fails 'that of v4.2-rc1: 1 of its 3 patches do not fit' upto_apply '' auto

mv "$upto_third" "$upto_queue/0040-mm-toy-change-line-40.patch"
rm -rf "$upto_linux"
