# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154,SC2120  # tests/host/run sets top and tmp, toy.sh the toy
#
# tree.sh - tests of scripts/tree, refresh, queue, clean; tests/host/run reads it

toy_out=$toy/out/v4.2-rc1/linux toy_queue=$toy/patches/v4.2-rc1
export LOF_CACHE="$toys/toy-cache"
tree() { LINUX=$toy_linux "$toy/scripts/tree" v4.2-rc1 "$@"; }
refresh() { "$toy/scripts/refresh" v4.2-rc1; }
says() { text=$1; shift; "$@" >"$tmp/out" 2>&1 && grep -q "$text" "$tmp/out" || { cat "$tmp/out"; return 1; }; }
# sum_of DIR: of the names and contents of the files in it
sum_of() { (cd "$1" && find . -name .git -prune -o -type f -print | LC_ALL=C sort | xargs sha256sum | sha256sum); }
# keeps DIR COMMAND...: the command fails, and DIR is as it was
keeps() {
	keeps_dir=$1 keeps_sum=$(sum_of "$1")
	shift
	"$@" || return 1
	[ "$keeps_sum" = "$(sum_of "$keeps_dir")" ] || { echo "$keeps_dir changed"; return 1; }
}
is_whole() {
	[ "$(git -C "$toy_out" rev-parse 'HEAD^{tree}')" = "${1:-$toy_tree}" ] &&
		[ -z "$(git -C "$toy_out" status --porcelain)" ] &&
		[ "$(git -C "$toy_out" symbolic-ref HEAD)" = refs/heads/series ] &&
		[ "$(git -C "$toy/out/v4.2-rc1/control" rev-parse HEAD)" = "$(git -C "$toy_out" rev-parse control)" ]
}

# What is copied, and when it is new
printf 'CONFIG_X=y\n' >"$toy_linux/.config"
echo object >"$toy_linux/mm/mlock.o"
check "tree: the toy is made" tree
check "tree: whole" is_whole
check "tree: without what a build has left in LINUX" test ! -e "$toy_out/.config" -a ! -e "$toy_out/mm/mlock.o"
check "tree: is up to date then" says 'up to date' tree
check "tree: a relative LINUX is the same tree" sh -c "
	cd '$toys' && LINUX=toy-linux '$toy/scripts/tree' v4.2-rc1 2>&1 | grep 'up to date'"
check "tree: a LINUX that does not exist is refused" fails 'is no directory' \
	env LINUX="$toys/none" "$toy/scripts/tree" v4.2-rc1
check "tree: what was made is still there" is_whole
sed -i 's/^60$/sixty/' "$toy_linux/mm/file-8.c"
check "tree: an edit that is not committed is refused" fails 'uncommitted' tree
git -C "$toy_linux" commit -qam "a later edit"
check "tree: a later commit of LINUX is noticed" tree
check "tree: it is in the tree" grep -qx sixty "$toy_out/mm/file-8.c"
git -C "$toy_linux" reset -q --hard "$old"
check "tree: and taken back" tree
check "tree: whole again" is_whole
mkdir "$toys/plain"
(cd "$toy_linux" && tar -cf - --exclude=./.git .) | tar -xf - -C "$toys/plain"
plain() { LINUX=$toys/plain "$toy/scripts/tree" v4.2-rc1; }
check "tree: of a folder without git, the same" says 'up to date' plain
sed -i 's/^60$/sixty/' "$toys/plain/mm/file-8.c"
check "tree: a later edit in the folder is noticed" plain
git init -q "$toys/plain/drivers"
echo mine >"$toys/plain/drivers/mine.c"
git -C "$toys/plain/drivers" add mine.c
git -C "$toys/plain/drivers" commit -qm mine
check "tree: a repository in the folder, which git would leave empty, is named" \
	fails 'plain/drivers is a repository of its own' plain
rm -rf "$toys/plain/drivers"
check "tree: the edit is in the tree" grep -qx sixty "$toy_out/mm/file-8.c"
check "tree: what a build has left in the folder is not" test ! -e "$toy_out/.config" -a ! -e "$toy_out/mm/mlock.o"
tree >/dev/null 2>&1
mkdir -p "$toy/patches/toy-deb" "$LOF_CACHE/bases/toy-deb"
echo 'DEB_PACKAGE=none VERSION=4 PATCHLEVEL=2' >"$toy/patches/toy-deb/base"
cp -R "$toys/plain" "$LOF_CACHE/bases/toy-deb/linux"
"$toy/scripts/tree" toy-deb >/dev/null 2>&1
check "tree: LINUX is nothing to a base that comes from a package" \
	says 'up to date' env LINUX="$toy_linux" "$toy/scripts/tree" toy-deb
