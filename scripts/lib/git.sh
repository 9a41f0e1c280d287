# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # lib.sh sets what this uses, and uses what it sets
#
# git.sh - git for the scripts, the environment they run in, and how processes end that
# they start; sourced by lib.sh.

# What git, patch and sort say is read here, and has to be in one language
export LC_ALL=C
unset LANGUAGE

# A hook of git, or rebase -x, says in the environment which repository is meant: not
# the one that we work on.  The directories that the user called safe stay so, however
# that was said; git.sh of a script that is called by another one finds them again.
if command -v git >/dev/null 2>&1; then
	safe_dirs=$(
		unset GIT_DIR GIT_WORK_TREE GIT_COMMON_DIR GIT_CONFIG
		cd / && git config --show-scope --get-all safe.directory 2>/dev/null |
			awk '/^(system|global|command)\t/ {
				sub(/^[a-z]*\t/, "")
				if ($0 == "") n = 0
				else if (!seen[$0]++) dir[++n] = $0
			}
			END { for (i = 1; i <= n; i++) print dir[i] }'
	)
	# shellcheck disable=SC2046
	unset $(git rev-parse --local-env-vars)
	unset GIT_NAMESPACE GIT_EXTERNAL_DIFF GIT_DIFF_OPTS
	# A tree of ours that is damaged is no reason to work on the repository around OUT
	export GIT_CEILING_DIRECTORIES="$out${GIT_CEILING_DIRECTORIES:+:$GIT_CEILING_DIRECTORIES}"
	safe_count=0
	while IFS= read -r safe_dir; do
		[ -n "$safe_dir" ] || continue
		export "GIT_CONFIG_KEY_$safe_count=safe.directory"
		export "GIT_CONFIG_VALUE_$safe_count=$safe_dir"
		safe_count=$((safe_count + 1))
		export GIT_CONFIG_COUNT="$safe_count"
	done <<-END
	$safe_dirs
	END
fi

# hold_off: from now on no signal stops the script, or a git that it calls.  To ignore
# them is not enough: git has handlers of its own, which remove its lock files.  In a
# session of its own it gets none.
hold_off() {
	trap '' INT TERM HUP
	git_session='setsid -w'
}

# git in a tree of the user's: with his configuration, but without hooks, and nothing
# that goes on in the background
user_git() {
	${git_session:-} git --no-pager -c core.hooksPath=/dev/null -c core.fsmonitor=false -c gc.auto=0 -c maintenance.auto=false \
		-c color.ui=false -c core.quotePath=false "$@"
}

# is_top DIR: succeeds if DIR is the top of a git tree of the user's, and not a folder of one
is_top() {
	[ "$(user_git -C "$1" rev-parse --show-toplevel 2>/dev/null)" = "$(cd "$1" && pwd -P)" ]
}

# is_dirty GIT DIR: succeeds if files that git tracks there have changes.  A git that
# cannot say so is no clean tree: stop.
is_dirty() {
	if dirty_files=$(GIT_OPTIONAL_LOCKS=0 "$1" -C "$2" status --porcelain \
		--untracked-files=no 2>/dev/null); then
		[ -n "$dirty_files" ]
		return
	fi
	dirty_why=$(GIT_OPTIONAL_LOCKS=0 "$1" -C "$2" status --porcelain \
		--untracked-files=no 2>&1 | grep -m 1 '^fatal: \|^error: ' || :)
	case $dirty_why in
	*'dubious ownership'*)
		die "$2 belongs to somebody else, and git reads it only if you say so: git config --global --add safe.directory '$(cd "$2" && pwd -P)'" ;;
	*)	die "git status fails in $2, which may or may not have changes: ${dirty_why:-it gives no reason}" ;;
	esac
}

# in_progress GIT_DIR: print what was begun there and is not finished
in_progress() {
	for begun in rebase-merge:rebase rebase-apply:'rebase or am' MERGE_HEAD:merge \
		     CHERRY_PICK_HEAD:cherry-pick REVERT_HEAD:revert sequencer:sequence; do
		if [ -e "$1/${begun%%:*}" ]; then
			echo "${begun#*:}"
			return
		fi
	done
}

