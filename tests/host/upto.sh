# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154  # tests/host/run sets top and tmp, toy.sh the toy
#
# upto.sh - tests of the series as far as a range or a number: scripts/queue --upto,
# scripts/apply with UPTO=, tests/static/prefixes; tests/host/run reads it

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

# Does git am take it, as far as each range?  By a toy with a file that has line ends of its own
cp -R "$top/tests" "$toy/tests"
upto_out=$toy/out/v4.2-rc1/linux
git -C "$upto_linux" reset -q --hard "$upto_old"
seq 1 60 | sed "s/\$/$(printf '\r')/" >"$upto_linux/mm/cr.c"
git -C "$upto_linux" add -A
git -C "$upto_linux" commit -qm "a file with CR"
prefixes() { LOF_CACHE=$toys/upto-cache "$toy/tests/static/prefixes" v4.2-rc1; }
upto_tree() { LOF_CACHE=$toys/upto-cache LINUX=$upto_linux "$toy/scripts/tree" v4.2-rc1; }
check "prefixes: without a tree it says so" fails 'no tree .*: make tree BASE=v4.2-rc1' prefixes
upto_tree >"$toys/upto-is" 2>&1 || :
upto_before=$(git -C "$upto_out" for-each-ref; git -C "$upto_out" count-objects; ls -A "$upto_out/.git")
check "prefixes: a queue that is right" prefixes
upto_claims() { prefixes | grep -x "$1"; }
check "prefixes: each range of it" upto_claims 'ok 3 - v4.2-rc1: git am as far as 01xx, 4 mails, gives the tree of the series there'
check "prefixes: the tree is as it was, and no work tree of it was made" sh -c "
	[ '$upto_before' = \"\$(git -C '$upto_out' for-each-ref; git -C '$upto_out' count-objects; ls -A '$upto_out/.git')\" ] &&
	[ -z \"\$(git -C '$upto_out' status --porcelain)\" ]"
# upto_queue_by FILTER: what scripts/queue --upto 00 prints goes through this
mv "$toy/scripts/queue" "$toy/scripts/queue-real"
upto_queue_by() {
	cat >"$toy/scripts/queue" <<-EOF2
		#!/bin/sh
		case "\$*" in
		*--upto\ 00*) "$toy/scripts/queue-real" "\$@" | { $1; } ;;
		*) exec "$toy/scripts/queue-real" "\$@" ;;
		esac
	EOF2
	chmod +x "$toy/scripts/queue"
}
upto_queue_by "cat >/dev/null; '$toy/scripts/queue-real' --upto 0001 v4.2-rc1"
check "prefixes: a range that lacks its last mail" fails 'it has 2 mails, and 3 belong to it' prefixes
upto_queue_by "sed 's/^+1 of patch 1\$/+1 of patch 11/'"
check "prefixes: one with another byte in the midst" fails 'it is not the beginning of the whole mailbox' prefixes
check "prefixes: its mail is named" grep -qx '# its mail 0002 is another one than that of the whole' "$tmp/out"
check "prefixes: of that range alone" sh -c "[ \"\$(grep -c '^not ok' '$tmp/out')\" -eq 1 ] && grep -q '^not ok 2 .* 00xx' '$tmp/out'"
mv "$toy/scripts/queue-real" "$toy/scripts/queue"
# Another tree than git am gives: the last commit of the branch is not that of the patch
echo mine >>"$upto_out/mm/file-2.c"
git -C "$upto_out" commit -qa --amend --no-edit
check "prefixes: a commit that is not what its mail makes" \
	fails 'mail 4, "mm: toy: change line 40", gives another tree' prefixes
check "prefixes: the ranges before it are right" sh -c "
	grep -q '^ok 2 .* 00xx' '$tmp/out' && grep -q '^not ok 3 .* 01xx' '$tmp/out' && grep -q '^not ok 1 ' '$tmp/out'"
git -C "$upto_out" reset -q --hard "$(cat "$upto_out/.git/lof-head")"
# scripts/tree keeps a CR of a mail, and git am, as we say to call it, does not
cp -R "$upto_linux" "$toys/upto-cr"
sed -i "5s/^/five /" "$toys/upto-cr/mm/cr.c"
git -C "$toys/upto-cr" commit -qam "mm: toy: change line 30"
git -C "$toys/upto-cr" format-patch -q --no-signature --zero-commit --no-stat -N -o "$upto_queue" --start-number 230 -1
check "prefixes: a tree that is not of this queue is named" fails 'is not what the queue says now: make tree' prefixes
check "tree: takes a patch with CR" upto_tree
check "prefixes: which git am does not take" fails 'git am stops at mail 5, "mm: toy: change line 30": error: patch failed: mm/cr.c' prefixes
check "prefixes: as far as the ranges before it does" sh -c "
	grep -q '^ok 3 .* 01xx' '$tmp/out' && grep -q '^not ok 4 .* 02xx' '$tmp/out'"

rm -rf "$upto_queue"/0230-* "$toy/tests" "$toy/out" "$toys/upto-cr" "$upto_linux"
mv "$upto_third" "$upto_queue/0040-mm-toy-change-line-40.patch"
