"""Tests of what the frontend knows."""

from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.earshot import DASHBOARD
from custom_components.earshot.const import DOMAIN
from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.typing import ConfigType
from homeassistant.setup import async_setup_component

from .conftest import SetUp
from .fake_bridge import TOKEN, FakeBridge
from .test_websocket import ask


async def start(hass: HomeAssistant, config: ConfigType | None = None) -> None:
    """Start the frontend as Home Assistant does it before an integration."""
    assert await async_setup_component(hass, "frontend", config or {})
    assert await async_setup_component(hass, "lovelace", config or {})


async def resources(hass: HomeAssistant) -> list[str]:
    collection = hass.data["lovelace"].resources
    await collection.async_get_info()
    return [item["url"] for item in collection.async_items()]


async def panel(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> Any:
    return (await ask(await hass_ws_client(hass), "get_panels")).get("earshot")


async def test_card_and_panel(
    hass: HomeAssistant, set_up: SetUp, hass_ws_client: WebSocketGenerator, hass_client_no_auth: ClientSessionGenerator
) -> None:
    await start(hass)
    collection = hass.data["lovelace"].resources
    await collection.async_create_item({"res_type": "module", "url": "/local/other.js"})
    await collection.async_create_item({"res_type": "module", "url": "/earshot_static/old/earshot.js"})
    await collection.async_create_item({"res_type": "module", "url": "/earshot_static/older/earshot.js"})
    entry = await set_up()
    other, url = await resources(hass)
    assert other == "/local/other.js"
    assert url.startswith("/earshot_static/")
    assert "old" not in url
    served = await (await hass_client_no_auth()).get(url)
    assert (served.status, await served.text()) == (200, "// card\n")
    assert "max-age" in served.headers["Cache-Control"]
    shown = await panel(hass, hass_ws_client)
    assert (shown["title"], shown["require_admin"], shown["component_name"]) == ("Voice history", True, "custom")
    assert shown["config"]["_panel_custom"]["module_url"] == url
    hass.config_entries.async_update_entry(entry, options={"sidebar": False, "listen": "everyone"})
    await hass.async_block_till_done()
    shown = await panel(hass, hass_ws_client)
    assert (shown["title"], shown["require_admin"]) == (None, False)
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert await resources(hass) == ["/local/other.js"]
    assert await panel(hass, hass_ws_client) is None
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert url in await resources(hass)


async def test_resources_in_yaml(hass: HomeAssistant, set_up: SetUp, caplog: pytest.LogCaptureFixture) -> None:
    await start(hass, {"lovelace": {"mode": "yaml", "resources": []}})
    entry = await set_up()
    extra = hass.data[DATA_EXTRA_MODULE_URL].urls
    assert [url for url in extra if url.startswith("/earshot_static/")]
    assert "from YAML" in caplog.text
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    extra = hass.data[DATA_EXTRA_MODULE_URL].urls
    assert not [url for url in extra if url.startswith("/earshot_static/")]


async def test_without_the_file(hass: HomeAssistant, set_up: SetUp, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "earshot.js").unlink()
    await set_up()
    assert "install Earshot again" in caplog.text
    await hass.data[DASHBOARD].update()


async def test_german(hass: HomeAssistant, set_up: SetUp, hass_ws_client: WebSocketGenerator) -> None:
    hass.config.language = "de"
    await start(hass)
    await set_up()
    assert (await panel(hass, hass_ws_client))["title"] == "Sprachverlauf"


async def test_two_bridges_at_a_time(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp) -> None:
    await start(hass)
    second = MockConfigEntry(domain=DOMAIN, unique_id="attic", data={"url": str(bridge.url), "access_token": TOKEN})
    second.add_to_hass(hass)
    first = await set_up()  # which loads both
    assert second.state is ConfigEntryState.LOADED
    await hass.async_block_till_done()
    assert len(await resources(hass)) == 1
    for entry, left in ((first, 1), (second, 0)):
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
        assert len(await resources(hass)) == left
