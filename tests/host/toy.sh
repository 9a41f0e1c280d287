# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154,SC2034  # tests/host/run sets top and tmp
#
# toy.sh - a project and a kernel small enough to try everything on; tests/host/run reads it
#
# Sets: toys, the folder in which all this is; toy, a project with our scripts and a queue of three patches, for a base that is
# called v4.2-rc1; toy_linux, the git tree that they fit.

toys=$tmp/toys
toy=$toys/toy-project toy_linux=$toys/toy-linux
mkdir -p "$toy/files/tools" "$toy/patches/v4.2-rc1" "$toy_linux/mm" "$toys/empty"
cp -R "$top/scripts" "$top/configs" "$top/guest" "$toy"
cp "$top/patches/v4.2-rc1/base" "$toy/patches/v4.2-rc1"
cp "$top/patches"/*.mail "$toy/patches"
for i in 1 2 3 4 5 6 7 8; do
	seq 1 2000 >"$toy/files/tools/new-$i"
	seq 1 60 >"$toy_linux/mm/file-$i.c"
done
printf 'VERSION = 4\nPATCHLEVEL = 2\n' >"$toy_linux/Makefile"
printf 'int mlock;\n' >"$toy_linux/mm/mlock.c"
printf '*.o\n.*\n!.gitignore\n' >"$toy_linux/.gitignore"
git -C "$toy_linux" init -q
git -C "$toy_linux" add -Af
git -C "$toy_linux" commit -qm "a toy"

# toy_commit DIR NUMBER: the commit of a series that changes line NUMBER
toy_commit() {
	for toy_file in "$1"/mm/file-*.c; do
		sed -i "$2s/.*/& of patch $2/" "$toy_file"
	done
	git -C "$1" commit -qam "mm: toy: change line $2"
}
# toy_queue DIR: write the commits after the tag start of DIR as the toy's queue
toy_queue() {
	rm -f "$toy/patches/v4.2-rc1"/[0-9]*.patch
	git -C "$1" rev-list --reverse start..HEAD | while read -r commit; do
		git -C "$1" format-patch -q --no-signature --zero-commit --abbrev=12 --no-stat \
			--no-renames -N -o "$toy/patches/v4.2-rc1" \
			--start-number "$(git -C "$1" log -1 --format=%s "$commit" |
				sed 's/.* //')" -1 "$commit"
	done
}
cp -R "$toy_linux" "$toys/toy-work"
git -C "$toys/toy-work" tag start
for i in 1 20 40; do
	toy_commit "$toys/toy-work" $i
done
toy_queue "$toys/toy-work"
{
	echo "# of the toy"
	for i in 1 7 20 30 40; do
		printf '%04d\tmm: toy: change line %d\n' $i $i
	done
} >"$toy/patches/numbers.tsv"
# What applying all of it gives
cp -R "$toy/files/." "$toys/toy-work"
git -C "$toys/toy-work" add -A
toy_tree=$(git -C "$toys/toy-work" write-tree)
