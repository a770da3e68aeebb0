"""Repair issues: a bridge that is away for long, or too old."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.const import CONF_URL
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later

from .const import DOMAIN
from .runtime import EarshotConfigEntry

AWAY_LIMIT: Final = timedelta(hours=1)

# What the card, the actions and the media browser cannot do without.
NEEDED: Final = frozenset(
    {
        "clips/sign",
        "history/delete",
        "history/delete_preview",
        "history/delete_range",
        "history/export",
        "history/get",
        "history/list",
        "history/stats",
        "history/subscribe",
        "satellites/list",
        "satellites/listen",
        "satellites/mute",
        "settings/update",
    }
)


class Issues:
    """The issues of one bridge."""

    def __init__(self, hass: HomeAssistant, entry: EarshotConfigEntry) -> None:
        """Begin with none."""
        self._hass = hass
        self._entry = entry
        self._stop_waiting: CALLBACK_TYPE | None = None

    @callback
    def update(self) -> None:
        """Look at the bridge; call this at every change."""
        bridge = self._entry.runtime_data.bridge
        if not bridge.online:
            if self._stop_waiting is None:
                self._stop_waiting = async_call_later(self._hass, AWAY_LIMIT, self._away)
            return
        self._end_waiting()
        self._delete("bridge_away")
        if bridge.roles.keys() >= NEEDED:
            self._delete("bridge_too_old")
        else:
            self._create("bridge_too_old", version=bridge.version or "?")

    @callback
    def close(self) -> None:
        """Forget them; the entry is not loaded any more."""
        self._end_waiting()
        self._delete("bridge_away")
        self._delete("bridge_too_old")

    @callback
    def _away(self, _: datetime) -> None:
        self._create("bridge_away", url=str(self._entry.data[CONF_URL]))

    @callback
    def _end_waiting(self) -> None:
        if self._stop_waiting is not None:
            self._stop_waiting()
            self._stop_waiting = None

    @callback
    def _create(self, key: str, **placeholders: str) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"{key}_{self._entry.entry_id}",
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders={"name": self._entry.title, **placeholders},
        )

    @callback
    def _delete(self, key: str) -> None:
        ir.async_delete_issue(self._hass, DOMAIN, f"{key}_{self._entry.entry_id}")
