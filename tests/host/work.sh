# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154,SC2034  # tests/host/run sets top and tmp, toy.sh the toy
#
# work.sh - tests that what is the user's stays: tree, clean, refresh; tests/host/run reads it

work_out=$toy/out/v4.2-rc1 work_queue=$toy/patches/v4.2-rc1
work_tree=$work_out/linux
rm -rf "$toy/out"
git -C "$toy_linux" checkout -q -f
work_make() { LOF_CACHE=$toys/work-cache LINUX=$toy_linux "$toy/scripts/tree" v4.2-rc1; }
work_clean() { LOF_CACHE=$toys/work-cache "$toy/scripts/clean"; }
# cut_off: the next run of tree ends in its last step, at a git that has changed nothing yet
mkdir "$toys/cut"
cat >"$toys/cut/git" <<-EOF2
	#!/bin/sh
	for arg; do
		[ "\$arg" != -B ] || { touch "$toys/cut/was"; kill -KILL \$(ps -o ppid= -p \$\$); exit 1; }
	done
	exec $(command -v git) "\$@"
EOF2
chmod +x "$toys/cut/git"
cut_off() {
	rm -f "$toys/cut/was"
	PATH=$toys/cut:$PATH work_make >"$tmp/log2" 2>&1 || :
	[ -e "$toys/cut/was" ] && [ -f "$work_tree/.git/lof-next" ]
}
has() { grep -qx "$1" "$2" || { echo "$2 is lost"; return 1; }; }
work_make >/dev/null 2>&1

# tree after a cut-off
echo 2 >"$toy/files/tools/new-1"
seq 9 >"$toy/files/tools/new-9"
check "tree: is ended in its last step" cut_off
echo mine >>"$work_tree/mm/file-3.c"
check "tree: an edit made after that is named" fails 'mm/file-3.c was changed since' work_make
check "tree: and kept" has mine "$work_tree/mm/file-3.c"
git -C "$work_tree" checkout -q mm/file-3.c
echo mine >>"$work_tree/tools/new-1"
check "tree: also one in a file that the run changes" fails 'tools/new-1 was changed since' work_make
check "tree: which is kept" has mine "$work_tree/tools/new-1"
git -C "$work_tree" checkout -q tools/new-1
echo mine >"$work_tree/tools/new-9"
check "tree: a file made after that, with the name of a new one, is named" \
	fails 'tools/new-9 was changed since' work_make
check "tree: that file is kept" has mine "$work_tree/tools/new-9"
rm "$work_tree/tools/new-9"
echo mine >"$work_tree/mine"
check "tree: without such a file it goes on" work_make
check "tree: and is whole" sh -c "[ \"\$(git -C '$work_tree' status --porcelain)\" = '?? mine' ] &&
	[ ! -e '$work_tree/.git/lof-next' ] && grep -qx 2 '$work_tree/tools/new-1'"
rm "$work_tree/mine" "$toy/files/tools/new-9"
echo mine >"$work_tree/tools/new.o"
echo ours >"$toy/files/tools/new.o"
check "tree: a file that is ignored is not overwritten by a new one" fails 'tools/new.o' work_make
check "tree: it is kept" has mine "$work_tree/tools/new.o"
rm "$work_tree/tools/new.o" "$toy/files/tools/new.o"
seq 1 2000 >"$toy/files/tools/new-1"
check "tree: is made again" work_make

