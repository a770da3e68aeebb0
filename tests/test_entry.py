"""Tests of an entry: diagnostics, issues, and what stays after it."""

from datetime import timedelta
import json

from pytest_homeassistant_custom_component.common import async_fire_time_changed
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.earshot.const import DOMAIN
from custom_components.earshot.diagnostics import async_get_config_entry_diagnostics
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .conftest import SetUp
from .fake_bridge import TOKEN, FakeBridge
from .test_api import until
from .test_websocket import ask


def issues(hass: HomeAssistant) -> list[str | None]:
    return [issue.translation_key for (domain, _), issue in ir.async_get(hass).issues.items() if domain == DOMAIN]


async def test_diagnostics(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp, hass_ws_client: WebSocketGenerator) -> None:
    entry = await set_up(listen="everyone")
    await ask(await hass_ws_client(hass), "earshot/subscribe", bridge="bridge", command="history/subscribe")
    shown = await async_get_config_entry_diagnostics(hass, entry)
    assert shown["bridge"]["online"]
    assert shown["subscriptions"] == {"history/subscribe": 1, "satellites/subscribe": 1}
    assert shown["history"] == {"entries": 3}
    text = json.dumps(shown)
    for secret in (TOKEN, "127.0.0.1", "secret words", "kitchen"):
        assert secret not in text
    await bridge.stop()
    await until(lambda: not entry.runtime_data.bridge.online)
    assert (await async_get_config_entry_diagnostics(hass, entry))["history"] == {"error": "offline"}


async def test_a_bridge_that_is_away(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp) -> None:
    await bridge.stop()
    entry = await set_up()
    assert issues(hass) == []
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=61))
    assert issues(hass) == ["bridge_away"]
    await bridge.start()
    await until(lambda: entry.runtime_data.bridge.online)
    assert issues(hass) == []
    await bridge.stop()
    await until(lambda: not entry.runtime_data.bridge.online)
    await hass.config_entries.async_unload(entry.entry_id)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=61))
    assert issues(hass) == []


async def test_a_bridge_that_is_too_old(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp) -> None:
    missing = bridge.roles.pop("history/delete_preview")
    entry = await set_up()
    assert issues(hass) == ["bridge_too_old"]
    bridge.roles["history/delete_preview"] = missing
    await bridge.drop()
    await until(lambda: not entry.runtime_data.bridge.online)
    await until(lambda: entry.runtime_data.bridge.online)
    assert issues(hass) == []


async def test_removal(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp) -> None:
    entry = await set_up()
    await hass.config_entries.async_remove(entry.entry_id)
    await until(lambda: not bridge.sockets)
    assert entry.entry_id not in json.dumps(list(hass.data), default=str)