check "tree: of which all files are taken" test -e "$toy/out/toy-deb/linux/mm/mlock.o"
check "tree: GIT_DIR of a hook is not followed" env GIT_DIR="$toys/hooked/.git" \
	GIT_INDEX_FILE="$toys/hooked/.git/index" GIT_WORK_TREE="$toys/hooked" \
	OUT="$toys/hook-out" "$toy/scripts/tree" toy-deb
check "tree: the hook's repository is as it was" sh -c "
	[ '$hooked' = \"\$(git -C '$toys/hooked' rev-parse HEAD)\" ] &&
	[ -z \"\$(git -C '$toys/hooked' tag)\" ] && [ -z \"\$(git -C '$toys/hooked' status --porcelain)\" ]"
rm -rf "$toy_out"
check "tree: a tree that was removed is made anew" tree
check "tree: with its control work tree" is_whole
rm -rf "$toy/out/v4.2-rc1/control"
check "tree: a control work tree that was removed is made anew" tree
check "tree: and is where it has to be" is_whole
mv "$toy_out/.git/HEAD" "$toys/HEAD"
git -C "$toy" init -q && git -C "$toy" commit -q --allow-empty -m "the project"
check "tree: a damaged tree is an error" fails . tree
check "tree: and the repository around it is as it was" sh -c "
	[ \"\$(git -C '$toy' log --format=%s)\" = 'the project' ] && [ -z \"\$(git -C '$toy' tag)\" ]"
rm -rf "$toy/.git"
mv "$toys/HEAD" "$toy_out/.git/HEAD"

# refresh, and what is the user's
check "refresh: writes back what was read" keeps "$toy_queue" refresh
check "refresh: after that the tree is up to date" says 'up to date' tree
toy_commit "$toy_out" 50
check "refresh: a subject without a number is named" fails 'NNNN<TAB>mm: toy: change line 50' keeps "$toy_queue" refresh
check "tree: refuses to go over a commit of the user's" fails 'commits of yours' tree
git -C "$toy_out" checkout -q --detach HEAD~1
check "tree: refuses also if another commit is checked out" fails 'commits of yours' tree
check "refresh: refuses off the branch series" fails 'not on the branch series' refresh
git -C "$toy_out" checkout -q series
printf '0050\tmm: toy: change line 50\n' >>"$toy/patches/numbers.tsv"
mkdir "$toy_out/.git/rebase-merge"
check "refresh: refuses in the midst of a rebase" fails 'midst of a rebase' refresh
check "tree: so does tree" fails 'rebase that is not finished' tree
rmdir "$toy_out/.git/rebase-merge"
mkdir "$toy_out/.git/rebase-apply"
check "refresh: and of git am" fails 'midst of a rebase or am' refresh
rmdir "$toy_out/.git/rebase-apply"
check "refresh: writes the new patch" refresh
check "refresh: under its number" test -f "$toy_queue/0050-mm-toy-change-line-50.patch"
mine=$(git -C "$toy_out" rev-parse HEAD)
toy_commit "$toy_out" 30
check "refresh: refuses an order that is not that of the numbers" \
	fails '0030 "mm: toy: change line 30" comes after 0050' keeps "$toy_queue" refresh
git -C "$toy_out" reset -q --hard "$mine"

# A patch that does not fit, then refresh, then tree
cp -R "$toy_queue" "$toys/queue-good"
sed -i 's/^ 18$/ 1818/' "$toy_queue"/0020-*.patch
cp -R "$toy_queue" "$toys/queue-bad"
check "tree: a patch that does not fit is named, with file and hunk" \
	fails '"mm: toy: change line 20" does not fit: mm/file-1.c, hunk @@ -17,7 +17,7 @@' tree
check "tree: the commits of the user's are still there" sh -c "
	[ '$mine' = \"\$(git -C '$toy_out' rev-parse series)\" ] &&
	[ -z \"\$(git -C '$toy_out' status --porcelain)\" ]"
check "refresh: refuses after that" fails 'make tree BASE=v4.2-rc1 first' refresh
check "refresh: and leaves the queue alone" diff -r "$toy_queue" "$toys/queue-bad"
check "kernel: does not build from it" fails 'not whole' "$toy/scripts/kernel" v4.2-rc1 x86_64
check "tree: fails once more" fails 'does not fit' tree
check "tree: and keeps the commits once more" sh -c "[ '$mine' = \"\$(git -C '$toy_out' rev-parse series)\" ]"
check "tree: with --partial there is what comes before it" fails 'has the 1 patches before it' tree --partial
check "tree: the old commits are still in the log of the branch" git -C "$toy_out" merge-base --is-ancestor "$mine" 'series@{1}'
check "refresh: does not remove the patches that are not in the tree yet" \
	fails 'has no commit in' keeps "$toy_queue" refresh
git -C "$toy_out" am -q "$toys/queue-good"/0020*.patch "$toys/queue-good"/0040*.patch "$toys/queue-good"/0050*.patch
check "refresh: writes them when they are all there" refresh
check "refresh: the queue is good again" diff -r "$toy_queue" "$toys/queue-good"
check "tree: and makes a tree" tree

# What refresh must not remove, and what it may
cp "$toy_queue"/0040-*.patch "$toys/0040"
sed 's/change line 40/change line 7/' "$toys/0040" >"$toy_queue/0007-mm-toy-change-line-7.patch"
check "refresh: a patch that came since the tree was made is not removed" \
	fails 'is not what .* was made from' keeps "$toy_queue" refresh
rm "$toy_queue"/0007-*
sed -i '0,/^diff --git/s//A better message.\n\n&/' "$toy_queue"/0040-*.patch
check "refresh: nor is one overwritten that was changed since" \
	fails 'is not what .* was made from' keeps "$toy_queue" refresh
cp "$toys/0040" "$toy_queue/0040-mm-toy-change-line-40.patch"
git -C "$toy_out" reset -q --hard HEAD~1
check "refresh: removes the patch whose commit was dropped, and says so" says 'removed .*0050' refresh
check "refresh: only that one" sh -c "[ \"\$(echo '$toy_queue'/[0-9]*)\" = \"\$(echo '$toy_queue'/0001* '$toy_queue'/0020* '$toy_queue'/0040*)\" ]"
seq 1 2001 >"$toy_out/tools/new-2"
git -C "$toy_out" commit -qam "mm: toy: change line 50"
check "refresh: refuses a commit that changes what is in files/" fails 'stands in files/' keeps "$toy_queue" refresh
git -C "$toy_out" reset -q --hard HEAD~1
git -C "$toy_out" checkout -q -b side HEAD~1
toy_commit "$toy_out" 50
git -C "$toy_out" checkout -q series
git -C "$toy_out" merge -q -m "a merge" side >/dev/null 2>&1
check "refresh: refuses a merge" fails 'has a merge' keeps "$toy_queue" refresh
git -C "$toy_out" reset -q --hard HEAD~1
echo x >>"$toy_linux/mm/file-5.c"
git -C "$toy_linux" commit -qam "other content"
check "tree: another LINUX leaves the branches of the user's alone" tree
check "tree: the branch side is there" git -C "$toy_out" log -1 side
git -C "$toy_linux" reset -q --hard "$old"
echo mine >"$toy_out/tools/new-9"
seq 1 3 >"$toy/files/tools/new-9"
check "tree: a file of the user's in the way of a new one is named" fails 'tools/new-9' tree
check "tree: and kept" grep -qx mine "$toy_out/tools/new-9"
rm "$toy_out/tools/new-9" "$toy/files/tools/new-9"
check "tree: goes on when it is out of the way" tree
check "tree: whole once more" is_whole

# Ended at any moment near the end, the next run makes it whole
tree_until() {
	: >"$toys/at/count"
	SIGNAL=$1 AT=$2 WHEN=$3 PATH=$toys/at:$PATH LINUX=$toy_linux \
		timeout 0 "$toy/scripts/tree" v4.2-rc1 >"$toys/at/log" 2>&1 || :
	flock "$toy/out/v4.2-rc1/.lock" true
}
ended_tree() {
	echo 2 >"$toy/files/tools/new-1"
	git -C "$toy_out" tag before
	tree_until NONE 0 in
	calls=$(wc -l <"$toys/at/count") tried=0
	after=$(git -C "$toy_out" rev-parse 'HEAD^{tree}')
	[ "$after" != "$toy_tree" ] || return 1
	at=$((calls - 14))
	while [ $at -le "$calls" ]; do
		signal=KILL
		[ $((at % 3)) -ne 0 ] || signal=INT
		seq 1 2000 >"$toy/files/tools/new-1"
		tree >"$toys/at/next" 2>&1 && is_whole || { cat "$toys/at/next"; return 1; }
		echo 2 >"$toy/files/tools/new-1"
		tree_until $signal $at in
		tried=$((tried + 1))
		tree >"$toys/at/next" 2>&1 && is_whole "$after" || {
			echo "$signal in call $at of git"
			cat "$toys/at/log" "$toys/at/next"
			return 1
		}
		at=$((at + 1))
	done
	echo "$tried moments"
}
check "tree: ended by Ctrl-C or SIGKILL, the next run makes it whole" ended_tree
seq 1 2000 >"$toy/files/tools/new-1"

# queue prints all of it or nothing
mkdir "$toy_queue/0045-a-folder.patch"
check "queue: a patch that cannot be read is named" fails '0045-a-folder.patch' "$toy/scripts/queue" v4.2-rc1
check "queue: nothing is printed then" test ! -s "$tmp/out"
check "tree: the tree is not made from half a queue" fails '0045-a-folder.patch' tree
rmdir "$toy_queue/0045-a-folder.patch"
ln -s none "$toy_queue/0045-a-link.patch"
check "queue: nor is a link passed over that leads nowhere" fails '0045-a-link.patch' "$toy/scripts/queue" v4.2-rc1
rm "$toy_queue/0045-a-link.patch"

# A base may have another place for what stands in files/, or the same itself
cp "$toy_queue/base" "$toys/base-as-it-was"
echo 'FILES_MAP="tools:other tools/new-1:lib/one" FILES_OMIT="tools/new-2"' >>"$toy_queue/base"
placed() { "$toy/scripts/queue" v4.2-rc1 | sed -n 's/^diff --git .* b\/\(.*new\|.*one\)/\1/p' | sort | paste -sd' '; }
check "queue: files go where the base has them, or stay out" sh -c "[ '$(placed)' = \
	'lib/one other/new-3 other/new-4 other/new-5 other/new-6 other/new-7 other/new-8' ] || { echo '$(placed)'; false; }"
check "tree: so they do there" sh -c "
	LINUX='$toy_linux' '$toy/scripts/tree' v4.2-rc1 && cd '$toy_out' &&
	[ -f lib/one ] && [ -f other/new-3 ] && [ ! -e tools ] && [ ! -e other/new-2 ]"
echo mine >>"$toy_out/other/new-3"
git -C "$toy_out" commit -qam "mm: change a file of files/"
printf '0060\tmm: change a file of files/\n' >>"$toy/patches/numbers.tsv"
check "refresh: a commit that changes one in its place is refused" fails 'changes other/new-3, which stands in files/' refresh
git -C "$toy_out" reset -q --hard HEAD^
sed -i '$d' "$toy/patches/numbers.tsv"
cp "$toys/base-as-it-was" "$toy_queue/base"
check "tree: as before without that" tree

# The numbers of the queues that we ship
check "numbers: each patch has the number that its subject has in patches/numbers.tsv" sh -c "
	for patch in '$top'/patches/*/[0-9]*.patch; do
		number=\${patch##*/}
		subject=\$(git mailinfo -b /dev/null /dev/null <\"\$patch\" | sed -n 's/^Subject: //p')
		printf '%s\t%s\n' \"\${number%%-*}\" \"\$subject\" | grep -qxFf - '$top/patches/numbers.tsv' ||
			{ echo \"\$patch\"; exit 1; }
	done"
check "numbers: none is there twice, nor is a subject" sh -c "
	grep -v '^#' '$top/patches/numbers.tsv' >'$toys/numbers'
	[ -z \"\$(cut -f1 '$toys/numbers' | sort | uniq -d; cut -f2 '$toys/numbers' | sort | uniq -d)\" ] &&
	[ -z \"\$(grep -vE '^[0-9]{4}	[^	]+\$' '$toys/numbers')\" ]"

# clean removes what is ours
git -C "$toy_out" branch -q -D side
clean() { "$toy/scripts/clean"; }
toy_commit "$toy_out" 50
check "clean: refuses while there are commits of the user's" fails 'commits of yours' clean
git -C "$toy_out" branch -q keep
git -C "$toy_out" reset -q --hard HEAD~1
check "clean: also on another branch" fails 'refs/heads/keep' clean
git -C "$toy_out" branch -q -D keep
git -C "$toy_out" tag -d before >/dev/null
mkdir "$toys/home"
echo precious >"$toys/home/file"
check "clean: OUT that is no folder of ours is refused" fails 'was not made by these scripts' \
	env OUT="$toys/home" "$toy/scripts/clean"
OUT=$toys/home "$toy/scripts/tree" toy-deb >/dev/null 2>&1
check "clean: even if something was built in it" fails 'was not made by these scripts' \
	env OUT="$toys/home" "$toy/scripts/clean"
check "clean: the file of the user's is there" grep -qx precious "$toys/home/file"
check "clean: removes what OUT names" env OUT="$toys/hook-out" "$toy/scripts/clean"
check "clean: it is gone, out/ is not" test ! -e "$toys/hook-out" -a -e "$toy_out"
git -C "$toy_out" reflog expire --expire=now --all
check "clean: removes out/" clean
check "clean: out/ is gone" test ! -e "$toy/out"
check "make clean does the same with OUT=" sh -c "
	OUT='$toys/home' make -C '$top' clean 2>&1 | grep 'was not made by'"
unset LOF_CACHE
