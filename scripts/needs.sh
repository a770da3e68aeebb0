#!/bin/sh
# Install what the tests need, where that is allowed; say what is missing where it is not.
set -eu
packages=
need() { # need COMMAND PACKAGE
	command -v "$1" >/dev/null 2>&1 || packages="$packages $2"
}
PATH=$PATH:/usr/sbin:/usr/lib/postgresql/15/bin # where Debian keeps a server
need gcc gcc
need python3 python3
need pulseaudio pulseaudio
need paplay pulseaudio-utils
need mosquitto mosquitto
need mosquitto_sub mosquitto-clients
need arecord alsa-utils
need flac flac
need sox sox
need postgres postgresql
need chromium chromium
need node nodejs
need npm npm
need strace strace

# openWakeWord models, which are not shipped.
heads() { python3 "$(dirname "$0")/models.py" --heads "$(dirname "$0")/../.lab/heads"; }

# An S3 server for the tests, beside the other parts of the lab.
gateway=github.com/versity/versitygw gateway_version=v1.8.0 lab=$(cd "$(dirname "$0")/.." && pwd)/.lab/bin
go version -m "$lab/versitygw" 2>/dev/null | grep -q "mod[[:space:]]$gateway[[:space:]]$gateway_version[[:space:]]" ||
	CGO_ENABLED=0 GOBIN="$lab" go install "$gateway/cmd/versitygw@$gateway_version"

if [ -z "$packages" ]; then
	heads
	exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	# The tests have PostgreSQL servers of their own: none is to be made and run for the system.
	case $packages in *postgresql*)
		mkdir -p /etc/postgresql-common/createcluster.d
		echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/earshot.conf
		;;
	esac
	apt-get update -qq
	# shellcheck disable=SC2086 # one word a package
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
	heads
else
	echo "the tests need these Debian packages: sudo apt-get install$packages" >&2
	exit 1
fi
