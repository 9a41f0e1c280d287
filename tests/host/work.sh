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
work_make 2>"$tmp/err" || :
check "tree: the command that it names removes control, and git knows" sh -c "
	sed -n 's/.*, then: //p' '$tmp/err' >'$tmp/command'; sh -e '$tmp/command' && [ ! -e '$control' ] &&
	! git -C '$work_tree' worktree list | grep control"
check "tree: which is made anew" work_make
git -C "$control" commit -q --allow-empty -m mine
check "tree: a commit in control is named" fails 'control has commits of yours' work_make
git -C "$control" reset -q --hard HEAD~1
git -C "$work_tree" update-index --assume-unchanged mm/file-3.c
echo mine >>"$work_tree/mm/file-3.c"
check "tree: a file that git is not to look at is named" fails 'assume-unchanged.*mm/file-3.c' work_make
git -C "$work_tree" update-index --no-assume-unchanged mm/file-3.c
git -C "$work_tree" checkout -q mm/file-3.c
mkdir "$work_out/.new.mine"
echo mine >"$work_out/.new.mine/f"
check "tree: goes on without them" work_make
check "tree: leaves alone what only begins as its own do" has mine "$work_out/.new.mine/f"
rm -rf "$work_out/.new.mine"
check "tree: control is where it has to be" sh -c "
	[ \"\$(git -C '$control' rev-parse HEAD)\" = \"\$(git -C '$work_tree' rev-parse control)\" ] &&
	[ -z \"\$(git -C '$control' status --porcelain)\" ]"
seq 1 2000 >"$toy/files/tools/new-1"
work_make >/dev/null 2>&1
echo mine >"$control/tools/new.o"
echo ours >"$toy/files/tools/new.o"
check "tree: a file that is ignored is not overwritten in control either" fails 'control is as it was: .*tools/new.o' work_make
check "tree: it is kept there" has mine "$control/tools/new.o"
rm "$control/tools/new.o" "$toy/files/tools/new.o"
check "tree: what was taken back meanwhile is not up to date" work_make
check "tree: it is gone" test ! -e "$work_tree/tools/new.o" -a ! -e "$control/tools/new.o"

# A kernel that does not build leaves none of an earlier build
mkdir -p "$work_out/x86_64"
echo earlier >"$work_out/x86_64/image"
check "kernel: one that does not build" fails 'tinyconfig failed' "$toy/scripts/kernel" v4.2-rc1 x86_64
check "kernel: leaves no image of an earlier build" test ! -e "$work_out/x86_64/image"
# The environment of somebody who builds kernels of his own
mkdir "$toys/make"
printf '#!/bin/sh\nenv >"%s/make/env"\nexit 1\n' "$toys" >"$toys/make/make"
chmod +x "$toys/make/make"
PATH=$toys/make:$PATH KCONFIG_CONFIG=$toys/mine KCONFIG_ALLCONFIG=$toys/mine KBUILD_OUTPUT=$toys/mine KBUILD_EXTMOD=$toys/mine \
	O=$toys/mine LLVM=1 LOCALVERSION=-mine KCPPFLAGS=-Dmine "$toy/scripts/kernel" v4.2-rc1 x86_64 >"$tmp/log2" 2>&1 || :
check "kernel: what says where and how another kernel is built does not reach make" sh -c "
	grep -q ^PATH= '$toys/make/env' && ! grep '^KCONFIG\|^KBUILD\|^O=\|^LLVM=\|^LOCALVERSION=\|^KCPPFLAGS=' '$toys/make/env'"
# Nor one that loses an option meanwhile, as with a compiler that lacks what it needs
cp "$toy/scripts/lib/lib.sh" "$toys/work-lib"
cat >>"$toy/scripts/lib/lib.sh" <<-'EOF2'
	case $me in kernel)
		kmake() {
			case $3 in
			tinyconfig) mkdir -p "$2"; : >"$2/.config" ;;
			olddefconfig) ;;
			*) [ ! -e "$out/lose" ] || sed -i /CONFIG_BLOCK=/d "$2/.config"; mkdir -p "$2/${IMAGE%/*}"; : >"$2/$IMAGE" ;;
			esac
		} ;;
	esac
