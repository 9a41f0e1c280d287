# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154  # tests/host/run sets top and tmp, toy.sh the toy
#
# series.sh - tests of the order in which scripts/series mails a queue: code, Documentation,
# selftests; tests/host/run reads it

# A toy with all three
mailed=$toys/mailed mailed_linux=$toys/mailed-linux mailed_vm=tools/testing/selftests/vm
mailed_out=$mailed/out/v4.2-rc1
cp -R "$toy" "$mailed"
cp -R "$toy_linux" "$mailed_linux"
rm -rf "$mailed/out" "$mailed/files" "$mailed/patches/v4.2-rc1"/[0-9]*
mkdir -p "$mailed/files/Documentation/vm" "$mailed/files/$mailed_vm"
seq 1 100 >"$mailed/files/Documentation/vm/new.txt"
for i in 1 2 3; do
	seq 1 6000 >"$mailed/files/$mailed_vm/test-$i.c"
done
printf 'a toy\nof version @VERSION@\n' >"$mailed/patches/cover-letter.txt"
echo 1.2-toy >"$mailed/VERSION"
git -C "$mailed_linux" reset -q --hard
mkdir -p "$mailed_linux/Documentation/vm" "$mailed_linux/$mailed_vm" "$mailed_linux/scripts"
seq 1 60 >"$mailed_linux/Documentation/vm/old.txt"
seq 1 60 >"$mailed_linux/$mailed_vm/Makefile"
# shellcheck disable=SC2016
echo 'print "list\@example.org\n";' >"$mailed_linux/scripts/get_maintainer.pl"
git -C "$mailed_linux" add -Af
git -C "$mailed_linux" commit -qm "with documentation and selftests"
mailed_start=$(git -C "$mailed_linux" rev-parse HEAD)
# mailed_patch NUMBER LINE FILE...: the next patch of the queue changes this line of them
mailed_patch() {
	mailed_number=$1 mailed_line=$2
	shift 2
	for mailed_file; do
		sed -i "${mailed_line}s/.*/& of $mailed_number/" "$mailed_linux/$mailed_file"
	done
	git -C "$mailed_linux" commit -qam "change $mailed_number"
	git -C "$mailed_linux" format-patch -q --no-signature --zero-commit --no-stat -N \
		-o "$mailed/patches/v4.2-rc1" --start-number "$mailed_number" -1
}
mailed_queue() {
	rm -f "$mailed/patches/v4.2-rc1"/[0-9]*
	mailed_patch 10 1 mm/file-1.c
	mailed_patch 180 20 Documentation/vm/old.txt
	mailed_patch 200 40 mm/file-1.c Documentation/vm/old.txt
	mailed_patch 280 21 Documentation/vm/old.txt
	mailed_patch 410 20 mm/file-2.c
	mailed_patch 900 20 "$mailed_vm/Makefile"
	"$@"
	git -C "$mailed_linux" reset -q --hard "$mailed_start"
}
mailed_series() { LOF_CACHE=$toys/mailed-cache LINUX=$mailed_linux "$mailed/scripts/series" v4.2-rc1; }
mailed_queue true
check "series: of code, Documentation and selftests is made" mailed_series
# are_mailed: the subjects, after that of the cover letter, are those of mailed-want
are_mailed() {
	for mail in "$mailed_out/series"/*.patch; do
		git mailinfo -b /dev/null /dev/null <"$mail" | sed -n 's/^Subject: //p'
	done | sed 1d | diff "$toys/mailed-want" -
}
cat >"$toys/mailed-want" <<-EOF2
	change 10
	change 200
	change 410
	Documentation: vm: add a chapter on lock on fault
	change 180
	change 280
	selftests: add the tests of lock on fault, part 1 of 2
	selftests: add the tests of lock on fault, part 2 of 2
	change 900
EOF2
check "series: code first, then Documentation, selftests last, what builds them after their files" are_mailed
# am_mails DIR: git am of all but the cover letter makes what the branch series has
am_mails() {
	rm -rf "$toys/mailed-am"
	git clone -q "$mailed_linux" "$toys/mailed-am" &&
		git -C "$toys/mailed-am" am -q "$@" &&
		[ "$(git -C "$toys/mailed-am" rev-parse 'HEAD^{tree}')" = "$(git -C "$mailed_out/linux" rev-parse 'series^{tree}')" ] ||
		{ git -C "$toys/mailed-am" log --oneline; return 1; }
}
check "series: git am of the mails gives the tree of the series" am_mails "$mailed_out/series"/000[1-9]*.patch
check "series: so does that of the mailbox" am_mails --empty=drop "$mailed_out/series.mbox"
check "series: no mail is larger than a list takes" sh -c "
	[ -z \"\$(find '$mailed_out/series' -size +97k)\" ]"
check "series: each file of files/ is in one mail" sh -c "
	[ \"\$(grep -h '^+++ b/.*\(new.txt\|test-[123].c\)' '$mailed_out'/series/* | sort | uniq -c | awk '\$1 == 1' | wc -l)\" -eq 4 ]"
# What a later patch of code builds on cannot go to the end
cp "$mailed_out/series.mbox" "$toys/mailed-mbox"
mailed_queue mailed_patch 520 20 Documentation/vm/old.txt mm/file-3.c
check "series: a patch of Documentation that code builds on is named, with file and hunk" \
	fails 'cannot be mailed in this order.*"change 520" does not fit: Documentation/vm/old.txt, hunk @@' mailed_series
check "series: and the mails of before are as they were" cmp "$toys/mailed-mbox" "$mailed_out/series.mbox"
# What it has written is what it looks at in the end
mailed_queue true
cp "$mailed/scripts/series" "$toys/mailed-script"
sed -i 's|^	mv "$tmp/mail" "$1"|	sed "s/^+1 of 10\$/+1 of 11/" "$tmp/mail" >"$1"|' "$mailed/scripts/series"
check "series: a mail that is not what its commit makes is noticed" \
	fails 'the mails that were made are not the series: all of them make another tree' mailed_series
check "series: nor are these taken for the series" cmp "$toys/mailed-mbox" "$mailed_out/series.mbox"
cp "$toys/mailed-script" "$mailed/scripts/series"
# A base without a chapter, whose tests fit in one mail
echo 'FILES_OMIT="Documentation tools/testing/selftests/vm/test-3.c"' >>"$mailed/patches/v4.2-rc1/base"
seq 1 80 >"$mailed/files/$mailed_vm/test-1.c"
seq 1 80 >"$mailed/files/$mailed_vm/test-2.c"
check "series: of a base without a chapter" mailed_series
sed -i '/chapter on/d; s/, part 1 of 2//; /part 2 of 2/d' "$toys/mailed-want"
check "series: has no mail for it, and one for the tests" are_mailed
check "series: which git am takes, too" am_mails "$mailed_out/series"/000[1-9]*.patch
rm -rf "$mailed" "$mailed_linux" "$toys/mailed-am"
