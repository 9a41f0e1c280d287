# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154  # tests/host/run sets top and tmp
#
# setup.sh - tests of how the project sets itself up; sourced by run.

# says TEXT COMMAND...: the command succeeds and says TEXT
says() {
	text=$1
	shift
	"$@" >"$tmp/out" 2>&1 || { cat "$tmp/out"; return 1; }
	grep -q -e "$text" "$tmp/out" || { cat "$tmp/out"; return 1; }
}

# A project of our own, with a base that no script knows by name, and a machine of our
# own: tools that are there, an apt-get that writes down what it is asked
toy=$tmp/setup/project
machine=$tmp/setup/machine
mkdir -p "$toy" "$machine" "$tmp/setup/tmp"
cp -R "$top/scripts" "$top/configs" "$top/guest" "$top/Makefile" "$toy/"
mkdir -p "$toy/patches/toy-1.0" "$toy/patches/own-2.0" "$toy/files"
cp "$top/patches/files.mail" "$toy/patches/"
for tool in awk cat cp cut date df dirname env flock grep head id ls mkdir mktemp mv paste printf \
	    rm sed sh sleep sort stat tail tr uname wc xargs; do
	ln -s "$(command -v $tool)" "$machine/$tool"
done
on_machine() { env PATH="$machine" TMPDIR="$tmp/setup/tmp" "$@"; }
fake() {	# NAME: a tool of the machine, from standard input
	rm -f "$machine/$1"
	{ echo "#!/bin/sh"; cat; } >"$machine/$1"
	chmod +x "$machine/$1"
}
echo "echo \"apt-get \$*\" >>'$tmp/setup/asked'
case \$* in *install*) echo 'E: nothing here'; exit 100 ;; esac" | fake apt-get

# deps
echo 'echo 1000' | fake id
check "deps: without root all that the demo lacks is named in one line" \
	fails 'missing for make demo: bc bison busybox-static cpio flex gcc git libc6-dev libelf-dev make perl qemu-system-x86 xz-utils; as root:' \
	on_machine "$toy/scripts/deps" demo
check "deps: that is one line, and nothing was asked of a mirror" sh -c "
	[ \"\$(wc -l <'$tmp/err')\" -eq 1 ] && [ ! -e '$tmp/setup/asked' ]"
check "demo: says what is missing before it looks for a source" \
	fails 'missing for make demo: ' on_machine LOF_CACHE="$tmp/setup/none" "$toy/scripts/demo" toy-1.0
check "check: says what is missing before it looks for a source" \
	fails 'missing for make check: .*shellcheck.*strace' on_machine LOF_CACHE="$tmp/setup/none" "$toy/scripts/check" toy-1.0
check "deps: the compiler of CC= is named by its package" \
	fails 'missing for make demo: .* nocc-11 ' on_machine CC=nocc-11 "$toy/scripts/deps" demo
echo 'echo 0' | fake id
check "deps: as root it says what it installs, and why it could not" \
	fails 'deps: cannot install bc bison' on_machine "$toy/scripts/deps" demo
check "deps: and asked apt-get for that" grep -q 'install bc bison busybox-static cpio' "$tmp/setup/asked"
check "deps: and that nothing is removed for it" grep -q -e ' --no-remove .*install bc' "$tmp/setup/asked"
echo "case \$* in *' -s '*) echo 'Inst bc (1)'; echo 'Remv his-tool [2]' ;;
*install*) echo 'E: Packages need to be removed but remove is disabled.'; exit 100 ;; esac" | fake apt-get
check "deps: what would have to be removed is named" \
	fails 'would remove: his-tool' on_machine "$toy/scripts/deps" demo
check "deps: each list of packages is sorted" sh -c "
	for list in demo check all guest; do
		grep \"^\$list	\" '$top/scripts/lib/packages.tsv' | cut -f2 | LC_ALL=C sort -c || exit 1
	done"

