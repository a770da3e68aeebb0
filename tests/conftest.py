"""What the tests share."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.earshot import api, dashboard
from custom_components.earshot.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .fake_bridge import TOKEN, FakeBridge

type SetUp = Callable[..., Awaitable[MockConfigEntry]]


@pytest.fixture(autouse=True)
def _integration(enable_custom_integrations: None, socket_enabled: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let Home Assistant find the integration, which is not to wait long for a bridge that is away, and has a card of one line."""
    (tmp_path / "earshot.js").write_text("// card\n")
    monkeypatch.setattr(dashboard, "FOLDER", tmp_path)
    monkeypatch.setattr(api, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(api, "LONGEST_WAIT", 0.05)


@pytest.fixture(autouse=True)
async def _core(_integration: None, hass: HomeAssistant) -> None:
    """Set up what assistants need and every Home Assistant has."""
    assert await async_setup_component(hass, "homeassistant", {})


@pytest.fixture
async def bridge() -> AsyncGenerator[FakeBridge]:
    fake = FakeBridge()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def set_up(hass: HomeAssistant, bridge: FakeBridge) -> SetUp:
    """Return what sets the bridge up, with options."""

    async def do(**options: object) -> MockConfigEntry:
        entry = MockConfigEntry(
            domain=DOMAIN, unique_id=bridge.id, title="Earshot", data={"url": str(bridge.url), "access_token": TOKEN}, options=options
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        return entry

    return do
