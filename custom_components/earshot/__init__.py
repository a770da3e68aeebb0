"""The Home Assistant integration of Earshot, a local voice bridge: its voice history in dashboards, actions and the media browser."""

import asyncio
import contextlib

from yarl import URL

from homeassistant.const import CONF_ACCESS_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.typing import ConfigType

from .api import Bridge, InvalidToken
from .const import DOMAIN
from .runtime import EarshotConfigEntry, Runtime

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

# How long a start waits for the bridge, in seconds. Without it everything is set up too, and says that the bridge is away.
START_LIMIT = 5.0


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register what there is once for all bridges."""
    return True


async def async_setup_entry(hass: HomeAssistant, entry: EarshotConfigEntry) -> bool:
    """Connect to a bridge."""
    bridge = Bridge(async_get_clientsession(hass), URL(entry.data[CONF_URL]), entry.data[CONF_ACCESS_TOKEN])
    entry.runtime_data = Runtime(bridge)

    async def run() -> None:
        try:
            await bridge.run()
        except InvalidToken:
            entry.async_start_reauth(hass)

    entry.async_create_background_task(hass, run(), f"connection to {entry.title}")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_LIMIT):
            await bridge.tried.wait()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: EarshotConfigEntry) -> bool:
    """Leave a bridge; the connection ends with the entry's tasks."""
    return True
