"""The Home Assistant integration of Earshot, a local voice bridge: its voice history in dashboards, actions and the media browser."""

import asyncio
import contextlib

from yarl import URL

from homeassistant.const import CONF_ACCESS_TOKEN, CONF_URL, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.typing import ConfigType
from homeassistant.util.hass_dict import HassKey

from . import actions, sounds, views, websocket
from .api import Bridge, InvalidToken
from .const import DOMAIN, SIGNAL_CHANGED
from .dashboard import Dashboard
from .issues import Issues
from .runtime import EarshotConfigEntry, Runtime

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = [Platform.ASSIST_SATELLITE]
DASHBOARD: HassKey[Dashboard] = HassKey(DOMAIN)

# How long a start waits for the bridge, in seconds. Without it everything is set up too, and says that the bridge is away.
START_LIMIT = 5.0


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register what there is once for all bridges."""
    websocket.async_setup(hass)
    views.async_setup(hass)
    actions.async_setup(hass)
    await sounds.async_setup(hass)
    hass.data[DASHBOARD] = Dashboard(hass)
    await hass.data[DASHBOARD].serve()
    return True


async def async_setup_entry(hass: HomeAssistant, entry: EarshotConfigEntry) -> bool:
    """Connect to a bridge."""
    bridge = Bridge(async_get_clientsession(hass), URL(entry.data[CONF_URL]), entry.data[CONF_ACCESS_TOKEN])
    entry.runtime_data = Runtime(bridge)
    issues = Issues(hass, entry)

    @callback
    def changed() -> None:
        async_dispatcher_send(hass, SIGNAL_CHANGED.format(entry.unique_id))

    @callback
    def state_changed() -> None:
        changed()
        hass.async_create_task(hass.data[DASHBOARD].update(), "dashboard of Earshot")

    @callback
    def bridge_changed() -> None:
        if not bridge.online:
            entry.runtime_data.links.forget()
        issues.update()
        changed()

    async def run() -> None:
        try:
            await bridge.run()
        except InvalidToken:
            entry.async_start_reauth(hass)

    entry.async_on_unload(bridge.on_change(bridge_changed))
    entry.async_create_background_task(hass, run(), f"connection to {entry.title}")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_LIMIT):
            await bridge.tried.wait()
    issues.update()
    entry.async_on_unload(issues.close)
    entry.async_on_unload(entry.add_update_listener(_updated))
    entry.async_on_unload(entry.async_on_state_change(state_changed))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def _updated(hass: HomeAssistant, entry: EarshotConfigEntry) -> None:
    """Tell the cards that other people may do other things now."""
    async_dispatcher_send(hass, SIGNAL_CHANGED.format(entry.unique_id))
    await hass.data[DASHBOARD].update()


async def async_unload_entry(hass: HomeAssistant, entry: EarshotConfigEntry) -> bool:
    """Leave a bridge; the connection ends with the entry's tasks."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