# work_of_user TREE: print what in a tree that scripts/tree made is not ours, if
# anything is.  lof-head is the commit that the queue stands for, lof-next one that
# scripts/tree was about to check out when it was ended.
work_of_user() {
	begun=$(in_progress "$1/.git")
	if [ -n "$begun" ]; then
		echo "a $begun that is not finished"
		return
	fi
	work_known=$(cat "$1/.git/lof-head" "$1/.git/lof-next" 2>/dev/null || :)
	if [ -z "$work_known" ]; then
		# Made by an older scripts/tree that was ended, or by hand
		echo "commits that may be yours, there is no record of ours"
		return
	fi
	for work_ref in HEAD refs/heads/series; do
		work_commit=$(own_git -C "$1" rev-parse -q --verify "$work_ref" || :)
		case $work_commit in
		'') [ "$work_ref" != HEAD ] || echo "no HEAD" ;;
		*) echo "$work_known" | grep -qxF "$work_commit" || {
			echo "commits of yours ($(own_git -C "$1" log -1 --format=%h "$work_commit"))"
			return
		   } ;;
		esac
	done
	uncommitted "$1" "$1/.git/lof-next"
}

# uncommitted TREE MARK: print what was changed there and not committed, if anything
# was; while the file MARK is there, the changes are those of a script that was cut off
uncommitted() {
	hidden=$(hidden_files "$1")
	if [ -n "$hidden" ]; then
		echo "$hidden"
	elif [ ! -f "$2" ] && is_dirty own_git "$1"; then
		echo "changes of yours ($(printf '%s\n' "$dirty_files" | head -n 1 | cut -c4-))"
	fi
}

# hidden_files TREE: print that git was told not to look at files there, if it was
hidden_files() {
	{ own_git -C "$1" ls-files -v || echo "S an index that git cannot read"; } |
		awk '/^[a-zS] / && !found++ {
			print "files marked assume-unchanged or skip-worktree (" substr($0, 3) ")"
		}'
}

# changed_since GIT DIR OLD NEW: a checkout of NEW over OLD was cut off in DIR; the first
# file that was changed there since: one that differs between both and is neither, nor
# was being written
changed_since() {
	"$1" -C "$2" diff --name-only --no-renames "$3" "$4" | while IFS= read -r file; do
		if [ -L "$2/$file" ]; then
			id=$(readlink -n "$2/$file" | "$1" -C "$2" hash-object --stdin)
		elif [ -d "$2/$file" ]; then
			echo "$file"
			break
		elif [ -e "$2/$file" ]; then
			id=$("$1" -C "$2" hash-object -- "$file")
		else
			continue
		fi
		[ "$id" = "$("$1" -C "$2" rev-parse -q --verify "$3:$file")" ] ||
			[ "$id" = "$("$1" -C "$2" rev-parse -q --verify "$4:$file")" ] ||
			"$1" -C "$2" cat-file --filters "$4:$file" 2>/dev/null |
				head -c "$(stat -c %s "$2/$file")" |
				cmp -s - "$2/$file" || { echo "$file"; break; }
	done
}

# go_on TREE GIT_DIR OPTION...: finish the checkout of GIT_DIR/lof-next that was cut off,
# unless something was changed since: nothing of that is overwritten
go_on() {
	go_tree=$1 go_dir=$2
	shift 2
	[ -n "$tmp" ] || make_tmp
	go_old=$(cat "$go_dir/lof-head") go_new=$(cat "$go_dir/lof-next") ||
		die "$go_tree is half made, and there is no record of what it was: save what is yours in it, then: rm -r '$go_tree'"
	rm -f "$go_dir/index.lock" "$go_dir/HEAD.lock"
	go_index=$(own_git -C "$go_tree" write-tree) || go_index=
	case $go_index in
	"$(own_git -C "$go_tree" rev-parse "$go_old^{tree}")"|"$(own_git -C "$go_tree" rev-parse "$go_new^{tree}")") ;;
	*) die "$go_tree was being checked out when a run was ended, and its index was changed since: save what is yours, then: git -C '$go_tree' reset --hard $go_old" ;;
	esac
	own_git -C "$go_tree" diff --name-only --no-renames "$go_old" "$go_new" >"$tmp/go-ours"
	go_changed=$(changed_since own_git "$go_tree" "$go_old" "$go_new")
	[ -n "$go_changed" ] || {
		own_git -C "$go_tree" diff --name-only --no-renames >"$tmp/go-all" ||
			die "git diff fails in $go_tree"
		go_changed=$(grep -vxFf "$tmp/go-ours" "$tmp/go-all" | head -n 1)
	}
	[ -z "$go_changed" ] ||
		die "$go_tree was being checked out when a run was ended, and $go_changed was changed since: save it elsewhere, then: rm '$go_tree/$go_changed'"
	note "going on with a run that was ended while it checked out $go_tree"
	own_git -C "$go_tree" checkout -q -f "$@" "$go_new" && all_written "$go_tree" ||
		die "$go_tree is half checked out, and git cannot finish it: if a disk is full, free some; the same command again finishes it"
	mv "$go_dir/lof-next" "$go_dir/lof-head"
}