# The second work tree
control=$work_out/control
echo 2 >"$toy/files/tools/new-1"
echo mine >>"$control/mm/file-3.c"
check "tree: an edit in control is named" fails 'control has changes of yours (mm/file-3.c)' work_make
check "tree: the edit is kept" has mine "$control/mm/file-3.c"
git -C "$control" checkout -q mm/file-3.c
git -C "$control" commit -q --allow-empty -m mine
check "tree: a commit in control is named" fails 'control has commits of yours' work_make
git -C "$control" reset -q --hard HEAD~1
git -C "$work_tree" update-index --assume-unchanged mm/file-3.c
echo mine >>"$work_tree/mm/file-3.c"
check "tree: a file that git is not to look at is named" fails 'assume-unchanged.*mm/file-3.c' work_make
git -C "$work_tree" update-index --no-assume-unchanged mm/file-3.c
git -C "$work_tree" checkout -q mm/file-3.c
check "tree: goes on without them" work_make
check "tree: control is where it has to be" sh -c "
	[ \"\$(git -C '$control' rev-parse HEAD)\" = \"\$(git -C '$work_tree' rev-parse control)\" ] &&
	[ -z \"\$(git -C '$control' status --porcelain)\" ]"
seq 1 2000 >"$toy/files/tools/new-1"
work_make >/dev/null 2>&1

# clean
spared() {	# TEXT: clean fails with TEXT, and out/ is there
	fails -E "$1" work_clean && [ -f "$work_tree/Makefile" ] && [ -d "$control" ]
}
head=$(git -C "$work_tree" rev-parse HEAD)
echo mine >"$work_tree/mine"
check "clean: a new file of the user's is named" spared 'has changes of yours \(mine\)'
printf '[core]\n\texcludesFile = %s\n' "$toys/ignore" >"$toys/gitconfig"
echo mine >"$toys/ignore"
check "clean: also one that his configuration ignores" \
	env GIT_CONFIG_GLOBAL="$toys/gitconfig" sh -c "! '$toy/scripts/clean' && [ -f '$work_tree/mine' ]"
mkdir -p "$toys/xdg/git"
echo mine >"$toys/xdg/git/ignore"
check "clean: or that ~/.config/git/ignore names" \
	env XDG_CONFIG_HOME="$toys/xdg" sh -c "! '$toy/scripts/clean' && [ -f '$work_tree/mine' ]"
rm "$work_tree/mine"
git -C "$work_tree" commit -q --allow-empty -m mine
git -C "$work_tree" tag wip
git -C "$work_tree" reset -q --hard "$head"
check "clean: a commit that only a tag holds is named" spared 'refs/tags/wip, which is yours'
git -C "$work_tree" update-ref refs/mine/wip wip
git -C "$work_tree" tag -d wip >/dev/null
check "clean: or another ref" spared 'refs/mine/wip, which is yours'
git -C "$work_tree" update-ref -d refs/mine/wip
git -C "$work_tree" branch -q keep "$head"
git -C "$work_tree" worktree add -q --detach "$toys/work-ext"
check "clean: a work tree of the user's elsewhere is named" spared "$toys/work-ext is a work tree of"
git -C "$work_tree" worktree remove "$toys/work-ext"
git -C "$work_tree" checkout -q keep
git -C "$work_tree" commit -q --allow-empty -m mine
git -C "$work_tree" checkout -q series
git -C "$work_tree" tag -d control >/dev/null
check "clean: a branch of his is named, though the tag control is gone" spared 'refs/heads/keep, which is yours'
git -C "$work_tree" branch -q -D keep
git -C "$work_tree" tag control "$(git -C "$control" rev-parse HEAD)"
git -C "$work_tree" tag base2 base
git -C "$work_tree" tag -d base >/dev/null
check "clean: refuses where git fails" spared 'has no tag base'
git -C "$work_tree" tag base base2
git -C "$work_tree" tag -d base2 >/dev/null
echo mine >>"$control/mm/file-3.c"
check "clean: an edit in control is named" spared 'control has changes of yours \(mm/file-3.c\)'
git -C "$control" checkout -q mm/file-3.c
echo mine >"$control/mine"
check "clean: a new file in control, too" spared 'control has changes of yours \(mine\)'
rm "$control/mine"
git -C "$control" commit -q --allow-empty -m mine
check "clean: and a commit" spared 'control has commits of yours'
git -C "$control" reset -q --hard HEAD~1
git -C "$work_tree" update-index --assume-unchanged mm/file-3.c
check "clean: a file that git is not to look at is named" spared 'assume-unchanged'
git -C "$work_tree" update-index --no-assume-unchanged mm/file-3.c
git init -q "$work_out/clone"
check "clean: a repository of his is named" spared 'clone is not of these scripts'
mv "$work_out/clone" "$work_out/x86_64-clone"
check "clean: whatever it is called" spared 'x86_64-clone is a repository'
rm -rf "$work_out/x86_64-clone"
git init -q --bare "$toy/out/bench"
check "clean: also a bare one" spared 'bench is a repository'
rm -rf "$toy/out/bench"
echo mine >"$toy/out/notes"
check "clean: a file with a name that is not ours is named" spared 'notes is not of these scripts'
rm "$toy/out/notes"
mv "$work_tree" "$toys/work-away"
check "clean: a work tree without its repository is named" \
	fails 'control is a work tree whose repository is gone' work_clean
check "clean: and is there" test -f "$control/Makefile"
mv "$toys/work-away" "$work_tree"
check "clean: removes what is ours alone" work_clean
check "clean: it is gone" test ! -e "$toy/out"
mkdir "$toys/work-empty"
OUT=$toys/work-empty work_make >/dev/null 2>&1
check "clean: an empty OUT of the user's is not taken for ours" \
	fails 'was not made by these scripts' env OUT="$toys/work-empty" "$toy/scripts/clean"
work_make >/dev/null 2>&1

# refresh, and tree after it
work_refresh() { LOF_CACHE=$toys/work-cache "$toy/scripts/refresh" v4.2-rc1; }
cp "$toy/patches/numbers.tsv" "$toys/work-numbers"
printf '0060\tmm: toy: line ends\n' >>"$toy/patches/numbers.tsv"
printf 'with a return\r\n' >>"$work_tree/mm/file-1.c"
git -C "$work_tree" commit -qam "mm: toy: line ends" -m "Before.
---
After."
cp -R "$work_queue" "$toys/work-queue"
check "refresh: a message that a patch cannot hold is named" \
	fails 'the message of "mm: toy: line ends", .*, is another one: ---' work_refresh
check "refresh: that changes nothing" diff -r "$work_queue" "$toys/work-queue"
git -C "$work_tree" commit -q --amend -m "mm: toy: line ends" -m "Before."
mkdir "$toy/patches/.new.v4.2-rc1.abcdef"
work_returns=$(git -C "$work_tree" rev-parse 'HEAD^{tree}')
check "refresh: writes a patch with a carriage return" work_refresh
check "refresh: and removes what a run that was killed has left" sh -c "
	[ -z \"\$(find '$toy/patches' -name '.new.*')\" ]"
rm -rf "$toy/out"
work_make >/dev/null 2>&1
check "tree: of which none is lost" sh -c "
	[ '$work_returns' = \"\$(git -C '$work_tree' rev-parse 'HEAD^{tree}')\" ]"
rm "$work_queue"/0060-*
cp "$toys/work-numbers" "$toy/patches/numbers.tsv"
ln -s new-1 "$toy/files/tools/a-link"
check "queue: a link in files/ is named" fails 'files/tools/a-link is no regular file' "$toy/scripts/queue" v4.2-rc1
check "queue: nothing is printed then" test ! -s "$tmp/out"
rm "$toy/files/tools/a-link"

# series
mkdir -p "$toy/docs" "$toy/files/scripts"
echo "a toy" >"$toy/docs/cover-letter.txt"
# shellcheck disable=SC2016
echo 'print "list\@example.org\n";' >"$toy/files/scripts/get_maintainer.pl"
work_series() { LOF_CACHE=$toys/work-cache LINUX=$toy_linux "$toy/scripts/series" v4.2-rc1; }
check "series: is made" work_series
check "series: is made anew if nobody has edited it" work_series
sed -i 's/^a toy$/mine/' "$work_out/series/0000-cover-letter.patch"
check "series: a cover letter that was edited is named" fails 'series has mails .* edited' work_series
check "series: and kept" has mine "$work_out/series/0000-cover-letter.patch"
check "clean: also by clean" fails 'series has mails .* edited' work_clean
rm -rf "$toy/files/scripts" "$toy/docs" "$toy/out"