# The mirror
echo "echo 'bookworm main http://a.example/debian/'; echo 'bookworm contrib http://a.example/debian/'
echo 'bookworm-security main http://s.example/debian-security/'; echo 'nodistro main http://other.example/'
echo 'unstable main http://b.example/x/'" | fake apt-get
mirrors() { on_machine "$@" sh -c ". '$toy/scripts/lib/lib.sh'; mirrors" "$toy/scripts/lib/x"; }
check "mirrors: those of this machine's apt, no security updates, nobody else's" sh -c "
	[ \"\$(PATH='$machine' sh -c \". '$toy/scripts/lib/lib.sh'; mirrors\" '$toy/scripts/lib/x' | paste -sd' ')\" = \
	'http://a.example/debian/ http://b.example/x/' ]"
check "mirrors: for a suite of security updates those alone that have it" sh -c "
	[ \"\$(PATH='$machine' sh -c \". '$toy/scripts/lib/lib.sh'; mirrors bookworm-security\" '$toy/scripts/lib/x' | paste -sd' ')\" = \
	'http://s.example/debian-security/' ]"
check "mirrors: for another release's suite of them there is none" sh -c "
	[ -z \"\$(PATH='$machine' sh -c \". '$toy/scripts/lib/lib.sh'; mirrors trixie-security\" '$toy/scripts/lib/x')\" ]"
check "mirrors: LOF_MIRROR comes before them" says '^file:///m$' mirrors LOF_MIRROR=file:///m
check "no mirror's name stands in the project" sh -c "
	! grep -rInE '(deb|archive|ftp|snapshot|security)\.(.*\.)?(debian|ubuntu)\.(org|com)' '$top/scripts' '$top/configs' \
		'$top/patches' '$top/docs' '$top/ci' '$top/README.md' '$top/CONTRIBUTING.md' '$top/Makefile' '$top/.ci'"

# A base that comes from a package: a mirror of our own has it
pool=$tmp/setup/mirror
mkdir -p "$pool/dists/toysuite/main/binary-amd64" "$tmp/setup/pkg/DEBIAN" "$tmp/setup/pkg/src" "$tmp/setup/toy/mm"
printf 'VERSION = 1\nPATCHLEVEL = 0\n' >"$tmp/setup/toy/Makefile"
echo 'int mlock;' >"$tmp/setup/toy/mm/mlock.c"
tar -C "$tmp/setup" -cJf "$tmp/setup/pkg/src/toy.tar.xz" toy
printf 'Package: toy-source\nVersion: 1.0-1\nArchitecture: all\nMaintainer: t <t@example.org>\nDescription: t\n' \
	>"$tmp/setup/pkg/DEBIAN/control"
deb="toy-source_1.0-1_all.deb"
dpkg-deb -b "$tmp/setup/pkg" "$pool/$deb" >/dev/null
packages=main/binary-amd64/Packages
{
	cat "$tmp/setup/pkg/DEBIAN/control"
	echo "Filename: ./$deb"
	echo "Size: $(stat -c %s "$pool/$deb")"
	echo "SHA256: $(sha256sum "$pool/$deb" | cut -d' ' -f1)"
} >"$pool/dists/toysuite/$packages"
printf 'Suite: toysuite\nCodename: toysuite\nComponents: main\nArchitectures: amd64 all\nSHA256:\n %s %s %s\n' \
	"$(sha256sum "$pool/dists/toysuite/$packages" | cut -d' ' -f1)" \
	"$(stat -c %s "$pool/dists/toysuite/$packages")" "$packages" >"$pool/dists/toysuite/Release"
cat >"$toy/patches/toy-1.0/base" <<END_OF_BASE
DEB_PACKAGE=toy-source
DEB_VERSION=1.0-1
DEB_SUITE=toysuite
DEB_SHA256=$(sha256sum "$pool/$deb" | cut -d' ' -f1)
DEB_TARBALL=src/toy.tar.xz
VERSION=1 PATCHLEVEL=0 SUBLEVEL=0
END_OF_BASE
echo 'VERSION=2 PATCHLEVEL=0 SUBLEVEL=0' >"$toy/patches/own-2.0/base"
store=$tmp/setup/cache/bases/toy-1.0
base() { env LOF_CACHE="$tmp/setup/cache" LOF_NEED_MB=1 "$@"; }
check "base: what to fetch stands in the base file alone" \
	says "^$store/linux\$" base LOF_MIRROR="file://$pool" "$toy/scripts/lib/base" toy-1.0
check "base: the source is in the cache, whole" grep -q mlock "$store/linux/mm/mlock.c"
check "base: what is in the cache needs no mirror" \
	says "^$store/linux\$" base LOF_MIRROR=file:///nonexistent "$toy/scripts/lib/base" toy-1.0
rm -f "$store/linux/mm/mlock.c"
check "base: a cache that lost a file is named, with the remedy" \
	fails "the cache is damaged; remove it and try again: rm -r '$store/linux'" \
	base "$toy/scripts/lib/base" toy-1.0
mkdir -p "$store/linux/mm"
echo 'int m;' >"$store/linux/mm/mlock.c"
check "base: a cache with a file cut short is named" fails "$store/linux is not as it was fetched" \
	base "$toy/scripts/lib/base" toy-1.0
rm -rf "$store/linux"
mkdir -p "$store/linux"
check "base: an empty cache is named" fails "$store/linux is not a kernel tree: .*the cache is damaged" \
	base "$toy/scripts/lib/base" toy-1.0
rm -rf "$store"
check "base: the archive is asked when the mirror has it not" \
	says "^$store/linux\$" base LOF_MIRROR=file:///nonexistent LOF_ARCHIVE="file://$pool" "$toy/scripts/lib/base" toy-1.0
rm -rf "$store"
check "base: without a mirror that has it the error names both variables" \
	fails 'asked: file:///nonexistent; set LOF_MIRROR .*LOF_ARCHIVE' base LOF_MIRROR=file:///nonexistent "$toy/scripts/lib/base" toy-1.0
for tool in dpkg-deb xz; do
	ln -s "$(command -v $tool)" "$machine/$tool"
done
echo 'exit 0' | fake apt-get
check "base: a machine whose apt has no mirror is told so" \
	fails 'apt here has none; set LOF_MIRROR' on_machine LOF_CACHE="$tmp/setup/cache" LOF_NEED_MB=1 "$toy/scripts/lib/base" toy-1.0
check "base: one that is given by LINUX= or the cache alone says so" \
	fails "no tree of own-2.0: give LINUX=DIR, or put one into $tmp/setup/cache/bases/own-2.0/linux" \
	base "$toy/scripts/lib/base" own-2.0
mkdir -p "$tmp/setup/own/mm"
printf 'VERSION = 2\nPATCHLEVEL = 0\n' >"$tmp/setup/own/Makefile"
: >"$tmp/setup/own/mm/mlock.c"
check "base: LINUX= relative or absolute is the same tree" sh -c "
	cd '$tmp/setup' && export LOF_CACHE='$tmp/setup/cache'
	[ \"\$(LINUX=own '$toy/scripts/lib/base' own-2.0)\" = \"\$(LINUX='$tmp/setup/own' '$toy/scripts/lib/base' own-2.0)\" ] &&
	[ \"\$(LINUX=./own/../own '$toy/scripts/lib/base' own-2.0)\" = '$tmp/setup/own' ] &&
	[ \"\$(HOME='$tmp/setup' LINUX='~/own' '$toy/scripts/lib/base' own-2.0)\" = '$tmp/setup/own' ]"
check "base: --here tells what needs no clone" sh -c "
	export LOF_CACHE='$tmp/setup/cache'; unset LINUX
	'$toy/scripts/lib/base' --here toy-1.0 && ! '$toy/scripts/lib/base' --here own-2.0 &&
	LINUX='$tmp/setup/own' '$toy/scripts/lib/base' --here own-2.0"

# Disks
check "a full TMPDIR is one line with the remedy" \
	fails "$tmp/setup/tmp has [0-9]* MB free, and 99999999 are needed: free some, or set TMPDIR" \
	env TMPDIR="$tmp/setup/tmp" LOF_NEED_MB=99999999 "$top/scripts/deps" demo
check "demo: a full TMPDIR is told before a package is looked for" \
	fails "99999999 are needed: free some, or set TMPDIR" \
	on_machine LOF_NEED_MB=99999999 "$toy/scripts/demo" toy-1.0
check "a TMPDIR that is not there is one line with the remedy" \
	fails "cannot write to /proc/none: set TMPDIR" env TMPDIR=/proc/none "$top/scripts/deps" demo
mkdir -p "$tmp/setup/out/v4.2-rc1/linux/.git"
check "kernel: a full OUT is one line with the remedy" \
	fails "MB free, and 99999999 are needed: free some, or set OUT" \
	env OUT="$tmp/setup/out" LOF_NEED_MB=99999999 "$top/scripts/kernel" v4.2-rc1 x86_64
check "kernel: the compiler of CC= is named with its package" \
	fails 'needs nocc-11: apt-get install nocc-11 ' env OUT="$tmp/setup/out" CC=nocc-11 "$top/scripts/kernel" v4.2-rc1 x86_64

mkdir -p "$tmp/setup/kernel" "$tmp/setup/build"
# shellcheck disable=SC2016
echo 'all: ; @echo "CC=$(CC) HOSTCC=$(HOSTCC) V=$(V)"' >"$tmp/setup/kernel/Makefile"
kernel_make() {	# CROSS VARIABLE=VALUE...
	cross=$1
	shift
	env "$@" CROSS="$cross" KARCH=x KCFLAGS='' HOSTCFLAGS='' sh -c "
		. '$top/scripts/lib/lib.sh'; kmake '$tmp/setup/kernel' '$tmp/setup/build' -s all" "$top/scripts/lib/x"
}
check "kernel: CC= compiles it, and the programs of its build" \
	says '^CC=gcc -pipe HOSTCC=gcc -pipe V=$' kernel_make '' CC='gcc -pipe'
check "kernel: for another architecture only the programs of its build" \
	says '^CC=cc HOSTCC=gcc-99 V=$' kernel_make alpha- CC=gcc-99
check "kernel: what was said to our make is not said to the kernel's" \
	says '^CC=cc HOSTCC= V=$' kernel_make '' MAKEFLAGS=' -- V=1 CC=nocc'

# Progress
lib() { sh -c ". '$top/scripts/lib/lib.sh'; $1" "$top/scripts/lib/x"; }
check "progress: where there is no terminal a line says what, how far and how long" \
	says '^x: waiting, 7 of 9, [12] s$' env LOF_PROGRESS=1 sh -c ". '$top/scripts/lib/lib.sh'
	far() { echo 7 of 9; }; HOW_FAR=far watched '$tmp/log2' waiting sleep 2" "$top/scripts/lib/x"
check "progress: and none within the first minute" sh -c "
	[ -z \"\$(sh -c \". '$top/scripts/lib/lib.sh'; watched '$tmp/log2' waiting sleep 1\" '$top/scripts/lib/x' 2>&1)\" ]"
check "a command that fills a disk is one line that names the variables" \
	fails 'a disk is full: free some, or set OUT=' \
	lib "run_logged '$tmp/log2' copying sh -c 'echo write: No space left on device; exit 1'"

# busybox
cp "$(command -v ls)" "$tmp/setup/dynamic"
check "a dynamic busybox is noticed, and brings its libraries" sh -c "
	sh -c \". '$top/scripts/lib/lib.sh'; LOF_BUSYBOX='$tmp/setup/dynamic' guest_busybox x86_64 '$tmp/setup/root'\" \
		'$top/scripts/lib/x' 2>&1 | grep -q 'is dynamically linked' &&
	[ -n \"\$(find '$tmp/setup/root' -name 'libc.so*')\" ]"
mkdir -p "$tmp/setup/fetched/busybox/arm64"
printf '#!/bin/sh\ntouch "%s"\n' "$tmp/setup/ran" >"$tmp/setup/fetched/busybox/arm64/busybox"
chmod +x "$tmp/setup/fetched/busybox/arm64/busybox"
check "shell: a busybox that was fetched does not run on this machine, nor does ldd see it" sh -c "
	printf '#!/bin/sh\ntouch \"%s\"\n' '$tmp/setup/ran' >'$tmp/setup/tmp/ldd'
	chmod +x '$tmp/setup/tmp/ldd'
	PATH='$tmp/setup/tmp':\$PATH LOF_CACHE='$tmp/setup/fetched' sh -c \". '$top/scripts/lib/lib.sh'
		guest_busybox arm64 '$tmp/setup/root64'\" '$top/scripts/lib/x' &&
	[ -x '$tmp/setup/root64/bin/busybox' ] && [ -L '$tmp/setup/root64/bin/sh' ] && [ ! -e '$tmp/setup/ran' ]"
check "shell: an architecture for which Debian has no busybox says so" \
	fails 'set LOF_BUSYBOX' lib "guest_busybox alpha '$tmp/setup/root'"

# Programs and kernels of the user's own
check "run: without PROG= make says so" fails 'PROG= is not set' make -C "$top" -s run KERNEL="$tmp/log" BASE=debian-5.10
check "run: a program that is not there" fails 'no program ./none' "$top/scripts/run" debian-5.10 x86_64 ./none
check "run: a KERNEL that is not there" fails 'KERNEL=/none is no file' env KERNEL=/none "$top/scripts/run" debian-5.10 x86_64 "$tmp/setup/dynamic"
check "test: a KERNEL that is not there" fails 'KERNEL=/none is no file' env KERNEL=/none "$top/scripts/test" debian-5.10 x86_64
check "test: a TEST that is not there is named, with those that are" \
	fails "no test 'nope': there are madv-dontneed-locked" env TEST=nope KERNEL="$tmp/log" OUT="$tmp/setup/out" "$top/scripts/test" debian-5.10 x86_64

# help
make -s -C "$top" help >"$tmp/help"
in_help() {	# NAME...
	for name; do
		grep -q "^  $name " "$tmp/help" || { echo "not in help: $name"; return 1; }
	done
	[ $# -gt 9 ] || { echo "only $# names"; return 1; }
}
# shellcheck disable=SC2046
check "help: every target of make is in it" in_help $(awk '
	/^\.PHONY:/ { on = 1; sub(/^\.PHONY:/, "") }
	on { more = /\\$/; gsub(/\\/, ""); print; on = more }' "$top/Makefile")
# shellcheck disable=SC2046
check "help: every variable that make hands on is in it" in_help \
	$(sed -n 's/^export //p' "$top/Makefile") BASE ARCH PROG ARGS DEBUG ALL
check "help: the reader's groups are in it" sh -c "
	for group in 'Use it' 'Change it' 'Prove it' 'Measure it'; do
		grep -qx \"\$group\" '$tmp/help' || exit 1
	done"

# Cells
cat >"$tmp/setup/long" <<'END_OF_SCRIPT'
set -eu
. "$top/scripts/lib/lib.sh"
. "$top/scripts/lib/cells.sh"
cells "$1"
key=$(cell_key - "$2" "$3")
for n in one "two, with a blank"; do
	cell_run "$n" "$key" sh -c "echo ran $n; echo x >>'$1.ran'; exit ${4:-0}" || :
done
cells_sum
END_OF_SCRIPT
echo first >"$tmp/setup/program"
long() {
	env "$1" top="$top" sh -c ". '$tmp/setup/long'" "$top/scripts/lib/x" \
		"$tmp/setup/cells" "$tmp/setup/program" "$2" "${3:-0}"
}
long FRESH=0 text >"$tmp/log2" 2>&1 || :
check "cells: a first run runs them all" grep -q '2 cells run, 0 kept' "$tmp/log2"
check "cells: a second run keeps what was" says '0 cells run, 2 kept' long FRESH=0 text
check "cells: and prints it" grep -qx 'ran two, with a blank' "$tmp/out"
check "cells: another text runs them again" says '2 cells run, 0 kept' long FRESH=0 more
echo second >"$tmp/setup/program"
check "cells: another program runs them again" says '2 cells run, 0 kept' long FRESH=0 more
check "cells: FRESH=1 runs them again" says '2 cells run, 0 kept' long FRESH=1 more
check "cells: what failed is not kept" says '0 cells run, 0 kept' long FRESH=0 fails 3

# check
leave_out() { env "$@" LOF_MINUTES=0 LOF_CACHE="$tmp/setup/cache" "$top/scripts/check" debian-5.10; }
check "check: a stage that is left out for time is said to be skipped" \
	fails '^tests of the scripts: SKIPPED, 0 minutes are over' leave_out CI=
check "check: in CI it is a failure" fails '^tests of the scripts: FAILED, no time was left' leave_out CI=true

# mutants, with a kernel that is a file, and a guest that looks into it
cp -R "$top/files/." "$toy/files/"
mkdir -p "$toy/tests/guest" "$toy/tests/expect" "$tmp/setup/toyout/own-2.0/linux/mm"
toy_tree=$tmp/setup/toyout/own-2.0/linux
echo 'int locked = 1;' >"$toy_tree/mm/mlock.c"
git -C "$toy_tree" init -q
git -C "$toy_tree" add -A
git -C "$toy_tree" commit -qm series
git -C "$toy_tree" branch -f series
touch "$toy_tree/.git/lof-key"
printf 'it is not locked\tmm/mlock.c\ts/locked = 1/locked = 0/\town\nnobody sees it\tmm/mlock.c\ts/int /long /\n' \
	>"$toy/tests/expect/mutants-own-2.0.tsv"
printf 'own\t*\tpass\tw\n' >"$toy/tests/expect/control-own-2.0.tsv"
replace() { { echo '#!/bin/sh'; cat; } >"$toy/scripts/$1"; chmod +x "$toy/scripts/$1"; }
echo 'exit 0' | replace kernel
echo 'mkdir -p "$2/x86_64"; : >"$2/x86_64/own"; echo x86_64' | replace lib/selftests
echo "mkdir -p '$tmp/setup/toyout/own-2.0/x86_64-mutant/results'
cp '$tmp/setup/good' '$tmp/setup/toyout/own-2.0/x86_64-mutant/results/'\${0##*/}.log" |
	tee "$tmp/setup/more" | replace numa
replace lib/hold-page <"$tmp/setup/more"
echo "cp '$tmp/setup/good' '$tmp/setup/toyout/own-2.0/x86_64-mutant/races.log'" | replace races
cat <<END_OF_BOOT | replace lib/boot
echo x >>'$tmp/setup/boots'
while [ "\$1" != --log ]; do shift; done
if grep -q 'locked = 0' '$tmp/setup/toyout/own-2.0/mutant/mm/mlock.c'; then
	sed 's/^ok 1/not ok 1/; s/^# exit 0/# exit 1/' '$tmp/setup/good' >"\$2"
else
	cp '$tmp/setup/good' "\$2"
fi
END_OF_BOOT
# The verdict itself is no matter of this test
echo 'for log; do :; done
grep -q "^not ok" "$log" && { echo "0 passed, 1 failed, 0 skipped"; exit 1; }
echo "1 passed, 0 failed, 0 skipped"' | replace lib/verdict
printf 'guest: begins\n# run /tests/x86_64/own\n1..1\nok 1 - a page is locked\n# exit 0\n' >"$tmp/setup/good"
mutants() { env "$@" OUT="$tmp/setup/toyout" "$toy/scripts/mutants" own-2.0; }
boots() { wc -l <"$tmp/setup/boots"; }
check "mutants: one that nothing sees is a failure" fails '^not ok 2 - nobody sees it: nothing fails' mutants FRESH=0
check "mutants: the series and each mutant were booted" test "$(boots)" -eq 3
mutants FRESH=0 >"$tmp/log2" 2>&1 || :
check "mutants: a second run boots only what failed" test "$(boots)" -eq 4
check "mutants: and prints what it kept" grep -q '^ok 1 - it is not locked: 1 checks fail' "$tmp/log2"
check "mutants: and keeps the checks that failed" \
	grep -q '^it is not locked	own	a page is locked$' "$tmp/setup/toyout/own-2.0/mutants.tsv"
echo '# another test' >>"$toy/files/Documentation/vm/lock-on-fault.txt"
mutants FRESH=0 >"$tmp/log2" 2>&1 || :
check "mutants: other files are booted anew" test "$(boots)" -eq 7
