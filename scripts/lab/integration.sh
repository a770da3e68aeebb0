#!/usr/bin/env bash
# Check the Home Assistant integration: scripts/lab/integration.sh [-k NAME]; what follows goes to pytest.
#
#   .lab/test-VERSION   pytest-homeassistant-custom-component on top of .lab/ha-VERSION, which scripts/lab/setup.sh makes; with ruff and mypy
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
lab=$repository/.lab

# environment VERSION PYTHON RELEASE puts the test kit beside Home Assistant, which stays as it is.
environment() {
	local home=$lab/ha-$1 place=$lab/test-$1 kit=pytest-homeassistant-custom-component==$3 site
	[ "$(cat "$place/made-from" 2>/dev/null)" = "$kit" ] && return
	rm -rf "$place"
	"$lab/python$2/usr/bin/host-python" -m venv --without-pip "$place"
	site=$place/lib/python$2/site-packages
	echo "$(realpath "$home")/lib/python$2/site-packages" >"$site/home-assistant.pth"
	local pip=("$home/bin/python" -m uv pip install -q --python "$place/bin/python")
	"${pip[@]}" --no-deps "$kit"
	# The kit wants a release of Home Assistant of its own; ours is there already, with what it requires.
	sed -n 's/^Requires-Dist: //p' "$site"/pytest_homeassistant_custom_component-*.dist-info/METADATA |
		grep -viE '^(homeassistant|numpy|sqlalchemy|pydantic)\b' >"$place/requirements.txt"
	"${pip[@]}" --requirements "$place/requirements.txt" ruff mypy
	adapt "$site"
	echo "$kit" >"$place/made-from"
}

# adapt helps a kit that was made for the Home Assistant of a month before.
adapt() {
	case $1 in *test-2026.11.0*)
		# Home Assistant takes the place of httpx, before anything has loaded it.
		echo 'import httpx2; httpx2.alias_httpx()' >"$1/zz-httpx.pth"
		sed -i 's/^    _clear_logger_overwrites,$/    helpers as logger_helpers,/; s/^        _clear_logger_overwrites(hass)/        logger_helpers._clear_logger_overwrites(hass)/' \
			"$1/pytest_homeassistant_custom_component/common.py"
		;;
	esac
}

for version in 2026.11.0 2025.4.4; do
	[ -x "$lab/ha-$version/bin/python" ] && continue
	echo "NOT TESTED: the lab has no .lab/ha-$version: run scripts/lab/setup.sh as root" >&2
	[ "${CI:-}" != true ] || exit 1
	exit 0
done
cd "$repository"
environment 2026.11.0 3.14 0.13.375
environment 2025.4.4 3.13 0.13.236
python=$lab/test-2026.11.0/bin/python
"$python" -m ruff check custom_components tests
"$python" -m ruff format --check custom_components tests
"$python" -m mypy
for version in 2026.11.0 2025.4.4; do
	echo "Home Assistant $version"
	"$lab/test-$version/bin/python" -m pytest -q -p no:cacheprovider "$@"
done