EOF2
check "kernel: one that builds" "$toy/scripts/kernel" v4.2-rc1 x86_64
: >"$toy/out/lose"
check "kernel: one whose build loses an option" fails 'does not take these options: .*CONFIG_BLOCK=y' \
	"$toy/scripts/kernel" v4.2-rc1 x86_64
check "kernel: is not there either" test ! -e "$work_out/x86_64/image"
rm "$toy/out/lose"
check "kernel: with it again it is configured anew" "$toy/scripts/kernel" v4.2-rc1 x86_64
echo CONFIG_MINE=y >>"$work_out/x86_64/build/.config"
check "kernel: a configuration that was edited is named" fails 'build/.config is not as it was made' \
	"$toy/scripts/kernel" v4.2-rc1 x86_64
check "clean: also by clean" fails 'build/.config is not as it was made' work_clean
check "kernel: which is kept, and its image" sh -c "grep -qx CONFIG_MINE=y '$work_out/x86_64/build/.config' && [ -e '$work_out/x86_64/image' ]"
rm "$work_out/x86_64/build/.config"
check "kernel: without it, it is made anew" "$toy/scripts/kernel" v4.2-rc1 x86_64
cp "$toys/work-lib" "$toy/scripts/lib/lib.sh"
rm -r "$work_out/x86_64"

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
check "clean: or the reflog alone" spared 'a commit that no branch holds any more, [0-9a-f]* \(mine\)'
git -C "$work_tree" reflog expire --expire=now --all
echo mine >"$work_tree/.git/hooks/pre-commit"
check "clean: a hook is named" spared 'hooks/pre-commit is a hook of yours'
rm "$work_tree/.git/hooks/pre-commit"
git -C "$work_tree" config branch.series.description mine
check "clean: so is the description of a branch" spared 'has branch.series.description'
git -C "$work_tree" config --unset branch.series.description
cp "$work_tree/.git/info/exclude" "$toys/work-exclude"
echo /mine >>"$work_tree/.git/info/exclude"
check "clean: and what git is to ignore" spared 'info/exclude has lines of yours'
mv "$toys/work-exclude" "$work_tree/.git/info/exclude"
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
check "clean: with the command that removes a work tree of git's" spared "yourself: git -C .*/linux' worktree remove --force .*/control'\$"
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
check "clean: a repository of his is named" spared 'clone is a repository'
mkdir "$work_out/x86_64-debug"
mv "$work_out/clone" "$work_out/x86_64-debug/build"
check "clean: whatever it is called" spared 'x86_64-debug/build is a repository'
rm -rf "$work_out/x86_64-debug"
git init -q --bare "$toy/out/peers/6.1"
check "clean: also a bare one" spared 'peers/6.1 is a repository'
rm -rf "$toy/out/peers"
echo mine >"$toy/out/notes"
check "clean: a file with a name that is not ours is named" spared 'notes is not of these scripts'
rm "$toy/out/notes"
for ignored in .mine mm/mine.o; do
	echo mine >"$work_tree/$ignored"
	check "clean: so is $ignored, which the tree's own .gitignore names" spared "has changes of yours \\($ignored\\)"
	rm "$work_tree/$ignored"
done
echo mine >"$control/mine.o"
check "clean: also in control" spared 'has changes of yours \(mine.o\)'
rm "$control/mine.o"
# What the scripts leave, as long runs and benchmarks have
mkdir -p "$work_out/x86_64-control-debug/build/mm" "$work_out/x86_64-control-debug/results" "$work_out/mips64" \
	"$work_out/x86_64-debug-kasan" "$work_out/bisect/root/tests/x86_64" "$work_out/bisect/all" \
	"$toy/out/bench/cells" "$toy/out/semantics" "$toy/out/peers/6.1/boot" "$work_out/mutants" "$work_out/bisect-check" "$toy/out/check-all"