# mark_next GIT_DIR COMMIT: a checkout of COMMIT begins; a full disk leaves no half a mark
mark_next() {
	echo "$2" >"$1/lof-next.new" && mv "$1/lof-next.new" "$1/lof-next" ||
		die "cannot write to $1: is a disk full?"
}

# all_written TREE: succeeds if git has written every file there.  Its checkout says no
# more than a line about one that it could not write.
all_written() { (! is_dirty own_git "$1"); }

# checkout_next TREE GIT_DIR OPTION...: check out GIT_DIR/lof-next, with nothing of the
# user's overwritten.  Unless git refuses before it writes a file, the mark stays when that
# fails, and the next run goes on.
checkout_next() {
	next_tree=$1 next_dir=$2
	shift 2
	! next_log=$(own_git -C "$next_tree" checkout -q --no-overwrite-ignore "$@" \
		"$(cat "$next_dir/lof-next")" 2>&1) || ! all_written "$next_tree" || return 0
	next_why=$(printf '%s\n' "$next_log" | grep -v '^Aborting\|^Please' | paste -sd' ' | tr -s '\t ' ' ')
	case $next_log in
	*'would be overwritten'*|*'would lose untracked'*)
		rm -f "$next_dir/lof-next"
		die "$next_tree is as it was: $next_why" ;;
	esac
	die "$next_tree may be half checked out: ${next_why:-git gives no reason, a disk may be full}; when that is mended, the same command again finishes it"
}

# is_ours_too BASE NAME: succeeds if out/BASE/NAME is a whole work tree of out/BASE/linux;
# wt_dir is what git has of it
is_ours_too() {
	wt=$out/$1/$2
	[ -f "$wt/.git" ] &&
		[ "$(own_git -C "$wt" rev-parse --path-format=absolute --git-common-dir 2>/dev/null)" = \
		  "$(own_git -C "$out/$1/linux" rev-parse --path-format=absolute --git-common-dir 2>/dev/null)" ] &&
		[ "$(own_git -C "$wt" rev-parse --show-toplevel)" = "$(cd "$wt" && pwd -P)" ] &&
		wt_dir=$(own_git -C "$wt" rev-parse --absolute-git-dir) &&
		[ -f "$wt_dir/index" ]
}

# mend BASE NAME: let git know the work tree out/BASE/NAME again whose folder was moved or
# copied together with out/BASE/linux, or that has lost its index
mend() {
	wt=$(cd "$out/$1" && pwd -P)/$2
	wt_name=$(sed -n 's|^gitdir: .*/||p' "$wt/.git")
	wt_dir=${wt%"/$2"}/linux/.git/worktrees/${wt_name:-none}
	[ -f "$wt_dir/lof-head" ] && grep -q "/$1/$2/\.git\$" "$wt_dir/gitdir" || return 0
	echo "gitdir: $wt_dir" >"$wt/.git"
	echo "$wt/.git" >"$wt_dir/gitdir"
	[ -f "$wt_dir/index" ] || own_git -C "$wt" read-tree HEAD
}

# other_file BASE NAME: print the first file of out/BASE/NAME, a work tree whose repository
# is gone, that is not as it was made, as far as out/BASE/linux knows that
other_file() {
	case $2 in
	control) other_commit=refs/tags/control ;;
	stock) other_commit=refs/tags/base ;;
	*) other_commit=refs/heads/series ;;
	esac
	(
		cd "$out/$1/$2" || exit
		GIT_DIR=$out/$1/linux/.git GIT_WORK_TREE=$PWD GIT_INDEX_FILE=$GIT_DIR/lof-other-index
		export GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
		if ! own_git read-tree "$other_commit" 2>/dev/null; then
			echo ", whatever was in it"
		else
			{ own_git diff --name-only --diff-filter=d; own_git ls-files --others; } |
				sed 's/.*/ (&)/;q'
		fi
		rm -f "$GIT_INDEX_FILE"
	)
}

