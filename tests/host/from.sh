# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154,SC2119,SC2120  # tests/host/run sets top and tmp, toy.sh the toy
#
# from.sh - tests of a base that stands on another one (FROM=), and of how scripts/apply picks
# a queue; tests/host/run reads it

child=$toy/patches/child parent=$toy/patches/v4.2-rc1 child_linux=$toys/child-linux
child_out=$toy/out/child/linux
export LOF_CACHE="$toys/toy-cache"
mkdir "$child"
printf 'FROM=v4.2-rc1\nSUBLEVEL=8 GIT_URL=\nFILES_OMIT="tools/new-2"\nFILES_MAP="tools/new-3:lib/third"\n' >"$child/base"
cp "$child/base" "$toys/child-base"
printf '# the child has it\n0040\tthe child has line 40\n' >"$child/absent"
cp "$child/absent" "$toys/child-absent"
cp -R "$toy_linux" "$child_linux"
sed -i '18s/.*/another 18/' "$child_linux/mm/file-2.c"
printf 'VERSION = 4\nPATCHLEVEL = 2\nSUBLEVEL = 8\n' >"$child_linux/Makefile"
git -C "$child_linux" commit -qam "the child"
queue() { "$toy/scripts/queue" "$@"; }
# is_list BASE NAME...: these are the patches of its queue
is_list() {
	list_base=$1
	shift
	queue --list "$list_base" | sed "s|^$toy/patches/||" | paste -sd' ' >"$toys/is-list"
	echo "$*" | cmp - "$toys/is-list" || { cat "$toys/is-list"; return 1; }
}
given_1=v4.2-rc1/0001-mm-toy-change-line-1.patch given_20=v4.2-rc1/0020-mm-toy-change-line-20.patch
given_40=v4.2-rc1/0040-mm-toy-change-line-40.patch
check "from: the queue is the other one's, without what is absent" is_list child "$given_1" "$given_20"
check "from: that of the other one is as it was" is_list v4.2-rc1 "$given_1" "$given_20" "$given_40"
mkdir "$toy/patches/grandchild"
printf 'FROM=child\n' >"$toy/patches/grandchild/base"
printf '0001\tnot there\n' >"$toy/patches/grandchild/absent"
check "from: a base can stand on one that stands on another" is_list grandchild "$given_20"
check "from: the new files are where FILES_MAP puts them, without those of FILES_OMIT" sh -c "
	[ \"\$('$toy/scripts/queue' child | sed -n 's/^+++ b\/\(.*\(new-\|third\).*\)/\1/p' | paste -sd' ')\" = \
	'lib/third tools/new-1 tools/new-4 tools/new-5 tools/new-6 tools/new-7 tools/new-8' ]"
sed -i 's/^FROM=.*/FROM=nothing/' "$child/base"
check "from: a base that is not there is named" fails "FROM=nothing, and there is no such base" queue child
check "from: also for one that stands on it" fails "child/base has FROM=nothing" queue grandchild
sed -i 's/^FROM=.*/FROM=grandchild/' "$child/base"
check "from: a circle is named" fails 'grandchild/base has FROM=child, and so none of them has a beginning' queue child
check "from: scripts/tree says so, and makes nothing" sh -c "
	! LINUX='$child_linux' '$toy/scripts/tree' child 2>'$toys/err' && grep -q 'has a beginning' '$toys/err' && [ ! -e '$toy/out/child' ]"
check "from: scripts/kernel says so, too" fails 'has a beginning' "$toy/scripts/kernel" child x86_64
cp "$toys/child-base" "$child/base"
rm -r "$toy/patches/grandchild"
printf '0041\tno such patch\n' >>"$child/absent"
check "from: a number that is absent, and that the other one lacks, is named" \
	fails 'patches/child/absent: v4.2-rc1 has no patch 0041' queue child
printf '0020\n' >"$child/absent"
check "from: so is a number without a reason" fails '"0020" is not a number, a tab and a reason' queue child
printf '0040 blanks, and no tab\n' >"$child/absent"
check "from: and a line without a tab" fails 'is not a number, a tab and a reason' queue child
printf '00xx\twhy\n' >"$child/absent"
check "from: so is a range, which does not say what is left out" fails 'absent: 00xx is a range' queue child
cp "$toys/child-absent" "$child/absent"
printf '05xx\twhy\n00xx\twhy not\n' >"$parent/absent"
check "absent: a range is a reason for those of it that are not there" is_list v4.2-rc1 "$given_1" "$given_20" "$given_40"
check "absent: also of a base on which another one stands" is_list child "$given_1" "$given_20"
printf '0xxx\twhy\n' >"$parent/absent"
check "absent: another pattern is named" fails '"0xxx.*" is not a number, a tab and a reason' queue child
rm "$parent/absent"
printf '0020\twhy\n' >"$child/absent"
cp "$toy/patches/$given_20" "$child/0020-own.patch"
check "from: a patch that is absent and there is named" fails 'absent: there is a patch 0020 all the same' queue child
cp "$child/0020-own.patch" "$child/0020-another.patch"
cp "$toys/child-absent" "$child/absent"
check "from: so are two of one number" fails 'two patches have the number 0020' queue child
rm "$child"/0020-*
for bad in 'FILES_OMIT="tools/none"' 'FILES_MAP="tools/none:lib"'; do
	{ cat "$toys/child-base"; echo "$bad"; } >"$child/base"
	check "from: ${bad%%=*} of a file that is not there is named" fails 'names tools/none, and files/ has no such file' queue child
done
{ cat "$toys/child-base"; echo 'FILES_MAP="tools/new-3:tools/new-4"'; } >"$child/base"
check "from: two files at one place are named" fails 'puts two files at tools/new-4' queue child
{ cat "$toys/child-base"; echo 'FILES_MAP="tools/new-3"'; } >"$child/base"
check "from: FILES_MAP without a place is named" fails 'tools/new-3, which is not FROM:TO' queue child
cp "$toys/child-base" "$child/base"

# tree, and refresh, which writes only what differs
child_tree() { LINUX=$child_linux "$toy/scripts/tree" child "$@"; }
child_refresh() { "$toy/scripts/refresh" child; }
check "from: a patch of the other base that does not fit is named" \
	fails '"mm: toy: change line 20" does not fit: mm/file-2.c' child_tree
check "from: with --partial there is what comes before it" fails 'has the 1 patches before it' child_tree --partial
for toy_file in "$child_out"/mm/file-*.c; do
	sed -i '20s/.*/& of patch 20/' "$toy_file"
done
git -C "$child_out" commit -qam "mm: toy: change line 20" --author "t <t@example.org>"
check "from: refresh writes what differs" child_refresh
check "from: and only that" is_list child "$given_1" child/0020-mm-toy-change-line-20.patch
check "from: make tree takes it" child_tree
check "from: the tree has the files where they belong" test -f "$child_out/lib/third" -a ! -e "$child_out/tools/new-2" -a ! -e "$child_out/tools/new-3"
check "from: a second refresh leaves it alone" child_refresh
check "from: as it was written" is_list child "$given_1" child/0020-mm-toy-change-line-20.patch
# The other base's patch comes to fit: the own one is dropped
cp "$parent/0020-mm-toy-change-line-20.patch" "$toys/given-20"
cp "$child/0020-mm-toy-change-line-20.patch" "$parent/0020-mm-toy-change-line-20.patch"
check "from: refuses when the other base's patches were changed since" fails 'patches/v4.2-rc1 is not what .* was made from' child_refresh
check "from: which leaves the own patch" test -f "$child/0020-mm-toy-change-line-20.patch"
child_tree >/dev/null 2>&1
check "from: a patch that the other base's makes, too, is dropped, and this is said" sh -c "
	'$toy/scripts/refresh' child 2>&1 | grep 'removed patches/child/0020.*: it is what the patch of v4.2-rc1 makes'"
check "from: then nothing is left of its own" is_list child "$given_1" "$given_20"
git -C "$child_out" commit -q --amend -m "mm: toy: change line 20

With another message."
check "from: another message is a patch of its own" child_refresh
check "from: with that message" grep -qx 'With another message.' "$child/0020-mm-toy-change-line-20.patch"
git -C "$child_out" reset -q --hard HEAD~1
check "from: a patch of the other base without a commit is named" \
	fails '0020 "mm: toy: change line 20" of v4.2-rc1 has no commit in .*: add it, or a line "0020<TAB>why" to patches/child/absent' child_refresh
git -C "$child_out" reset -q --hard 'HEAD@{1}'
toy_commit "$child_out" 40
check "from: a commit that absent says is not there is named" fails '0040 has a commit in .*absent says that it has not' child_refresh
git -C "$child_out" reset -q --hard HEAD~1
seq 1 5 >"$child_out/lib/third"
git -C "$child_out" commit -qam "mm: toy: change line 30"
check "from: a commit that changes a file of files/ is refused where FILES_MAP has put it" \
	fails 'changes lib/third, which stands in files/tools/new-3' child_refresh
git -C "$child_out" reset -q --hard HEAD~1
cp "$toys/given-20" "$parent/0020-mm-toy-change-line-20.patch"

# Two bases of one package
mkdir -p "$toy/patches/deb-a" "$toy/patches/deb-b" "$LOF_CACHE/bases/deb-a"
cp -R "$toy_linux" "$LOF_CACHE/bases/deb-a/linux"
rm -rf "$LOF_CACHE/bases/deb-a/linux/.git"
echo 'DEB_PACKAGE=none VERSION=4 PATCHLEVEL=2' >"$toy/patches/deb-a/base"
printf 'FROM=deb-a\nCONTROL_ENV=x\n' >"$toy/patches/deb-b/base"
check "from: the source of a package is there once for two bases" sh -c "
	[ \"\$('$toy/scripts/lib/base' deb-b)\" = '$LOF_CACHE/bases/deb-a/linux' ]"
check "from: the first is made of it" "$toy/scripts/tree" deb-a
check "from: the second of what is in git of it" sh -c "'$toy/scripts/tree' deb-b 2>&1 | grep 'its source is that of deb-a'"
check "from: which is the same" sh -c "
	[ \"\$(git -C '$toy/out/deb-a/linux' rev-parse 'series^{tree}')\" = \"\$(git -C '$toy/out/deb-b/linux' rev-parse 'series^{tree}')\" ]"
# Is it the kernel of the other one?
cp -R "$top/tests" "$toy/tests"
same() { "$toy/tests/static/same" deb-b; }
check "same: a base that is not said to be is named" fails 'no SAME_AS in patches/deb-b/base' same
printf 'FROM=deb-a\nSAME_AS=deb-a\n' >"$toy/patches/deb-b/base"
check "same: without a table it says so" fails 'differs.tsv' same
printf '# nothing\n' >"$toy/patches/deb-b/differs.tsv"
check "same: two equal trees" same
printf 'FROM=deb-a\nSAME_AS=deb-a\nFILES_OMIT="tools/new-2"\n' >"$toy/patches/deb-b/base"
"$toy/scripts/tree" deb-b >/dev/null 2>&1
check "same: a difference that the table lacks" fails '^not ok 4 - deb-b: what is beside them' same
check "same: is named" grep -qx '# tools/new-2' "$tmp/out"
printf 'tools/new-2\tleft out\n' >"$toy/patches/deb-b/differs.tsv"
check "same: one that it has" same
printf 'tools/new-2\tleft out\nmm/\tof old\n' >"$toy/patches/deb-b/differs.tsv"
check "same: a row without a difference" fails 'mm/ is in the table, and does not differ' same
printf 'tools/new-2\n' >"$toy/patches/deb-b/differs.tsv"
check "same: a row without a reason" fails 'not a file, a tab and a reason' same
printf 'tools/new-2\tleft out\nmm/\tgone\n' >"$toy/patches/deb-b/differs.tsv"
git -C "$toy/out/deb-b/linux" rm -q mm/file-8.c
git -C "$toy/out/deb-b/linux" commit -qm "a file goes"
check "same: a file of the untouched base that is gone" fails '^not ok 6 - deb-b: no file' same
check "same: is named, too" grep -qx '# mm/file-8.c' "$tmp/out"
git -C "$toy/out/deb-b/linux" reset -q --hard HEAD~1
rm -r "$toy/tests"
rm -rf "$toy/out/deb-a"
check "from: and does not need the first any more" sh -c "git -C '$toy/out/deb-b/linux' fsck && '$toy/scripts/tree' deb-b"
rm -rf "$toy/patches/deb-a" "$toy/patches/deb-b" "$toy/out/deb-b" "$LOF_CACHE/bases/deb-a"

# A queue of fixes alone
check "fixes: a base with SCOPE=fixes has not the whole series" sh -c ". '$top/scripts/lib/lib.sh'
	whole=\$(for one in \$(bases); do ! whole_series \$one || echo \$one; done | LC_ALL=C sort | paste -sd' ')
	echo \"\$whole\"
	[ \"\$whole\" = 'debian-5.10 qnap-4.2.8 stock-5.10 v4.1 v4.1.52 v4.2-rc1 v4.2.8' ]" "$top/scripts/x"

# Which queue apply picks
rm -rf "$child"
mkdir "$child"
printf 'FROM=v4.2-rc1\nSUBLEVEL=8 GIT_URL=\n' >"$child/base"
mkdir "$toy/patches/taken-out" "$toy/patches/has-it"
echo 'VERSION=5 PATCHLEVEL=10 SUBLEVEL=7 TAKE_OUT=yes' >"$toy/patches/taken-out/base"
printf 'FROM=taken-out\nTAKE_OUT=no MLOCK2=yes\n' >"$toy/patches/has-it/base"
# picks VERSION SUBLEVEL MLOCK2 BASE: apply says that it takes that queue, for that tree
rm -rf "$toys/picks"
cp -R "$toy_linux" "$toys/picks"
picks() {
	git -C "$toys/picks" reset -q --hard "$old"
	printf 'VERSION = %s\nPATCHLEVEL = %s\nSUBLEVEL = %s\n' "${1%.*}" "${1#*.}" "$2" >"$toys/picks/Makefile"
	[ "$3" = no ] || echo 'int mlock2;' >"$toys/picks/mm/mlock.c"
	git -C "$toys/picks" commit -qam "$*"
	picks_at=$(git -C "$toys/picks" rev-parse HEAD)
	LINUX=$toys/picks "$toy/scripts/apply" auto >"$toys/picked" 2>&1 || :
	git -C "$toys/picks" reset -q --hard "$picks_at"
	grep -q "$4" "$toys/picked" || { cat "$toys/picked"; return 1; }
}
check "apply: a tree of 4.2 gets the queue of v4.2-rc1" picks 4.2 0 no 'BASE=auto is v4.2-rc1: .* is Linux 4.2.0 without mlock2()'
check "apply: one of 4.2.8 gets its own" picks 4.2 8 no 'BASE=auto is child: .* is Linux 4.2.8 without'
check "apply: so does one that is near to that" picks 4.2 6 no 'BASE=auto is child'
check "apply: 5.10 with its own mlock2() gets the queue for that" picks 5.10 200 yes 'BASE=auto is has-it: .* with an mlock2() of its own'
check "apply: and the other one is not applied by name" fails 'has mlock2() already.*for a kernel with one there is BASE=has-it' \
	env LINUX="$toys/picks" "$toy/scripts/apply" taken-out
check "apply: 5.10 without gets the other one" picks 5.10 200 no 'BASE=auto is taken-out'
check "apply: nor is the queue for a kernel with it for one without" fails 'has no mlock2()' \
	env LINUX="$toys/picks" "$toy/scripts/apply" has-it
# is_for VERSION SUBLEVEL MLOCK2 FIT: of the queues that we ship
is_for() {
	sh -c ". '$top/scripts/lib/lib.sh'; fitting_base \"\$@\"" "$top/scripts/x" "$1" "$2" "$3" >"$toys/is-for" 2>&1 || :
	echo "$4" | cmp -s - "$toys/is-for" || { cat "$toys/is-for"; return 1; }
}
check "apply: 6.12, of any third number, gets debian-6.12" is_for 6.12 3 yes 'fits debian-6.12'
check "apply: stock 5.10 does not" is_for 5.10 200 yes 'fits stock-5.10'
check "apply: 6.1 is told that it is the nearest" is_for 6.1 3 yes 'near debian-6.12'
check "apply: 5.15 is told another one" is_for 5.15 3 yes 'near stock-5.10'
check "apply: 4.2 gets v4.2-rc1" is_for 4.2 0 no 'fits v4.2-rc1'
check "apply: 4.2.8 gets one of two, by what fits" sh -c "
	. '$top/scripts/lib/lib.sh'; fitting_base 4.2 8 no | tr ' ' '\n' | LC_ALL=C sort | paste -sd' ' | grep -qx 'fits qnap-4.2.8 v4.2.8'" "$top/scripts/x"
check "apply: 4.1.15 gets v4.1" is_for 4.1 15 no 'fits v4.1'
check "apply: 4.1.52 gets its own" is_for 4.1 52 no 'fits v4.1.52'
check "apply: 3.18 is told the nearest" is_for 3.18 140 no 'near v4.1.52'
# Two vendors' kernels of one number: which queue it is shows by what fits
sibling=$toy/patches/sibling
mkdir "$sibling"
picks_at=$(git -C "$toys/picks" rev-parse HEAD)
cp "$child/base" "$sibling/base"
sed 's/^ 18$/ another 18/' "$parent/0020-mm-toy-change-line-20.patch" >"$sibling/0020-mm-toy-change-line-20.patch"
# vendors COMMAND: a tree of the sibling's, changed by COMMAND, to which a queue is applied
vendors() {
	git -C "$toys/picks" reset -q --hard "$old"
	printf 'VERSION = 4\nPATCHLEVEL = 2\nSUBLEVEL = 8\n' >"$toys/picks/Makefile"
	sed -i '18s/.*/another 18/' "$toys"/picks/mm/file-*.c
	(cd "$toys/picks" && "$@")
	git -C "$toys/picks" commit -qam "a vendor's"
	LINUX=$toys/picks "$toy/scripts/apply" auto >"$toys/picked" 2>&1
}
check "apply: of two queues for one version that one of which every patch fits" vendors true
check "apply: it says that it tries them" grep -q \
	'is Linux 4.2.8 without mlock2(), and there is more than one queue for that: trying child sibling' "$toys/picked"
check "apply: and which it is" grep -q 'BASE=auto is sibling: of that every patch fits' "$toys/picked"
check "apply: that one was applied" sh -c "
	git -C '$toys/picks' log -3 --format=%s | grep -qx 'mm: toy: change line 20' && grep -qx 'another 18' '$toys/picks/mm/file-2.c'"
export UPTO=00
vendors true || :
unset UPTO
check "apply: with UPTO= it says of which queue" grep -q 'making .*, up to 00xx of sibling$' "$toys/picked"
! vendors sed -i '39,41s/^/other /' mm/file-5.c || :
check "apply: with none that fits it says how many do not, of each" grep -q \
	'no queue for that fits: child (2 of its patches do not fit), sibling (1 of its patches do not fit); nothing was changed' "$toys/picked"
check "apply: with LINUX= of such a tree BASE=auto asks which" fails \
	'is Linux 4.2.8, for which there is more than one base: child sibling; choose with BASE=' \
	env LINUX="$toys/picks" "$toy/scripts/lib/base" auto
check "base: --here of both, and not of one for another version" sh -c "
	export LINUX='$toys/picks'
	'$toy/scripts/lib/base' --here child && '$toy/scripts/lib/base' --here sibling && ! '$toy/scripts/lib/base' --here v4.2-rc1"
rm -r "$sibling"
git -C "$toys/picks" reset -q --hard "$picks_at"
# What no queue is for
sed -i '18,22s/^/other /' "$toys/picks/mm/file-2.c"
sed -i '39,41s/^/other /' "$toys/picks/mm/file-5.c"
printf 'VERSION = 4\nPATCHLEVEL = 4\n' >"$toys/picks/Makefile"
git -C "$toys/picks" commit -qam "a kernel of 4.4"
picks_at=$(git -C "$toys/picks" rev-parse HEAD)
nearest() { LINUX=$toys/picks "$toy/scripts/apply" auto; }
check "apply: a tree that no queue is for is told the nearest, and how many patches do not fit" \
	fails 'the nearest queue is that of v4.2-rc1: 2 of its 3 patches do not fit there' nearest
check "apply: with what it is, and what queues there are" grep -q \
	'is Linux 4.4 without mlock2(), and no queue is for that: child (Linux 4.2 without mlock2()) has-it (Linux 5.10 with an mlock2() of its own)' "$tmp/err"
check "apply: and the first that does not" grep -q 'does not fit: 0020 "mm: toy: change line 20": mm/file-2.c, hunk @@ -17,7 +17,7 @@' "$tmp/err"
check "apply: and the second" grep -q 'does not fit: 0040 "mm: toy: change line 40": mm/file-5.c, hunk @@ -37,7 +37,7 @@' "$tmp/err"
check "apply: nothing was applied" sh -c "
	[ '$picks_at' = \"\$(git -C '$toys/picks' rev-parse HEAD)\" ] && [ -z \"\$(git -C '$toys/picks' status --porcelain)\" ] &&
	[ ! -e '$toys/picks/.git/lof-apply' ]"
git -C "$toys/picks" reset -q --hard HEAD~1
printf 'VERSION = 4\nPATCHLEVEL = 4\n' >"$toys/picks/Makefile"
git -C "$toys/picks" commit -qam "a kernel of 4.4"
check "apply: so is one on which the nearest fits: by name it is applied" \
	fails 'every patch fits; nothing was changed.  To apply it: BASE=v4.2-rc1' nearest
check "apply: it is" env LINUX="$toys/picks" "$toy/scripts/apply" v4.2-rc1
check "base: BASE=auto with LINUX= is the base that fits" sh -c "
	printf 'VERSION = 4\nPATCHLEVEL = 2\nSUBLEVEL = 8\n' >'$toys/picks/Makefile'
	[ \"\$(LINUX='$toys/picks' '$toy/scripts/lib/base' auto)\" = child ]"
check "base: and one without such a base stays v4.2-rc1" sh -c "
	[ \"\$(LINUX='$toy_linux' '$toy/scripts/lib/base' auto)\" = v4.2-rc1 ]"
rm -rf "$child" "$toy/patches/taken-out" "$toy/patches/has-it" "$toy/out/child" "$toys/picks" "$child_linux"

# A table of what an unpatched kernel does that differs from another one's
mkdir -p "$toys/rows"
printf '# why\np\tone\tpass\twhy\np\ttwo\tfail\twhy\n' >"$toys/rows/control-a.tsv"
printf '# why\nFROM\tcontrol-a.tsv\np\ttwo\tpass\tfor this one\nq\tone\tskip\ttoo\n' >"$toys/rows/control-b.tsv"
printf 'FROM\tcontrol-none.tsv\n' >"$toys/rows/control-c.tsv"
rows() { sh -c ". '$top/scripts/lib/lib.sh'; rows_of '$toys/rows/control-$1.tsv'" "$top/scripts/x"; }
check "rows: a table with FROM has the rows of the other one, but for its own" sh -c "
	. '$top/scripts/lib/lib.sh'
	[ \"\$(rows_of '$toys/rows/control-b.tsv' | cut -f1-3 | tr '\t\n' ' ,')\" = 'p one pass,p two pass,q one skip,' ]" "$top/scripts/x"
check "rows: one that is not there is named" fails 'control-c.tsv has FROM control-none.tsv: no such table' rows c

# The numbers of a vendor's own calls, which ARM's table counts from its end
vendor=$toys/vendor-out/qnap-4.2.8
mkdir -p "$vendor/control/arch/arm/kernel" "$vendor/control/arch/arm/include/uapi/asm"
{
	echo '#define __NR_SYSCALL_BASE 0x900000'
	echo '#define __NR_execveat (__NR_SYSCALL_BASE+387)'
	echo '#define __QNAP_SYSCALL_BASE (__NR_SYSCALL_BASE+449)'
	echo '#define __NR_own (__QNAP_SYSCALL_BASE+1)'
	echo '#define __NR_second (__QNAP_SYSCALL_BASE+2)'
} >"$vendor/control/arch/arm/include/uapi/asm/unistd.h"
{
	seq 0 386 | sed 's/.*/\tCALL(sys_call_&)/'
	printf '\tCALL(sys_execveat)\n#if defined(CONFIG_MACH_QNAPTS) && defined(CONFIG_ARCH_ALPINE)\n'
	printf '.equ qnap_padding, (__QNAP_SYSCALL_BASE - __NR_execveat)\n.rept qnap_padding\n\tCALL(sys_ni_syscall)\n.endr\n'
	printf '/* 450 */ CALL(sys_own)\n\tCALL(sys_second)\n#endif\n'
} >"$vendor/control/arch/arm/kernel/calls.S"
cp -R "$vendor/control" "$vendor/linux"
sed -i 's/^#define __NR_execveat.*/&\n#define __NR_mlock2 (__NR_SYSCALL_BASE+390)/' "$vendor/linux/arch/arm/include/uapi/asm/unistd.h"
sed -i 's/CALL(sys_execveat)/&\n CALL(sys_ni_syscall)\n CALL(sys_ni_syscall)\n CALL(sys_mlock2)/' "$vendor/linux/arch/arm/kernel/calls.S"
tables() { OUT=$toys/vendor-out "$top/tests/static/tables" qnap-4.2.8; }
check "tables: a vendor's calls that would move are a failure" fails '^# moved: 450 CALL(sys_own)' tables
check "tables: with where they would be" grep -qx '# it is: 453 CALL(sys_own)' "$tmp/out"
sed -i 's/_BASE - __NR_execveat/_BASE - __NR_mlock2/' "$vendor/linux/arch/arm/kernel/calls.S"
check "tables: counted from mlock2() they stay" tables
check "tables: and each is where the header says" sh -c "OUT='$toys/vendor-out' '$top/tests/static/tables' qnap-4.2.8 | grep -qx 'ok .* - arm: second is entry 451, as its header says'"
# Those that a header says, and its size of the table
for one in control linux; do
	mkdir -p "$vendor/$one/include/uapi/asm-generic" "$vendor/$one/arch/arm64/include/uapi/asm"
	printf '#define __NR_execveat 281\n#undef __NR_syscalls\n#define __NR_syscalls 452\n' \
		>"$vendor/$one/include/uapi/asm-generic/unistd.h"
	printf '#define __NR_own 450\n#define __NR_second 451\n' >"$vendor/$one/arch/arm64/include/uapi/asm/unistd.h"
done
check "tables: so is it for numbers that a header says" sh -c "OUT='$toys/vendor-out' '$top/tests/static/tables' qnap-4.2.8 | grep -qx 'ok .* - arch/arm64/include/uapi/asm/unistd.h: calls of the base keep their numbers'"
sed -i 's/__NR_syscalls 452/__NR_syscalls 285/' "$vendor/linux/include/uapi/asm-generic/unistd.h"
check "tables: a table that ends before them is a failure" fails '^# the last call is 451, __NR_syscalls is 285' tables
sed -i 's/__NR_syscalls 285/__NR_syscalls 452/' "$vendor/linux/include/uapi/asm-generic/unistd.h"
sed -i 's/451/453/' "$vendor/linux/arch/arm64/include/uapi/asm/unistd.h"
check "tables: so is another number there" fails '^# moved: 451 __NR_second' tables
sed -i 's/453/451/' "$vendor/linux/arch/arm64/include/uapi/asm/unistd.h"
sed -i 's/ CALL(sys_mlock2)//' "$vendor/linux/arch/arm/kernel/calls.S"
check "tables: a table without mlock2() is a failure" fails '^# it is: nowhere' tables
rm -rf "$toys/vendor-out"