for left in x86_64-control-debug/build/mm/a.o x86_64-control-debug/image x86_64-control-debug/config.lost \
	x86_64-control-debug/torture-i386.log x86_64-control-debug/results/hold-page.xml x86_64-control-debug/results/config \
	mips64/kernel.steps ../bench/cost.md ../bench/v4.2-rc1-control-full.tsv ../bench/overhead.svg ../bench/lru-locks-v4.2-rc1.md \
	../bench/cells/31a5d9ecbd94045fa6f50ccc960155e9.key ../semantics/stock-6.1.log ../peers/6.1/boot/vmlinuz-6.1.0-1-cloud-amd64 mutants.tsv \
	mutants/31a5d9ecbd94045fa6f50ccc960155e9 bisect-check/31a5d9ecbd94045fa6f50ccc960155e9.key \
	../check-all/31a5d9ecbd94045fa6f50ccc960155e9 x86_64-control-debug/results/secret-disk.tap x86_64-control-debug/results/foreign.log \
	x86_64-control-debug/build/.config x86_64-control-debug/build/vmlinux x86_64-debug-kasan/image bisect/log bisect/root/tests/x86_64/mlock-plain .series.sum \
	../bench/shared-locks-v4.2-rc1-control-tmpfs-1-500.log ../bench/density.png ../peers/6.1/brd.ko ../semantics/stock-5.10-held.log; do
	echo ours >"$work_out/$left"
done
for name in v4.2-rc1/x86_64-control-debug/my-notes.txt v4.2-rc1/x86_64-control-debug/results/mine.log v4.2-rc1/x86_64-mine \
	v4.2-rc1/x86_64-control-debug/torture-my-finding.log v4.2-rc1/x86_64-control-debug/build/my.config v4.2-rc1/bisect/notes \
	bench/before-my-change.tsv peers/6.1/boot/notes semantics/mine.log \
	v4.2-rc1/.new.mine v4.2-rc1/bisect/root/mine v4.2-rc1/bisect/all/mine peers/6.1/boot/config-6.1.0-mine \
	v4.2-rc1/mutants/mine bench/mine.md bench/linux semantics/mine.txt check-all/mine; do
	echo mine >"$toy/out/$name"
	check "clean: $name, beside what the scripts leave, is named" spared "$name is not of these scripts"
	rm "$toy/out/$name"
done
exec 5<"$work_out/x86_64-control-debug/results"
flock 5
check "clean: results of a test that still runs stay" spared 'another run uses .*/x86_64-control-debug/results'
exec 5<"$work_out/x86_64-control-debug"
flock 5
check "clean: so does what torture, races and run write beside them" spared 'another run uses .*/x86_64-control-debug'
exec 5<"$toy/out/bench"
flock 5
check "clean: and what a benchmark writes" spared 'another run uses .*/bench'
exec 5>&-
mv "$work_tree" "$toys/work-away"
check "clean: a work tree without its repository is named" \
	fails 'control is a work tree whose repository is gone' work_clean
check "clean: and is there" test -f "$control/Makefile"
mv "$toys/work-away" "$work_tree"
git -C "$work_tree" reflog expire --expire=now --all
check "clean: removes what is ours alone" work_clean
check "clean: it is gone" test ! -e "$toy/out"
mkdir "$toys/work-empty"
OUT=$toys/work-empty work_make >/dev/null 2>&1
check "clean: an empty OUT of the user's is not taken for ours" \
	fails 'was not made by these scripts' env OUT="$toys/work-empty" "$toy/scripts/clean"
work_make >/dev/null 2>&1

# Whoever leaves results has a line in the table
known_results() {
	sed -n 's/.*\(boot_and_judge\|new_results\) "$dir" "\{0,1\}\([a-z][a-z-]*\).*/\2/p' \
		"$top"/scripts/[a-km-z]* "$top"/scripts/lib/[a-z]* >"$tmp/names"
	[ "$(grep -c . "$tmp/names")" -gt 4 ] || return 1
	while read -r name; do
		grep -q "results/.*[(|]${name}[|)]" "$top/scripts/lib/leaves.tsv" || { echo "$name"; return 1; }
	done <"$tmp/names"
}
check "clean: knows the results of every script" known_results

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