# work_in BASE NAME: print what in the work tree out/BASE/NAME is not ours, if anything is
work_in() {
	wt=$out/$1/$2
	[ ! -f "$wt/.git" ] || is_ours_too "$1" "$2" || mend "$1" "$2"
	if ! is_ours_too "$1" "$2"; then
		[ -e "$wt" ] && [ -n "$(ls -A "$wt")" ] || return 0
		if [ ! -f "$wt/.git" ]; then
			echo "something that is no work tree of ours"
		# Neither a link to a repository that is gone, if that is all that is there, nor
		# what git was about to make for us is work of anybody
		elif [ "$(ls -A "$wt")" != .git ] &&
		     { [ ! -d "$wt_dir" ] || [ -f "$wt_dir/lof-head" ] || [ -f "$wt_dir/index" ]; }; then
			other=$(other_file "$1" "$2")
			[ -z "$other" ] || echo "files that may be yours$other, and its repository is gone"
		fi
		return
	fi
	wt_head=$(own_git -C "$wt" rev-parse -q --verify HEAD) || wt_head=none
	if [ -f "$wt_dir/lof-head" ]; then
		cat "$wt_dir/lof-head" "$wt_dir/lof-next" 2>/dev/null | grep -qxF "$wt_head"
	else
		# Of a time when there was no record
		[ "$(own_git -C "$wt" log -1 --format=%ce)" = lock-on-fault@example.org ]
	fi || {
		echo "commits of yours ($(own_git -C "$wt" log -1 --format=%h))"
		return
	}
	uncommitted "$wt" "$wt_dir/lof-next"
}

# removal BASE NAME: print how the user removes the work tree out/BASE/NAME, so that git knows of it
removal() {
	if is_ours_too "$1" "$2"; then
		echo "git -C '$out/$1/linux' worktree remove --force '$wt'"
	else
		echo "rm -r '$out/$1/$2'"
	fi
}

# go_to TREE GIT_DIR COMMIT: check out another commit in a work tree, with nothing of the
# user's overwritten
go_to() {
	mark_next "$2" "$3"
	checkout_next "$1" "$2" --detach
	mv "$2/lof-next" "$2/lof-head"
}

# lock_mutants BASE: there is one tree out/BASE/mutant, for mutants, planted and ranges
lock_mutants() {
	exec 7>"$out/$1/.mutants"
	flock -n 7 || die "another run tries mutants of $1"
}
# clean_mutant BASE: that tree is as it was checked out, and has no work of the user's
clean_mutant() {
	undo_mutant "$1" mutant
	mutant_work=$(work_in "$1" mutant)
	[ -z "$mutant_work" ] ||
		die "$out/$1/mutant has $mutant_work: save what is yours, then: $(removal "$1" mutant)"
}

# make_mutant BASE NAME SCRIPT FILE...: change the files by the script of sed, or the one file
# by SCRIPT.diff, so that undo_mutant knows what was changed by us, also if it ends in the
# midst.  Fails if nothing is changed.
make_mutant() {
	is_ours_too "$1" "$2" || die "$out/$1/$2 is no work tree of ours any more"
	mutant_script=$3
	shift 3
	rm -rf "$wt_dir/lof-mutant.new"
	mkdir "$wt_dir/lof-mutant.new"
	mutant_changes=
	for mutant_file; do
		mutant_new=$wt_dir/lof-mutant.new/$(echo "$mutant_file" | tr / +)
		case $mutant_script in
		*.diff) patch -s -o "$mutant_new" "$wt/$mutant_file" "$mutant_script" >/dev/null || return 1 ;;
		*) sed "$mutant_script" "$wt/$mutant_file" >"$mutant_new" ;;
		esac
		! cmp -s "$mutant_new" "$wt/$mutant_file" || continue
		mutant_changes=yes
		echo "$(own_git hash-object --no-filters "$mutant_new") $mutant_file" >>"$wt_dir/lof-mutant.new/list"
	done
	[ -n "$mutant_changes" ] || return 1
	mv "$wt_dir/lof-mutant.new/list" "$wt_dir/lof-mutant"
	for mutant_file; do
		cp "$wt_dir/lof-mutant.new/$(echo "$mutant_file" | tr / +)" "$wt/$mutant_file.lof-new"
		mv "$wt/$mutant_file.lof-new" "$wt/$mutant_file"
	done
	rm -r "$wt_dir/lof-mutant.new"
}
# undo_mutant BASE NAME: what make_mutant has changed there is as before, and nothing else
undo_mutant() {
	is_ours_too "$1" "$2" && [ -f "$wt_dir/lof-mutant" ] || return 0
	while read -r mutant_id mutant_file; do
		rm -f "$wt/$mutant_file.lof-new"
		[ "$(own_git -C "$wt" hash-object --no-filters "$mutant_file" 2>/dev/null)" != "$mutant_id" ] ||
			own_git -C "$wt" checkout -q -f -- "$mutant_file"
	done <"$wt_dir/lof-mutant"
	rm -rf "$wt_dir/lof-mutant" "$wt_dir/lof-mutant.new"
}

