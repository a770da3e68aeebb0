"""Check the add-on by the Supervisor's own code: python3 scripts/try/addon.py REPOSITORY, with a checkout of the Supervisor in PYTHONPATH."""

import logging
import pathlib
import sys

from supervisor.apps.options import AppOptions, UiOptions
from supervisor.apps.validate import SCHEMA_APP_CONFIG, SCHEMA_APP_TRANSLATIONS
from supervisor.store.validate import SCHEMA_REPOSITORY_CONFIG
import yaml

logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s", stream=sys.stdout)
here = pathlib.Path(sys.argv[1])
SCHEMA_REPOSITORY_CONFIG(yaml.safe_load((here / "repository.yaml").read_text()))
sent = yaml.safe_load((here / "addon/config.yaml").read_text())
config = SCHEMA_APP_CONFIG(dict(sent))
if lost := set(sent) - set(config):
    sys.exit(f"the Supervisor does not know {lost}")
for file in (here / "addon/translations").glob("*.yaml"):
    SCHEMA_APP_TRANSLATIONS(yaml.safe_load(file.read_text()))
AppOptions(None, config["schema"], config["name"], config["slug"])(dict(config["options"]))
shown = [option["name"] for option in UiOptions(None)(config["schema"])]
print(f"taken; the form in Home Assistant has: {', '.join(shown)}")