# A project that was moved or copied, repositories and indexes that are gone
work_moved() {	# mv|cp: the project with its out/
	rm -rf "$toys/work-moved"
	case $1 in mv) mv "$toy" "$toys/work-moved" ;; cp) cp -R "$toy" "$toys/work-moved" ;; esac
}
work_there() { LOF_CACHE=$toys/work-cache LINUX=$toy_linux "$toys/work-moved/scripts/$1" ${2:-}; }
moved=$toys/work-moved/out/v4.2-rc1/control
work_make >/dev/null 2>&1
echo mine >>"$control/mm/file-2.c"
work_moved mv
check "tree: an edit in control is named, also if the project was moved" fails 'control has changes of yours (mm/file-2.c)' \
	work_there tree v4.2-rc1
check "tree: and kept there" has mine "$moved/mm/file-2.c"
check "clean: it is named there, too" fails 'control has changes of yours (mm/file-2.c)' work_there clean
git -C "$moved" commit -qam mine 2>/dev/null || :
check "tree: so is a commit in control" fails 'control has commits of yours' work_there tree v4.2-rc1
git -C "$moved" reset -q --hard HEAD~1 2>/dev/null || :
touch -d @1000000000 "$moved/mm/file-2.c"
check "tree: of a project that was moved is up to date" says 'up to date' work_there tree v4.2-rc1
check "tree: without control made anew" sh -c "[ \"\$(stat -c %Y '$moved/mm/file-2.c')\" = 1000000000 ]"
mv "$toys/work-moved" "$toy"
work_make >/dev/null 2>&1
echo mine >>"$control/mm/file-2.c"
work_moved cp
check "tree: an edit in control is named in a copy of the project" fails 'control has changes of yours (mm/file-2.c)' \
	work_there tree v4.2-rc1
check "tree: the project it was copied from is as it was" sh -c "[ \"\$(git -C '$control' status --porcelain)\" = ' M mm/file-2.c' ]"
rm -rf "$toys/work-moved"
rm -r "$work_tree"
check "tree: after rm -r of linux an edit in control is named" \
	fails 'control has files that may be yours (mm/file-2.c), and its repository is gone' work_make
check "tree: once more" fails 'control has files that may be yours (mm/file-2.c)' work_make
check "clean: and by clean" fails 'control has files that may be yours (mm/file-2.c)' work_clean
check "tree: that edit is kept" has mine "$control/mm/file-2.c"
sed -i '$d' "$control/mm/file-2.c"
echo mine >"$control/mine.o"
check "tree: so is a file that is ignored" fails 'control has files that may be yours (mine.o)' work_make
rm "$control/mine.o"
check "tree: without them control is made anew" work_make
echo mine >>"$control/mm/file-2.c"
rm "$work_tree/.git/worktrees/control/index"
echo 2 >"$toy/files/tools/new-1"
check "tree: an edit in control is named without its index" fails 'control has changes of yours (mm/file-2.c)' work_make
git -C "$control" checkout -q mm/file-2.c
check "tree: without the edit it goes on" work_make
seq 1 2000 >"$toy/files/tools/new-1"

# A full disk in the last step: git cannot write a file of 2 MB there, nor what comes after it
mkdir "$toys/full"
cat >"$toys/full/git" <<-EOF2
	#!/bin/sh
	for arg; do
		[ "\$arg" != -B ] || { trap '' XFSZ; ulimit -f 200; }
	done
	exec $(command -v git) "\$@"
EOF2
chmod +x "$toys/full/git"
work_full() { PATH=$toys/full:$PATH work_make; }
work_make >/dev/null 2>&1
seq 300000 >"$toy/files/tools/new-1"
seq 7 >"$toy/files/tools/new-9"
check "tree: one that cannot write a file does not say that nothing was changed" \
	fails 'may be half checked out: .*tools/new-1' work_full
check "tree: with space again it goes on" work_make
check "tree: all is there then" sh -c "[ -z \"\$(git -C '$work_tree' status --porcelain)\" ] &&
	cmp '$toy/files/tools/new-1' '$work_tree/tools/new-1' && cmp '$toy/files/tools/new-1' '$control/tools/new-1'"