# work_tree BASE NAME COMMIT: out/BASE/NAME is a work tree of out/BASE/linux at COMMIT.
# One whose repository was removed, or made anew, is made anew, too.  What is the user's
# in one is refused.
work_tree() {
	wt_commit=$(own_git -C "$out/$1/linux" rev-parse "$3^{commit}")
	undo_mutant "$1" "$2"
	wt_work=$(work_in "$1" "$2")
	[ -z "$wt_work" ] || die "$out/$1/$2 has $wt_work: save what is yours, then: $(removal "$1" "$2")"
	if is_ours_too "$1" "$2"; then
		rm -f "$wt_dir/index.lock"
		[ ! -f "$wt_dir/lof-next" ] || go_on "$wt" "$wt_dir" --detach
		own_git -C "$wt" rev-parse HEAD >"$wt_dir/lof-head.new"
		mv "$wt_dir/lof-head.new" "$wt_dir/lof-head"
		go_to "$wt" "$wt_dir" "$wt_commit"
	else
		rm -rf "$wt"
		# -f: it may be known there, and lost
		own_git -C "$out/$1/linux" worktree add -q -f -f --detach "$wt" "$wt_commit"
		is_ours_too "$1" "$2" || die "git cannot make the work tree $wt"
		all_written "$wt" || {
			# Then the next run makes it anew
			rm -f "$wt_dir/index"
			die "git cannot write all of $wt: is a disk full?"
		}
	fi
	echo "$wt_commit" >"$wt_dir/lof-head.new"
	mv "$wt_dir/lof-head.new" "$wt_dir/lof-head"
}

# subject_of MAIL: of a patch or mail, without [PATCH], in one line
subject_of() { git mailinfo -b --no-scissors --encoding=UTF-8 /dev/null /dev/null <"$1" | sed -n 's/^Subject: //p'; }

