"""What helps to find a fault, without secrets and without anything that was said."""

from collections import Counter
from typing import Any

from yarl import URL

from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant

from .api import BridgeError
from .runtime import EarshotConfigEntry


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: EarshotConfigEntry) -> dict[str, Any]:
    """Return the state of the connection, and numbers of the history."""
    bridge = entry.runtime_data.bridge
    url = URL(entry.data[CONF_URL])
    return {
        # The host may be a name that tells where people live.
        "bridge": {"scheme": url.scheme, "port": url.port, "path": url.path, "online": bridge.online, "version": bridge.version},
        "time_zone": bridge.time_zone,
        "options": dict(entry.options),
        "commands": dict(sorted(bridge.roles.items())),
        "subscriptions": dict(Counter(bridge.subscriptions)),
        "history": await _history(entry),
    }


async def _history(entry: EarshotConfigEntry) -> dict[str, Any]:
    try:
        stats = await entry.runtime_data.bridge.call("history/stats")
    except BridgeError as err:
        return {"error": err.code}
    return {key: value for key, value in stats.items() if isinstance(value, int | float) and not isinstance(value, bool)}