rm "$toy/files/tools/new-9"
seq 1 2000 >"$toy/files/tools/new-1"
work_make >/dev/null 2>&1

# Patches that were edited by hand
cp -R "$work_queue" "$toys/work-queue-0"
sed -i '0,/^diff --git/s//Mine.\n\n&/' "$work_queue"/0001-*.patch
cp "$work_queue"/0001-*.patch "$toys/work-0001"
git init -q "$toys/work-clone"
(cd "$toys/work-clone" && git fetch -q "$work_tree" series:series refs/tags/control:refs/tags/control && git checkout -q series)
check "refresh: from a tree without a record it does not overwrite a patch that was edited" \
	fails '0001-.* is another one than the commit' "$toy/scripts/refresh" v4.2-rc1 "$toys/work-clone"
check "refresh: which is as it was edited" cmp "$toys/work-0001" "$work_queue"/0001-*.patch
git -C "$toy" init -q
git -C "$toy" add patches
git -C "$toy" commit -qm "the project"
check "refresh: one that the project's git has is replaced" "$toy/scripts/refresh" v4.2-rc1 "$toys/work-clone"
check "refresh: by what the tree has" diff -r "$work_queue" "$toys/work-queue-0"
rm -rf "$toy/.git"
sed -i 's/^ 18$/ 1818/' "$work_queue"/0020-*.patch
LINUX=$toy_linux LOF_CACHE=$toys/work-cache "$toy/scripts/tree" v4.2-rc1 --partial >/dev/null 2>&1 || :
cp "$toys/work-0001" "$work_queue"/0001-*.patch
git -C "$work_tree" am -q "$toys/work-queue-0"/0020-*.patch "$toys/work-queue-0"/0040-*.patch
check "refresh: nor one that was edited after tree --partial" fails '0001-.* is not what .* was made from' work_refresh
check "refresh: which is kept" cmp "$toys/work-0001" "$work_queue"/0001-*.patch
git -C "$work_tree" reset -q --hard control
git -C "$work_tree" am -q "$work_queue"/0001-*.patch "$toys/work-queue-0"/0020-*.patch "$toys/work-queue-0"/0040-*.patch
check "refresh: it goes on when the commit says the same" work_refresh
check "refresh: the edit is in the queue" grep -qx Mine. "$work_queue"/0001-*.patch
cp "$toys/work-queue-0"/* "$work_queue"
rm -rf "$toy/out"
work_make >/dev/null 2>&1

# series
mkdir -p "$toy/files/scripts"
printf 'a toy\nof version @VERSION@\n' >"$toy/patches/cover-letter.txt"
echo 1.2-toy >"$toy/VERSION"
# shellcheck disable=SC2016
echo 'print "list\@example.org\n";' >"$toy/files/scripts/get_maintainer.pl"
work_series() { LOF_CACHE=$toys/work-cache LINUX=$toy_linux "$toy/scripts/series" v4.2-rc1; }
check "series: is made" work_series
check "series: the cover letter has the version" has '^of version 1\.2-toy$' "$work_out/series/0000-cover-letter.patch"
check "series: is made anew if nobody has edited it" work_series
sed -i 's/^a toy$/mine/' "$work_out/series/0000-cover-letter.patch"
check "series: a cover letter that was edited is named" fails 'series has mails .* edited' work_series
check "series: and kept" has mine "$work_out/series/0000-cover-letter.patch"
check "clean: also by clean" fails 'series has mails .* edited' work_clean
sed -i 's/^mine$/a toy/' "$work_out/series/0000-cover-letter.patch"
rm -r "$work_out/series"
check "series: is made anew where the folder was removed" work_series
rm -r "$work_out/series"
sed -i 's/^a toy$/mine/' "$work_out/series.mbox"
check "series: a mailbox that was edited is named, without the folder" fails 'series.mbox that is not as it was made' work_series
check "series: and the mailbox is kept" has mine "$work_out/series.mbox"
check "clean: which names it, too" fails 'series.mbox that is not as it was made' work_clean
rm -rf "$toy/files/scripts" "$toy/patches/cover-letter.txt" "$toy/VERSION" "$toy/out"