# why_not MAIL LOG: file and hunk at which git apply, whose words are in LOG, stopped
why_not() {
	awk -v log_file="$2" '
		BEGIN {
			while ((getline line < log_file) > 0) {
				if (sub(/^error: patch failed: /, "", line)) {
					match(line, /:[0-9]+$/)
					at[substr(line, 1, RSTART - 1)] = substr(line, RSTART + 1)
				} else if (line ~ /^error: .*: patch does not apply$/)
					continue
				else if (sub(/^error: /, "", line) && line !~ /^patch failed/)
					other = other (other == "" ? "" : "; ") line
			}
		}
		/^diff --git / { file = $3; sub(/^a\//, "", file) }
		/^@@ -/ && file in at {
			split(substr($2, 2), from, ",")
			if (from[1] == at[file]) {
				found = found (found == "" ? "" : "; ") file ", hunk " $0
				delete at[file]
			}
		}
		END {
			for (file in at)
				found = found (found == "" ? "" : "; ") file ", line " at[file]
			if (other != "")
				found = found (found == "" ? "" : "; ") other
			print found == "" ? "git apply gives no reason" : found
		}' "$1"
}

# commit_mails GIT REPO PARENT DIR [DONE TOTAL]: make a commit of each mail 0001... in
# DIR, on top of PARENT, in an index of its own, so that no file and no branch of REPO
# changes.  Sets mails_head to the last one that fits; if one does not, mails_error says
# which, at what file and hunk, and the function fails.  GIT user_git: committed by the
# user; own_git: by us, with the date of the mail, so that the same mails make the same
# commits.
commit_mails() {
	mails_git=$1 mails_repo=$2 mails_head=$3 mails_dir=$4 mails_done=${5:-0}
	mails_total=${6:-$mails_done} mails_said=$(date +%s)
	GIT_INDEX_FILE=$mails_dir/index
	export GIT_INDEX_FILE
	mails_failed=0
	commit_each_mail || mails_failed=1
	unset GIT_INDEX_FILE
	return $mails_failed
}
commit_each_mail() {
	mails_error="git read-tree fails in $mails_repo"
	"$mails_git" -C "$mails_repo" read-tree "$mails_head" || return 1
	for mail in "$mails_dir"/[0-9][0-9][0-9][0-9]; do
		[ -f "$mail" ] || continue
		mails_done=$((mails_done + 1))
		mails_say
		git -c mailinfo.quotedCr=nowarn mailinfo -b --no-scissors --encoding=UTF-8 "$mail.msg" "$mail.diff" <"$mail" >"$mail.info" || {
			mails_error="mail $mails_done of the queue cannot be read"
			return 1
		}
		mails_subject=$(sed -n 's/^Subject: //p' "$mail.info")
		"$mails_git" -C "$mails_repo" apply --cached --whitespace=nowarn "$mail.diff" \
			>"$mail.log" 2>&1 || {
			mails_error="\"$mails_subject\" does not fit: $(why_not "$mail.diff" "$mail.log")"
			return 1
		}
		{ printf '%s\n\n' "$mails_subject"; cat "$mail.msg"; } | git stripspace >"$mail.text"
		mails_head=$(
			GIT_AUTHOR_NAME=$(sed -n 's/^Author: //p' "$mail.info")
			GIT_AUTHOR_EMAIL=$(sed -n 's/^Email: //p' "$mail.info")
			GIT_AUTHOR_DATE=$(sed -n 's/^Date: //p' "$mail.info")
			export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE
			if [ "$mails_git" = own_git ]; then
				GIT_COMMITTER_NAME="Lock-on-Fault Developers"
				GIT_COMMITTER_EMAIL=lock-on-fault@example.org
				GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
				export GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE
			fi
			mails_tree=$("$mails_git" -C "$mails_repo" write-tree) &&
			user_git -c i18n.commitEncoding=UTF-8 -C "$mails_repo" \
				commit-tree -p "$mails_head" -F "$mail.text" "$mails_tree"
		) || {
			mails_error="git cannot commit \"$mails_subject\" in $mails_repo"
			return 1
		}
	done
	[ ! -t 2 ] || printf '\r\033[K' >&2
}
# misfits GIT REPO PARENT DIR: which mails 0001... in DIR do not fit on top of PARENT and those
# before them that do: "number of the mail <tab> subject <tab> file and hunk"
misfits() {
	(
		export GIT_INDEX_FILE="$4/index"
		"$1" -C "$2" read-tree "$3" || exit 1
		for mail in "$4"/[0-9][0-9][0-9][0-9]; do
			git -c mailinfo.quotedCr=nowarn mailinfo -b --no-scissors --encoding=UTF-8 "$mail.msg" "$mail.diff" <"$mail" >"$mail.info"
			"$1" -C "$2" apply --cached --whitespace=nowarn "$mail.diff" >"$mail.log" 2>&1 ||
				printf '%d\t%s\t%s\n' "$(expr "${mail##*/}" + 0)" "$(sed -n 's/^Subject: //p' "$mail.info")" \
					"$(why_not "$mail.diff" "$mail.log")"
		done
	)
}

# How far it is: a line that moves, or one a minute
mails_say() {
	if [ -t 2 ]; then
		printf '\r%s: commit %d of %d ' "$me" "$mails_done" "$mails_total" >&2
	elif [ $(($(date +%s) - mails_said)) -ge 60 ]; then
		mails_said=$(date +%s)
		note "commit $mails_done of $mails_total"
	fi
}

# split_queue BASE DIR [UPTO]: the mails of BASE's queue as DIR/0001 and so on, as far as UPTO
split_queue() {
	mkdir -p "$2"
	TMPDIR=$2 "$top/scripts/queue" ${3:+--upto "$3"} "$1" >"$2/queue" || die "the queue of $1 cannot be read"
	git mailsplit --keep-cr -d4 -o"$2" "$2/queue" >/dev/null
	rm "$2/queue"
}

# private_store DIR STORE: from now on git writes its objects to DIR, and reads those of
# STORE, too.  For a subshell.
private_store() {
	export GIT_OBJECT_DIRECTORY="$1"
	# In quotes of git's own: a colon would end the name
	GIT_ALTERNATE_OBJECT_DIRECTORIES=$(printf '%s' "$2" | sed 's/[\\"]/\\&/g; s/.*/"&"/')
	export GIT_ALTERNATE_OBJECT_DIRECTORIES
}

# tree_key BASE SOURCE: a sum of all that out/BASE/linux is made of; SOURCE is the tree
# object of LINUX, or nothing for what was fetched
tree_key() {
	{
		"$top/scripts/queue" "$1" || die "the queue of $1 cannot be read"
		cat "$top/scripts/lib/take-out"
		cat "$(of_base "$1" "patches/%/toolchain")"/*.patch 2>/dev/null || :
		echo "$2"
	} | sha256sum | cut -d' ' -f1
}

# How a script ends.  Its traps are set here, for a signal may come at any moment, also
# while it ends already, and Ctrl-C is pressed more than once: then dash leaves the trap
# of EXIT in its midst for that of the signal.  So both do the same, the second time
# undisturbed: end what was started, do what at_end was told, remove the directory tmp.
tmp=
# at_end COMMAND: more to do then; it may be done twice
at_end() {
	# shellcheck disable=SC2064  # the command is meant, its variables are those of then
	trap "trap '' INT TERM HUP; end_started; { $1; } || :; remove_tmp" EXIT
	# shellcheck disable=SC2064
	trap "trap '' INT TERM HUP; end_started; { $1; } || :; remove_tmp; exit 130" INT TERM HUP
}
remove_tmp() { [ -z "$tmp" ] || rm -rf "$tmp"; }

# A signal may also come between `command &` and `job=$!`.  So a script that starts
# something does
#
#	expect_job
#	command &
#	job=$!
#	... wait "$job"
#	job='' job_expected=
job='' job_expected=''
expect_job() {
	job='' job_last=${!:-}
	job_expected=yes
}
end_started() {
	[ -n "$job_expected" ] || return 0
	job=${job:-${!:-}}
	# Nothing was started yet
	[ "$job" != "$job_last" ] || return 0
	end_job "$job"
}

# end_job PID: end a process and all that it has started, and wait for it.  What does
# not end by itself in five seconds is killed, with what it has started meanwhile.
end_job() {
	job_stop "$1"
	job_signal TERM
	job_tries=0
	while job_living; [ -n "$job_alive" ] && [ $job_tries -lt 60 ]; do
		job_tries=$((job_tries + 1))
		[ $job_tries -lt 50 ] || {
			# shellcheck disable=SC2086
			job_stop $job_alive
			job_signal KILL
		}
		sleep 0.1
	done
	wait "$1" 2>/dev/null || :
}
# job_stop PID...: stop them and all that they have started, so that none begins another
# one that would be missed; job_all is who
job_stop() {
	job_all='' job_new=$*
	while [ -n "$job_new" ]; do
		job_all="$job_all $job_new"
		# shellcheck disable=SC2086
		kill -STOP $job_new 2>/dev/null || :
		job_new=$(cat /proc/[0-9]*/stat 2>/dev/null | awk -v all="$job_all" '
			BEGIN { n = split(all, p, " "); for (i = 1; i <= n; i++) ours[p[i]] }
			{
				pid = $1
				sub(/^.*\) /, "")
				if ($2 in ours && !(pid in ours))
					print pid
			}' | paste -sd' ')
	done
}
# job_signal SIGNAL: to all that were stopped, which go on
job_signal() {
	# shellcheck disable=SC2086
	kill -s "$1" $job_all 2>/dev/null || :
	# shellcheck disable=SC2086
	kill -s CONT $job_all 2>/dev/null || :
}
# job_living: job_alive is who of job_all has not ended
job_living() {
	job_alive=
	for job_pid in $job_all; do
		case $(sed 's/^.*) //' "/proc/$job_pid/stat" 2>/dev/null) in
		''|Z*|X*) ;;
		*) job_alive="$job_alive $job_pid" ;;
		esac
	done
}
at_end :
