#!/bin/sh
# A Debian package for each program in ./dist, with the wake-word models that come along. scripts/dist.sh goes before.
set -eu
umask 022
cd "$(dirname "$0")/.."
case $1 in
[0-9]*) version=$1 ;;
v[0-9]*) version=${1#v} ;;
*) version=0~$1 ;; # before the first release
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 scripts/models.py "$work/models" # only these: what a household has added is its own

for pair in amd64:amd64 arm64:arm64 armv7:armhf; do
	program=dist/earshot-linux-${pair%:*} arch=${pair#*:} root=$work/${pair#*:}
	install -D -m 755 "$program" "$root/usr/bin/earshot"
	install -D -m 644 packaging/systemd/earshot.service "$root/lib/systemd/system/earshot.service"
	install -D -m 640 config.example.yaml "$root/etc/earshot/config.yaml"
	install -D -m 644 LICENSE "$root/usr/share/doc/earshot/copyright"
	mkdir -p "$root/usr/share/earshot" "$root/DEBIAN"
	cp -r "$work/models" "$root/usr/share/earshot/models"
	chmod -R u=rwX,go=rX "$root/usr/share/earshot"
	cat >"$root/DEBIAN/control" <<EOF
Package: earshot
Version: $(echo "$version" | tr -c '[:alnum:].+~\n' '.')
Architecture: $arch
Maintainer: Earshot maintainers <root@localhost>
Depends: adduser, ca-certificates
Recommends: alsa-utils | pulseaudio-utils
Section: sound
Priority: optional
Installed-Size: $(du -sk "$root" | cut -f1)
Description: local-first voice bridge for Home Assistant
 Hears wake words, keeps the history of what was said on this machine, and
 deletes it when its household wants that.
EOF
	echo /etc/earshot/config.yaml >"$root/DEBIAN/conffiles"
	for script in postinst prerm postrm; do
		install -m 755 packaging/debian/$script "$root/DEBIAN/$script"
	done
	dpkg-deb --root-owner-group --build "$root" "dist/earshot_$arch.deb" >/dev/null
	echo "deb: dist/earshot_$arch.deb"
done
cd dist
sha256sum earshot* >SHA256SUMS
