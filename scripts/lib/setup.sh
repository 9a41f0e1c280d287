# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154  # lib.sh sets what this uses, and uses what it sets
#
# setup.sh - what set-up needs: disk space, progress, mirrors; sourced by lib.sh.

# need_space DIR MB VARIABLE: stop while there is nothing to lose, and say what to set
need_space() {
	mkdir -p "$1" 2>/dev/null && [ -w "$1" ] || die "cannot write to $1: set $3"
	free=$(df -Pk "$1" | awk 'NR == 2 { print int($4 / 1024) }')
	[ "$free" -ge "${LOF_NEED_MB:-$2}" ] ||
		die "$1 has $free MB free, and ${LOF_NEED_MB:-$2} are needed: free some, or set $3 to another disk"
}

# make_tmp [MB]: the directory $tmp, which goes when the script ends
make_tmp() {
	need_space "${TMPDIR:-/tmp}" "${1:-10}" TMPDIR
	tmp=$(mktemp -d) || die "cannot make a directory in ${TMPDIR:-/tmp}: set TMPDIR"
}

# progress WHAT [COMMAND]: how far it is (what COMMAND prints) and for how long, in a
# line that moves on a terminal, elsewhere in one a minute (LOF_PROGRESS seconds)
progress_begin() {
	progress_start=$(date +%s)
	progress_last=$progress_start
}
progress() {
	progress_now=$(date +%s)
	if [ ! -t 2 ]; then
		[ $((progress_now - progress_last)) -ge "${LOF_PROGRESS:-60}" ] || return 0
		progress_last=$progress_now
	fi
	progress_what=$1
	shift
	progress_far=$("$@")
	progress_line="$me: $progress_what${progress_far:+, $progress_far}, $((progress_now - progress_start)) s"
	if [ -t 2 ]; then
		printf '\r\033[K%.*s' "$(($(progress_columns) - 1))" "$progress_line" >&2
	else
		echo "$progress_line" >&2
	fi
}
progress_end() { [ ! -t 2 ] || printf '\r\033[K' >&2; }
# A line that wraps could not be moved back to its beginning
progress_columns() {
	progress_size=$(stty size <&2 2>/dev/null) || progress_size=
	progress_size=${progress_size#* }
	case $progress_size in ''|0|*[!0-9]*) progress_size=80 ;; esac
	echo "$progress_size"
}

# mirrors [SUITE]: where this machine's apt gets the distribution from, a line each, or
# LOF_MIRROR.  Those of the release that runs here come first; other people's archives are
# left out, and so are security updates, but for a SUITE of them: then its mirrors alone.
# shellcheck disable=SC2120  # scripts/lib/base passes one
mirrors() {
	if [ -n "${LOF_MIRROR:-}" ]; then
		echo "$LOF_MIRROR"
		return
	fi
	command -v apt-get >/dev/null 2>&1 || return 0
	# shellcheck disable=SC2016  # these are apt's variables
	apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' \
		'Created-By: Packages' 2>/dev/null |
		awk -v suite="${1:-}" \
		    -v here="$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")" '
			$2 != "main" { next }
			suite ~ /-security$/ {
				if ($1 == suite) first[++n] = $3
				next
			}
			$1 == here { first[++n] = $3; next }
			$1 ~ /^(oldstable|stable|testing|unstable|sid|bullseye|bookworm|trixie|forky)$/ {
				other[++m] = $3
			}
			END {
				for (i = 1; i <= n; i++) print first[i]
				for (i = 1; i <= m; i++) print other[i]
			}' | awk '!seen[$0]++'
}

# trust_keyring FILE: from now on own_apt wants what is signed by it, if it is there
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg
trust_keyring() { [ -r "$1" ] && apt_trust=signed-by=$1; }

# own_apt MIRROR SUITE ARCHITECTURE COMMAND...: apt with a state of its own in $apt,
# which knows MIRROR alone, and needs no root
own_apt() {
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
	# [trusted]: what is fetched is checked by us, or runs in a guest only, and the
	# archive's key expires with the release.  What nobody here has a checksum of is taken
	# with apt_trust=signed-by=KEYRING.
	echo "deb [${apt_trust:-trusted=yes}] $1 $2 main" >"$apt/sources.list"
	: >"$apt/status"
	apt_arch=$3 apt_command=$4 apt_dated=false
	[ -z "${apt_trust:-}" ] || apt_dated=true
	shift 4
	"$apt_command" -q -o "Dir::Etc::SourceList=$apt/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null -o "Dir::State=$apt" \
		-o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" \
		-o "Dir::State::Status=$apt/status" -o APT::Sandbox::User= \
		-o Acquire::Languages=none -o Acquire::Retries=2 \
		-o "APT::Architecture=$apt_arch" -o "APT::Architectures::=$apt_arch" \
		-o "Acquire::Check-Valid-Until=$apt_dated" \
		-o Acquire::http::Timeout=30 "$@"
}

