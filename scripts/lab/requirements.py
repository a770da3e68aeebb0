"""Print the packages that the lab's integrations need, with the versions that Home Assistant itself pins.

Usage: requirements.py FOLDER_OF_THE_PACKAGE_homeassistant
"""

import json
import pathlib
import re
import sys

# What the lab configures, and what these load without saying so in their manifests.
CONFIGURED = """frontend config api websocket_api onboarding recorder history logbook media_source conversation assist_pipeline
assist_satellite stt tts intent input_boolean template automation script mqtt wyoming system_log logger lovelace
hassio infrared radio_frequency camera zeroconf ffmpeg"""
# Hardware and services of the network: never loaded here.
UNUSED = {"bluetooth", "cloud", "sentry", "ssdp", "usb"}


def main(home_assistant: pathlib.Path) -> None:
    components = home_assistant / "components"
    # Bootstrap names the integrations that always start, one string a line.
    always = re.findall(r'^\s+"([a-z_]+)",', (home_assistant / "bootstrap.py").read_text(), re.MULTILINE)
    waiting, seen, packages = CONFIGURED.split() + always, set(UNUSED), set()
    while waiting:
        domain = waiting.pop()
        path = components / domain / "manifest.json"
        if domain in seen or not path.exists():
            continue
        seen.add(domain)
        manifest = json.loads(path.read_text())
        packages.update(manifest.get("requirements", []))
        waiting += manifest.get("dependencies", [])
    print("\n".join(sorted(packages)))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
