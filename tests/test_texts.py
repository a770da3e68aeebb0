"""Tests that every text is there, in every language."""

import json
from pathlib import Path
import re
from typing import Any

import pytest

from homeassistant.util.yaml import load_yaml_dict

FOLDER = Path(__file__).parent.parent / "custom_components" / "earshot"


def load(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())


def shape(texts: Any) -> Any:
    """Return the keys of texts, and the placeholders in them."""
    if isinstance(texts, dict):
        return {key: shape(value) for key, value in texts.items()}
    return sorted(re.findall(r"{\w+}", texts))


@pytest.mark.parametrize("language", ["en", "de"])
def test_languages(language: str) -> None:
    assert shape(load(f"translations/{language}.json")) == shape(load("strings.json"))


def test_english() -> None:
    assert load("translations/en.json") == load("strings.json")


def test_actions() -> None:
    actions = load_yaml_dict(str(FOLDER / "services.yaml"))
    texts = load("strings.json")
    assert {name: set(action.get("fields", {})) for name, action in actions.items()} == {
        name: set(action.get("fields", {})) for name, action in texts["services"].items()
    }
    assert actions.keys() == load("icons.json")["services"].keys()
    for action in actions.values():
        for field in action.get("fields", {}).values():
            if key := (field["selector"].get("select") or {}).get("translation_key"):
                assert set(field["selector"]["select"]["options"]) == set(texts["selector"][key]["options"])


def test_exceptions() -> None:
    code = "".join(file.read_text() for file in FOLDER.glob("*.py"))
    used = set(re.findall(r'translation_key="(\w+)"', code)) | {"which_bridge", "no_bridge"}
    texts = load("strings.json")
    assert used - {"people"} == set(texts["exceptions"])