# guest_busybox ARCH ROOT: busybox and its links for the guest.  x86 takes this
# machine's, with its libraries if it is a dynamic one; others LOF_BUSYBOX, or the
# package busybox-static of the architecture of Debian that configs/arch names.  Of that
# nobody has checked a signature: it runs in a guest, and never here, nor does ldd, which
# runs what it is given.
guest_busybox() {
	busybox=${LOF_BUSYBOX:-} fetched=
	case $1 in x86_64*) busybox=${busybox:-$(command -v busybox || :)} ;; esac
	[ -n "$busybox" ] || { busybox=$(debian_busybox "$1"); fetched=yes; }
	[ -x "$busybox" ] || die "no busybox${busybox:+ $busybox}: apt-get install busybox-static, or set LOF_BUSYBOX"
	mkdir -p "$2/bin"
	cp -L "$busybox" "$2/bin/busybox"
	# ldd fails for a static program, and for one of another architecture
	if [ -z "$fetched" ] && ldd "$busybox" >/dev/null 2>&1; then
		note "$busybox is dynamically linked: the guest gets its libraries, too"
		copy_libs "$2" "$busybox"
	fi
	# The names come from this machine's; without one, make shell has those that the
	# guest's own adds
	ln -sf busybox "$2/bin/sh"
	for applet in $(busybox --list 2>/dev/null || :); do
		[ "$applet" = busybox ] || ln -sf busybox "$2/bin/$applet"
	done
}

# debian_busybox ARCH: the path of Debian's static busybox for it, fetched if need be
debian_busybox() {
	DEB_ARCH=''
	load_arch "$1"
	[ -n "$DEB_ARCH" ] ||
		die "Debian has no busybox for $1: set LOF_BUSYBOX to a static one, or take ARCH=x86_64"
	file=$cache/busybox/$DEB_ARCH/busybox
	if [ ! -x "$file" ]; then
		need apt-get apt
		need dpkg-deb dpkg
		apt=$cache/busybox/$DEB_ARCH
		for mirror in $(mirrors); do
			note "fetching busybox-static for $DEB_ARCH from $mirror"
			rm -rf "$apt"
			mkdir -p "$apt"
			release=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
			(cd "$apt" && own_apt "$mirror" "$release" "$DEB_ARCH" apt-get update &&
				own_apt "$mirror" "$release" "$DEB_ARCH" apt-get download busybox-static) \
				>"$apt/log" 2>&1 || continue
			dpkg-deb --fsys-tarfile "$apt"/*.deb | tar -xf - -C "$apt" --strip-components=2 \
				--wildcards '*/busybox' && break
		done
		[ -x "$file" ] && [ ! -L "$file" ] || die "no mirror has busybox-static for $DEB_ARCH: set LOF_MIRROR, or LOF_BUSYBOX to a static one"
	fi
	echo "$file"
}

# complaints LOG: print what the kernel log in a console complains about; fails if that is
# nothing, and there is a log
complaints() {
	grep -v '^#' "$top/scripts/lib/complaints.txt" | cut -f1 >"$tmp/complaints"
	sed '1,/^guest: kernel log begins$/d' "$1" >"$tmp/kernel-log"
	[ -s "$tmp/kernel-log" ] || { echo "there is no kernel log"; return 0; }
	complaints_status=0
	grep -aE -f "$tmp/complaints" "$tmp/kernel-log" || complaints_status=$?
	[ $complaints_status -ne 1 ]
}

# guest_image BASE ARCH: the kernel to boot, KERNEL if that is set
guest_image() {
	if [ -n "${KERNEL:-}" ]; then
		kernel_image=$(absolute "$KERNEL")
		[ -f "$kernel_image" ] && [ -r "$kernel_image" ] || die "KERNEL=$KERNEL is no file that can be read"
	else
		kernel_image=$out/$1/$2/image
		[ -e "$kernel_image" ] || die "no kernel $kernel_image: make kernel BASE=$1 ARCH=$2"
	fi
	echo "$kernel_image"
}

# guest_libs ROOT FILE: the shared libraries of a program of the architecture that
# load_arch read, at the paths where its loader looks for them
guest_libs() {
	need readelf binutils
	! readelf -d "$2" 2>/dev/null | grep -q NEEDED || {
		if [ -z "$CROSS" ] && ldd "$2" >/dev/null 2>&1; then
			! ldd "$2" | grep 'not found' >&2 || die "$2 needs libraries that are not here"
			copy_libs "$1" "$2"
		else
			cross_libs "$1" "$2"
		fi
	}
}

# cross_libs ROOT FILE: the same by the names alone, from the compiler's folder to that
# of the loader, which looks there first
cross_libs() {
	cross_dir=/usr/${CROSS%-}/lib
	loader=$(readelf -l "$2" | sed -n 's/.*interpreter: \(.*\)\]$/\1/p')
	[ -f "$cross_dir/${loader##*/}" ] ||
		die "$2 needs ${loader:-a loader}, and $cross_dir has none: link it with -static"
	cross_to=$1${loader%/*}
	mkdir -p "$cross_to"
	cp -L "$cross_dir/${loader##*/}" "$cross_to/"
	cross_todo=$2
	while [ -n "$cross_todo" ]; do
		cross_next=
		for file in $cross_todo; do
			for lib in $(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p'); do
				[ ! -e "$cross_to/$lib" ] || continue
				[ -f "$cross_dir/$lib" ] || die "$2 needs $lib, and $cross_dir has none"
				cp -L "$cross_dir/$lib" "$cross_to/"
				cross_next="$cross_next $cross_to/$lib"
			done
		done
		cross_todo=$cross_next
	done
}
