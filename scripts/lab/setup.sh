#!/usr/bin/env bash
# Fetch what the tests with the real Home Assistant need into .lab/, next to go.mod: scripts/lab/setup.sh [HOME_ASSISTANT_VERSION...]
#
#   .lab/python3.13, .lab/python3.14   Debian's Python, runnable from this system without a chroot
#   .lab/ha-VERSION                    Home Assistant, with what its integrations require
#   .lab/stt                           Whisper and Piper behind Wyoming servers, with a model and a voice
#
# What is complete is left alone; what an interrupted run left half done is made anew. Needs root (apt, debootstrap).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab=$(cd "$here/../.." && pwd)/.lab
[ $# -gt 0 ] || set -- 2026.11.0 2025.4.4
mkdir -p "$lab"
exec 9>"$lab/lock"
flock 9
say() { echo "lab: [${SECONDS} s] $*"; }
die() {
	echo "lab: $*" >&2
	exit 1
}

# apt_packages installs what is missing; it asks apt only when something is.
apt_packages() {
	local missing=() name
	for name in debootstrap debian-archive-keyring patchelf g++ ffmpeg mosquitto; do
		dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
	done
	[ ${#missing[@]} = 0 ] && return
	[ "$(id -u)" = 0 ] || die "run as root, or first: sudo apt-get install ${missing[*]}"
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
	say "installed ${missing[*]}"
}

# python VERSION SUITE unpacks that suite's Python and lets it find its own loader and libraries, whatever this system has.
python() {
	local root=$lab/python$1 part=$lab/python$1.part script=$2 mirror deb arch
	"$root/usr/bin/host-python" -c '' 2>/dev/null && return
	[ "$(id -u)" = 0 ] || die "debootstrap needs root to fetch Python $1"
	rm -rf "$root" "$part"
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' | head -n 1)
	[ -e "/usr/share/debootstrap/scripts/$script" ] || script=sid
	debootstrap --download-only --variant=minbase --include="python$1,libpython$1-dev,python$1-venv" \
		"$2" "$part" "$mirror" "$script" >"$part.log" 2>&1 || die "debootstrap stopped: $part.log says why"
	for deb in "$part"/var/cache/apt/archives/*.deb; do
		dpkg -x "$deb" "$part"
	done
	rm -rf "$part/var" "$part"/usr/share/{doc,locale,man} "$part.log"
	# Extensions are compiled with this system's C library, so only Python's own headers may stay.
	find "$part/usr/include" ! -type d ! -path "*/python$1/*" -delete
	arch=$(basename "$(dirname "$part"/usr/lib/*/libc.so.6)")
	cp "$part/usr/bin/python$1" "$part/usr/bin/host-python"
	patchelf --force-rpath --set-rpath "$root/usr/lib/$arch" \
		--set-interpreter "$root/usr/lib/$arch/$(basename "$part/usr/lib/$arch"/ld-linux-*.so.*)" "$part/usr/bin/host-python"
	mv "$part" "$root"
	"$root/usr/bin/host-python" -c 'import ctypes, lzma, sqlite3, ssl' || die "the Python in $root does not run"
	say "Python $1: $(du -sh "$root" | cut -f1)"
}

# complete NAME FILE... tells whether a virtual environment runs and was made from the same files.
complete() {
	"$lab/$1/bin/python" -c '' 2>/dev/null && cat "${@:2}" | cmp -s - "$lab/$1/made-from"
}

# environment NAME PYTHON makes an empty virtual environment in NAME.part; install puts packages into it. The programs in it
# name their place, so after the rename they are run as modules: bin/python -m NAME.
environment() {
	part=$lab/$1.part
	rm -rf "$lab/$1" "$part"
	"$lab/python$2/usr/bin/host-python" -m venv --without-pip "$part"
	"$part/bin/python" "$(echo "$lab/python$2"/usr/share/python-wheels/pip-*.whl)/pip" install -q uv
	export CPATH=$lab/python$2/usr/include
}
install() {
	"$part/bin/python" -m uv pip install -q --python "$part/bin/python" "$@"
}
# finish NAME FILE... puts the finished environment in its place.
finish() {
	cat "${@:2}" >"$part/made-from"
	mv "$part" "$lab/$1"
	say "$1: $(du -sh "$lab/$1" | cut -f1)"
}

home_assistant() { # home_assistant VERSION
	local name=ha-$1 python=3.14 suite=forky package
	case $1 in 2025.*) python=3.13 suite=trixie ;; esac
	complete "$name" "$here/requirements.py" && return
	python "$python" "$suite"
	environment "$name" "$python"
	install --no-deps "homeassistant==$1"
	package=$(echo "$part"/lib/python*/site-packages/homeassistant)
	"$part/bin/python" "$here/requirements.py" "$package" >"$part/requirements.txt"
	install --constraint "$package/package_constraints.txt" "homeassistant==$1" --requirements "$part/requirements.txt"
	finish "$name" "$here/requirements.py"
}

speech() {
	complete stt "$here/speech.txt" && return
	python 3.14 forky
	environment stt 3.14
	install --requirements "$here/speech.txt"
	finish stt "$here/speech.txt"
}

# compile compiles all modules, once. Python does that by itself, but not where PYTHONDONTWRITEBYTECODE is set: there each start of Home Assistant
# would compile two thousand of them anew, which takes longer than all else that it does then.
compile() {
	local place
	for place in "$lab"/{ha-*,stt}; do
		[ -e "$place/compiled" ] && continue
		"$place/bin/python" -m compileall -qq -j 0 "$place/lib" "$("$place/bin/python" -c 'import os; print(os.path.dirname(os.__file__))')" ||
			true # a few are templates of modules
		touch "$place/compiled"
		say "compiled $(basename "$place")"
	done
}

apt_packages
for version in "$@"; do
	home_assistant "$version"
done
speech
compile
say "ready in $lab"
