# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154,SC2120  # tests/host/run sets top and tmp, toy.sh the toy
#
# apply.sh - tests of scripts/apply; tests/host/run reads it

old=$(git -C "$toy_linux" rev-parse HEAD)
apply() { LINUX=${1:-$toy_linux} "$toy/scripts/apply" v4.2-rc1; }
reset_toy() { git -C "$toy_linux" reset -q --hard "$old" && git -C "$toy_linux" clean -qfdx; }
# state DIR: old, new, or what is wrong
state() {
	if [ -n "$(git -C "$1" status --porcelain --ignored)" ]; then
		echo dirty
	elif [ -e "$1/.git/lof-apply" ] || [ -n "$(find "$1/.git" -name '*.lock')" ]; then
		echo "left something"
	else
		case $(git -C "$1" rev-parse 'HEAD^{tree}') in
		"$toy_tree") echo new ;;
		"$(git -C "$1" rev-parse "$old^{tree}")") echo old ;;
		*) echo half ;;
		esac
	fi
}
is_now() { s=$(state "${2:-$toy_linux}"); [ "$s" = "$1" ] || { echo "it is: $s"; return 1; }; }

check "apply: the toy is applied" sh -c "
	LINUX='$toy_linux' GIT_COMMITTER_NAME='A User' GIT_COMMITTER_EMAIL=user@example.org \
	'$toy/scripts/apply' v4.2-rc1"
