"""What an entry has while it is loaded."""

from dataclasses import dataclass, field

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant

from .api import Bridge
from .const import DOMAIN
from .links import Links

type EarshotConfigEntry = ConfigEntry[Runtime]


@dataclass
class Runtime:
    """A bridge, and the links to its recordings that were given out."""

    bridge: Bridge
    links: Links = field(default_factory=Links)


def loaded_entries(hass: HomeAssistant) -> list[EarshotConfigEntry]:
    """Return the entries whose bridges can be asked."""
    return [entry for entry in hass.config_entries.async_entries(DOMAIN) if entry.state is ConfigEntryState.LOADED]


def entry_of(hass: HomeAssistant, bridge_id: str) -> EarshotConfigEntry | None:
    """Return the loaded entry of a bridge."""
    return next((entry for entry in loaded_entries(hass) if entry.unique_id == bridge_id), None)