check "apply: all of it" is_now new
check "apply: the author is the patch's, the committer the user" sh -c "
	[ \"\$(git -C '$toy_linux' log --format='%an, %cn %ce' '$old'.. | sort | uniq -c | tr -s ' ')\" = \
	' 1 Lock-on-Fault Developers, A User user@example.org
 3 t, A User user@example.org' ]"
reset_toy

# Who commits
nobody() {
	env -u GIT_AUTHOR_NAME -u GIT_AUTHOR_EMAIL -u GIT_COMMITTER_NAME -u GIT_COMMITTER_EMAIL \
		HOME="$toys/empty" LINUX="$toy_linux" "$toy/scripts/apply" v4.2-rc1
}
check "apply: refuses if git does not know who commits" fails 'user.name and user.email' nobody
check "apply: that changed nothing" is_now old
git -C "$toy_linux" config user.name 'From Config'
git -C "$toy_linux" config user.email config@example.org
check "apply: takes the committer from the configuration of the tree" nobody
check "apply: that committer is in the log" sh -c "
	[ \"\$(git -C '$toy_linux' log -1 --format=%ce)\" = config@example.org ]"
git -C "$toy_linux" config --remove-section user
reset_toy

# Other work trees, places, owners, line ends
git -C "$toy_linux" worktree add -q "$toys/on-a-disk" -b on-a-disk
mv "$toys/on-a-disk" "$toys/disk-is-away"
apply >/dev/null 2>&1 || :
mv "$toys/disk-is-away" "$toys/on-a-disk"
check "apply: a work tree on an absent disk stays known" sh -c "
	git -C '$toys/on-a-disk' status && git -C '$toy_linux' worktree list | grep on-a-disk"
reset_toy
check "apply: to a linked work tree" apply "$toys/on-a-disk"
check "apply: only that one changed" sh -c "
	[ '$old' = \"\$(git -C '$toy_linux' rev-parse HEAD)\" ] &&
	[ '$toy_tree' = \"\$(git -C '$toys/on-a-disk' rev-parse 'HEAD^{tree}')\" ] &&
	[ -z \"\$(git -C '$toys/on-a-disk' status --porcelain)\" ]"
git -C "$toy_linux" worktree remove --force "$toys/on-a-disk"
git -C "$toy_linux" branch -qD on-a-disk
check "apply: needs no TMPDIR, it works beside the tree" env TMPDIR="$toys/none" LINUX="$toy_linux" \
	"$toy/scripts/apply" v4.2-rc1
check "apply: nothing is left in the tree" is_now new
reset_toy
check "apply: a tree of somebody else is refused with the remedy" fails 'safe.directory' \
	env GIT_TEST_ASSUME_DIFFERENT_OWNER=1 LINUX="$toy_linux" "$toy/scripts/apply" v4.2-rc1
printf '[safe]\n\tdirectory = %s\n' "$toy_linux" >"$toys/safe"
check "apply: safe.directory is honoured" env GIT_TEST_ASSUME_DIFFERENT_OWNER=1 \
	GIT_CONFIG_GLOBAL="$toys/safe" LINUX="$toy_linux" "$toy/scripts/apply" v4.2-rc1
reset_toy
check "apply: safe.directory of the command line, too" env GIT_TEST_ASSUME_DIFFERENT_OWNER=1 \
	GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0="$toy_linux" \
	LINUX="$toy_linux" "$toy/scripts/apply" v4.2-rc1
reset_toy
git -c core.autocrlf=true clone -q "$toy_linux" "$toys/crlf"
git -C "$toys/crlf" config core.autocrlf true
check "apply: to a tree cloned with core.autocrlf" apply "$toys/crlf"
check "apply: which is whole and clean" is_now new "$toys/crlf"
cp -R "$toy_linux" "$toys/a tree: one"
check "apply: to a tree whose name has a blank and a colon" apply "$toys/a tree: one"
check "apply: that one is whole and clean" is_now new "$toys/a tree: one"

cp -R "$toy_linux" "$toys/it's a \"tree\""
check "apply: or quotes" apply "$toys/it's a \"tree\""
check "apply: it is whole and clean, too" is_now new "$toys/it's a \"tree\""

# What is the user's is refused or left alone
git init -q "$toys/hooked"
git -C "$toys/hooked" commit -q --allow-empty -m "a repository whose hook calls us"
hooked=$(git -C "$toys/hooked" rev-parse HEAD)
check "apply: GIT_DIR of a hook is not followed" env GIT_DIR="$toys/hooked/.git" \
	GIT_INDEX_FILE="$toys/hooked/.git/index" GIT_WORK_TREE="$toys/hooked" \
	LINUX="$toy_linux" "$toy/scripts/apply" v4.2-rc1
check "apply: the hook's repository is as it was, the tree is whole" sh -c "
	[ '$hooked' = \"\$(git -C '$toys/hooked' rev-parse HEAD)\" ] &&
	[ '$toy_tree' = \"\$(git -C '$toy_linux' rev-parse 'HEAD^{tree}')\" ]"
reset_toy
mkdir "$toy_linux/tools"
echo mine >"$toy_linux/tools/new-3"
check "apply: an untracked file in the way is named" fails 'tools/new-3' apply
check "apply: that file is as it was" grep -qx mine "$toy_linux/tools/new-3"
echo '/tools/' >"$toy_linux/.git/info/exclude"
check "apply: so is one that is ignored" fails 'tools/new-3' apply
check "apply: the ignored one is as it was" sh -c "
	grep -qx mine '$toy_linux/tools/new-3' && [ '$old' = \"\$(git -C '$toy_linux' rev-parse HEAD)\" ]"
rm "$toy_linux/.git/info/exclude"
reset_toy
echo mine >"$toy_linux/tools"
check "apply: a file where a folder has to be is refused" fails 'in the way' apply
check "apply: it is as it was" grep -qx mine "$toy_linux/tools"
reset_toy
# in_way: what is ignored, and where the series needs a folder, is named and kept
in_way() {
	echo /tools >"$toy_linux/.git/info/exclude"
	fails 'in the way of the series: it would overwrite tools;' apply && [ "$old" = "$(git -C "$toy_linux" rev-parse HEAD)" ]
}
echo mine >"$toy_linux/tools"
check "apply: so is one that is ignored, where a folder has to be" in_way
check "apply: the ignored one is kept" grep -qx mine "$toy_linux/tools"
rm -f "$toy_linux/tools"
ln -s "$toys/empty" "$toy_linux/tools"
check "apply: and an ignored link" in_way
check "apply: the link is kept" test -L "$toy_linux/tools"
rm -f "$toy_linux/.git/info/exclude" "$toy_linux/tools"
reset_toy
git -C "$toy_linux" sparse-checkout set --no-cone '/*' '!/mm/file-3.c' 2>/dev/null
check "apply: a file that is not checked out is named" fails 'not checked out files .*: mm/file-3.c;.*sparse-checkout disable' apply
check "apply: that changes nothing" sh -c "[ '$old' = \"\$(git -C '$toy_linux' rev-parse HEAD)\" ]"
git -C "$toy_linux" sparse-checkout set --no-cone '/*' '!/tools/' 2>/dev/null
check "apply: new files are checked out, where old ones would not be, too" apply
check "apply: all of them" is_now new
git -C "$toy_linux" sparse-checkout disable
reset_toy
git -C "$toy_linux" update-index --assume-unchanged mm/file-3.c
echo mine >>"$toy_linux/mm/file-3.c"
check "apply: so is one that was edited and marked assume-unchanged" fails 'mm/file-3.c' apply
check "apply: that edit is kept" grep -qx mine "$toy_linux/mm/file-3.c"
git -C "$toy_linux" update-index --no-assume-unchanged mm/file-3.c
reset_toy
git -C "$toy_linux" config --unset core.sparseCheckout || :
check "apply: a full disk is noticed before anything is done" \
	fails 'MB free, and 999999999 are needed' env LOF_NEED_MB=999999999 LINUX="$toy_linux" "$toy/scripts/apply" v4.2-rc1
check "apply: it has done nothing" is_now old
cp "$toy_linux/.git/index" "$toys/index"
echo damaged >"$toy_linux/.git/index"
check "apply: a git status that fails is not clean" fails 'git status fails' apply
cp "$toys/index" "$toy_linux/.git/index"
mkdir "$toy_linux/.git/rebase-merge"
check "apply: refused in the midst of a rebase" fails 'midst of a rebase' apply
rmdir "$toy_linux/.git/rebase-merge"
printf '#!/bin/sh\ntouch "%s/hook-ran"\n' "$toys" >"$toy_linux/.git/hooks/post-checkout"
chmod +x "$toy_linux/.git/hooks/post-checkout"
cp "$toy_linux/.git/hooks/post-checkout" "$toy_linux/.git/hooks/post-merge"
apply >/dev/null 2>&1 || :
check "apply: no hook is run" test ! -e "$toys/hook-ran"
rm "$toy_linux/.git/hooks"/post-*
reset_toy

# A patch that does not fit: file and hunk, whatever the language
cp -R "$toy_linux" "$toys/misfit"
sed -i '18,22s/^/other /' "$toys/misfit/mm/file-2.c"
git -C "$toys/misfit" commit -qam "another line 20"
mkdir "$toys/de"
cat >"$toys/de/git" <<-EOF2
	#!/bin/sh
	if [ "\$LC_ALL" = C ] && [ -z "\$LANGUAGE" ]; then exec $(command -v git) "\$@"; fi
	$(command -v git) "\$@" 2>"$toys/de/err"
	status=\$?
	sed 's/patch failed/Anwendung des Patches fehlgeschlagen/; s/^error/Fehler/' "$toys/de/err" >&2
	exit \$status
EOF2
chmod +x "$toys/de/git"
check "apply: what does not fit is named by subject, file and hunk, in any locale" \
	fails '"mm: toy: change line 20" does not fit.*mm/file-2.c, hunk @@ -17,7 +17,7 @@' \
	env PATH="$toys/de:$PATH" LC_ALL=de_DE.UTF-8 LANGUAGE=de LINUX="$toys/misfit" \
	"$toy/scripts/apply" v4.2-rc1
check "apply: in one line on its own" sh -c "[ \"\$(grep -c . '$tmp/err')\" -le 2 ]"
check "apply: and changes nothing" sh -c "
	[ -z \"\$(git -C '$toys/misfit' status --porcelain)\" ] && [ ! -e '$toys/misfit/.git/lof-apply' ] &&
	[ \"\$(git -C '$toys/misfit' log -1 --format=%s)\" = 'another line 20' ]"

# Signals, at each call of git that apply makes: before it, or while it runs.  Whoever
# is in the group of apply gets them, as from a terminal.
mkdir "$toys/at"
cat >"$toys/at/git" <<-EOF2
	#!/bin/sh
	echo call >>"$toys/at/count"
	n=\$(wc -l <"$toys/at/count")
	# The last calls of apply are in a session of their own
	[ \$n -ne 1 ] || sed 's/^.*) //' /proc/\$\$/stat | cut -d' ' -f3 >"$toys/at/group"
	if [ \$n -eq \${AT:-0} ]; then
		group=\$(cat "$toys/at/group")
		if [ \$WHEN = in ]; then
			exec 3<&0
			$(command -v git) "\$@" <&3 &
			sleep 0.002
		fi
		kill -s \$SIGNAL -- -\$group
		# A machine that stops stops all
		[ \$SIGNAL != KILL ] || kill -KILL -- -\$(sed 's/^.*) //' /proc/\$\$/stat | cut -d' ' -f3)
		[ \$WHEN != in ] || { wait \$!; exit; }
	fi
	exec $(command -v git) "\$@"
EOF2
chmod +x "$toys/at/git"
# apply_until SIGNAL AT before|in
apply_until() {
	: >"$toys/at/count"
	SIGNAL=$1 AT=$2 WHEN=$3 PATH=$toys/at:$PATH LINUX=$toy_linux GIT_COMMITTER_DATE=@1000000000 \
		timeout 0 "$toy/scripts/apply" v4.2-rc1 >"$toys/at/log" 2>&1 || :
	# A git at the other end of a pipe may have survived it: it holds the lock
	flock "$toy_linux/.git" true
}
# try_moment SIGNAL AT before|in: count the state that it leaves, stop at a wrong one
try_moment() {
	apply_until "$1" "$2" "$3"
	tried=$((tried + 1))
	if [ "$1" = KILL ]; then
		# What has to be there after the next run, not after this one
		! grep -q 'git -C .* reset --hard' "$toys/at/log" || announced=$((announced + 1))
		LINUX=$toy_linux GIT_COMMITTER_DATE=@1000000000 \
			"$toy/scripts/apply" v4.2-rc1 >"$toys/at/next" 2>&1 ||
			grep -q 'has mlock2' "$toys/at/next" || cat "$toys/at/next"
	fi
	s=$(state "$toy_linux")
	case $s in
	old) was_old=$((was_old + 1)) ;;
	new) was_new=$((was_new + 1)) ;;
	*)	echo "$1 $3 call $2 of git: $s"
		cat "$toys/at/log"
		git -C "$toy_linux" status --short
		return 1 ;;
	esac
	reset_toy
}
apply_until NONE 0 before
calls=$(wc -l <"$toys/at/count")
reset_toy
# Each call, and each of the last ones (the last step is in them) by each signal
polite_moments() {
	tried=0 was_old=0 was_new=0
	reset_toy
	at=1
	while [ $at -le $((calls + 1)) ]; do
		case $((at % 3)) in 0) signals=INT ;; 1) signals=TERM ;; *) signals=HUP ;; esac
		[ $at -lt $((calls - 8)) ] || signals="INT TERM HUP"
		for signal in $signals; do
			try_moment $signal $at in || return 1
		done
		at=$((at + 1))
	done
	echo "$tried moments: $was_old old, $was_new new"
	[ $tried -ge 50 ] && [ $was_old -gt 20 ] && [ $was_new -gt 3 ]
}
check "apply: Ctrl-C, TERM and HUP at more than fifty moments leave the tree old or new" polite_moments
killed_moments() {
	tried=0 was_old=0 was_new=0 announced=0
	reset_toy
	at=$((calls - 14))
	while [ $at -le "$calls" ]; do
		when=in
		[ $((at % 2)) -eq 0 ] || when=before
		try_moment KILL $at $when || return 1
		at=$((at + 1))
	done
	echo "$tried moments: $was_old old, $was_new new, $announced had said how to take it back"
	[ $was_new -eq $tried ] && [ $announced -gt 4 ]
}
check "apply: after SIGKILL the next run makes it whole" killed_moments
# What was printed, at each of these moments
take_back() {
	at=$((calls - 9)) taken=0
	while [ $at -le $((calls - 1)) ]; do
		apply_until KILL $at in
		undo=$(sed -n 's/.*take it back: //p' "$toys/at/log")
		if [ -n "$undo" ]; then
			taken=$((taken + 1))
			sh -c "$undo" || return 1
			[ "$(git -C "$toy_linux" rev-parse HEAD)" = "$old" ] &&
				[ -z "$(git -C "$toy_linux" status --porcelain --ignored)" ] || {
				echo "in call $at of git"
				git -C "$toy_linux" status --short --ignored
				return 1
			}
			apply >"$toys/at/next" 2>&1 && is_now new || { cat "$toys/at/next"; return 1; }
		fi
		rm -rf "$toy_linux/.git/lof-apply"
		reset_toy
		at=$((at + 1))
	done
	[ $taken -gt 4 ]
}
check "apply: after SIGKILL the command that was printed takes it back" take_back
mkdir "$toys/a'b"
cp -R "$toy_linux" "$toys/a'b/tree"
# Where the machine stops before anything was changed, that command changes nothing
quoted_undo() {
	LINUX="$toys/a'b/tree" "$toy/scripts/apply" v4.2-rc1 2>"$toys/at/log" || return 1
	sh -c "$(sed -n 's/.*take it back: //p' "$toys/at/log")" && is_now old "$toys/a'b/tree"
}
check "apply: the command is quoted for a tree with a quote in its name" quoted_undo
# A git of somebody else's that commits in the last step: commit, or by its parts
mkdir "$toys/other-git"
cat >"$toys/other-git/git" <<-EOF2
	#!/bin/sh
	real=$(command -v git)
	for arg; do
		if [ "\$arg" = --reset ] && [ -e "$toy_linux/.git/lof-apply/step" ] && [ ! -e "$toys/other-git/done" ]; then
			(
				unset GIT_INDEX_FILE
				cd "$toy_linux"
				case \$HOW in
				commit) \$real commit -q --allow-empty -m mine && \$real rev-parse HEAD ;;
				*) new=\$(\$real commit-tree -p HEAD -m mine 'HEAD^{tree}') && \$real update-ref HEAD \$new && echo \$new ;;
				esac >"$toys/other-git/done"
			)
		fi
	done
	exec \$real "\$@"
EOF2
chmod +x "$toys/other-git/git"
other_commit() {	# commit|parts: whatever becomes of apply, a commit that was made is on the branch
	rm -f "$toys/other-git/done"
	reset_toy
	HOW=$1 PATH=$toys/other-git:$PATH LINUX=$toy_linux "$toy/scripts/apply" v4.2-rc1 >"$toys/at/log" 2>&1 || :
	cat "$toys/at/log"
	[ -e "$toys/other-git/done" ] || return 1
	mine=$(cat "$toys/other-git/done")
	[ -z "$mine" ] || git -C "$toy_linux" merge-base --is-ancestor "$mine" HEAD || { echo "it is off the branch"; return 1; }
	[ -z "$(git -C "$toy_linux" status --porcelain)" ] || { git -C "$toy_linux" status --short; return 1; }
	! grep -v 'the last step; should it' "$toys/at/log" | grep 'reset --hard'
}
check "apply: a commit that somebody makes in the last step stays on the branch" other_commit commit
check "apply: also one that git's index lock does not hold up" other_commit parts
check "apply: which leaves the tree without a journal" test ! -e "$toy_linux/.git/lof-apply"
reset_toy
# A file that was edited between the kill and the next run
edited() {
	at=$((calls - 9)) kept=0
	reset_toy
	while [ $at -le $((calls - 1)) ]; do
		apply_until KILL $at before
		if [ -e "$toy_linux/.git/lof-apply/step" ]; then
			kept=$((kept + 1))
			echo mine >"$toy_linux/mm/file-4.c"
			! apply >"$toys/at/next" 2>&1 || { cat "$toys/at/next"; return 1; }
			grep -qx mine "$toy_linux/mm/file-4.c" || { echo lost; return 1; }
		fi
		rm -rf "$toy_linux/.git/lof-apply"
		rm -f "$toy_linux/.git/index.lock"
		reset_toy
		at=$((at + 1))
	done
	[ $kept -gt 2 ]
}
check "apply: an edit made after SIGKILL is not overwritten by the next run" edited
# A commit that was made after the step was taken back
taken_back() {	# printed|by-hand
	reset_toy
	at=$((calls - 1)) undo=
	while [ $at -gt 0 ] && ! { [ -n "$undo" ] && [ -e "$toy_linux/.git/lof-apply/step" ]; }; do
		rm -rf "$toy_linux/.git/lof-apply"
		rm -f "$toy_linux/.git/index.lock"
		reset_toy
		apply_until KILL $at before
		undo=$(sed -n 's/.*take it back: //p' "$toys/at/log")
		at=$((at - 1))
	done
	[ -n "$undo" ] || return 1
	if [ "$1" = printed ]; then
		sh -c "$undo"
		[ ! -e "$toy_linux/.git/lof-apply" ] || { echo "the journal is still there"; return 1; }
	else
		rm -f "$toy_linux/.git/index.lock"
		git -C "$toy_linux" reset -q --hard "$old"
	fi
	echo mine >>"$toy_linux/mm/file-4.c"
	git -C "$toy_linux" commit -qam mine
	mine=$(git -C "$toy_linux" rev-parse HEAD)
	apply >"$toys/at/next" 2>&1 || :
	cat "$toys/at/next"
	if grep -v 'the last step; should it' "$toys/at/next" | grep 'reset --hard' ||
	   ! git -C "$toy_linux" merge-base --is-ancestor "$mine" HEAD; then
		return 1
	fi
}
check "apply: a commit made after the printed command is not to be dropped" taken_back printed
check "apply: nor one made after a reset by hand" taken_back by-hand
check "apply: which is told what the journal is" grep -q "want LINUX as it is: rm -r" "$toys/at/next"
rm -rf "$toy_linux/.git/lof-apply"
reset_toy
printf '#!/bin/sh\ntouch "%s"\n' "$toys/fsmonitor-ran" >"$toys/fsmonitor"
chmod +x "$toys/fsmonitor"
git -C "$toy_linux" config core.fsmonitor "$toys/fsmonitor"
apply >/dev/null 2>&1 || :
git -C "$toy_linux" config --unset core.fsmonitor
check "apply: no program of core.fsmonitor is run" test ! -e "$toys/fsmonitor-ran"
reset_toy
apply >/dev/null 2>&1
check "apply: a second time is refused" fails 'already\|does not fit\|would overwrite' apply
check "apply: which changes nothing" is_now new
reset_toy

# The queue for the version of the tree
mkdir "$toy/patches/other"
echo 'VERSION=5 PATCHLEVEL=10 SUBLEVEL=7 TAKE_OUT=yes' >"$toy/patches/other/base"
by_version() { LINUX=$toy_linux "$toy/scripts/apply" auto; }
check "apply: BASE=auto is the queue for the version of the tree" by_version
check "apply: that one was applied" is_now new
reset_toy
toy_version() {
	printf 'VERSION = %s\nPATCHLEVEL = %s\n' "$1" "$2" >"$toy_linux/Makefile"
	git -C "$toy_linux" commit -qam "version $1.$2"
}
toy_version 4 4
check "apply: BASE=auto without one names those that there are" \
	fails 'is Linux 4.4 .*: other (Linux 5.10 .*) v4.2-rc1 (Linux 4.2 .*)' by_version
echo 'int mlock2;' >"$toy_linux/mm/mlock.c"
toy_version 5 10
check "apply: a tree of 5.10 with its own mlock2() is told what to do" fails 'take it out with scripts/lib/take-out' by_version
echo 'VERSION=5 PATCHLEVEL=10 SUBLEVEL=8 MLOCK2=yes' >"$toy/patches/other/base"
mkdir "$toy/patches/third"
cp "$toy/patches/other/base" "$toy/patches/third"
check "apply: BASE=auto with two queues that fit asks which" fails 'more than one queue fits: other third; choose with BASE=' by_version
rm -r "$toy/patches/other" "$toy/patches/third"
git -C "$toy_linux" reset -q --hard HEAD~2
reset_toy
