"""Actions for automations, scripts and dashboards."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import voluptuous as vol

from homeassistant.auth.models import User
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, UnknownUser
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from .api import BridgeError
from .const import DOMAIN
from .people import name_of
from .permissions import may_call
from .runtime import EarshotConfigEntry, loaded_entries
from .views import sign_export

ATTR_BRIDGE: Final = "bridge"
ATTR_CONFIRM: Final = "confirm"
ATTR_SATELLITES: Final = "satellites"

SIGN_LIFETIME: Final = timedelta(minutes=10)

TEXTS: Final = vol.All(cv.ensure_list, [cv.string])

BRIDGE: Final = {vol.Optional(ATTR_BRIDGE): cv.string}

FILTER: Final = {
    vol.Optional("period"): cv.string,
    vol.Optional("from"): cv.datetime,
    vol.Optional("to"): cv.datetime,
    vol.Optional("satellites"): TEXTS,
    vol.Optional("outcomes"): TEXTS,
    vol.Optional("wake_words"): TEXTS,
    vol.Optional("labels"): TEXTS,
    vol.Optional("text"): cv.string,
    vol.Optional("kept"): cv.boolean,
}

DELETION: Final = {vol.Optional("what"): vol.In(["all", "audio", "text"]), vol.Optional("include_kept"): cv.boolean}

LIST_SCHEMA: Final = vol.Schema(
    {
        **BRIDGE,
        **FILTER,
        vol.Optional("limit", default=50): vol.All(vol.Coerce(int), vol.Range(1, 500)),
        vol.Optional("cursor"): cv.string,
    }
)
PREVIEW_SCHEMA: Final = vol.Schema({**BRIDGE, **FILTER, **DELETION})
RANGE_SCHEMA: Final = vol.Schema({**BRIDGE, **FILTER, **DELETION, vol.Required(ATTR_CONFIRM): cv.boolean})
DELETE_SCHEMA: Final = vol.Schema(
    {
        **BRIDGE,
        vol.Exclusive("ids", "recordings"): vol.All(TEXTS, vol.Length(min=1)),
        vol.Exclusive("token", "recordings"): cv.string,
        vol.Optional("include_kept"): cv.boolean,
    }
)
EXPORT_SCHEMA: Final = vol.Schema({**BRIDGE, **FILTER})
MODE_SCHEMA: Final = vol.Schema(
    {
        **BRIDGE,
        vol.Optional(ATTR_SATELLITES): TEXTS,
        vol.Optional("save"): vol.In(["audio+text", "text", "nothing"]),
        vol.Optional("mute"): cv.boolean,
    }
)

type Result = dict[str, Any]
type Handler = Callable[["Order"], Awaitable[Result]]


@callback
def async_setup(hass: HomeAssistant) -> None:
    """Register the actions."""

    def register(name: str, handler: Handler, schema: vol.Schema, supports: SupportsResponse) -> None:
        async def handle(call: ServiceCall) -> ServiceResponse:
            order = await _order(hass, call)
            result = await handler(order)
            return result if call.return_response else None

        hass.services.async_register(DOMAIN, name, handle, schema, supports)

    register("list_recordings", list_recordings, LIST_SCHEMA, SupportsResponse.ONLY)
    register("preview_delete", preview_delete, PREVIEW_SCHEMA, SupportsResponse.ONLY)
    register("delete_range", delete_range, RANGE_SCHEMA, SupportsResponse.OPTIONAL)
    register("delete_recordings", delete_recordings, DELETE_SCHEMA, SupportsResponse.OPTIONAL)
    register("export", export, EXPORT_SCHEMA, SupportsResponse.ONLY)
    register("set_mode", set_mode, MODE_SCHEMA, SupportsResponse.OPTIONAL)


class Order:
    """One call of an action: at which bridge, by whom, and with which fields."""

    def __init__(self, hass: HomeAssistant, entry: EarshotConfigEntry, user: User | None, fields: Mapping[str, Any]) -> None:
        """Keep them; user is None for an automation."""
        self.hass = hass
        self.entry = entry
        self.user = user
        self.fields = {key: _plain(value) for key, value in fields.items() if key != ATTR_BRIDGE}

    def allow(self, command: str, *, whole: bool = False) -> None:
        """Raise unless the user may give the bridge a command; whole: unless that user may delete."""
        allowed = may_call(self.user, self.entry, command)
        if whole and not allowed:
            # An action deletes a range in one step; it is no more than a preview and its deletion.
            allowed = may_call(self.user, self.entry, "history/delete")
        if not allowed:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="unauthorized")

    async def call(self, command: str, fields: Mapping[str, Any], *, whole: bool = False) -> Any:
        """Give the bridge a command. Raises HomeAssistantError with the bridge's own words."""
        self.allow(command, whole=whole)
        try:
            return await self.entry.runtime_data.bridge.call(command, fields, person=name_of(self.user))
        except BridgeError as err:
            raise explain(err, self.entry) from err


def explain(err: BridgeError, entry: EarshotConfigEntry) -> HomeAssistantError:
    """Return the error that people see for one of the bridge."""
    if err.code == "offline":
        return HomeAssistantError(translation_domain=DOMAIN, translation_key="offline", translation_placeholders={"name": entry.title})
    kind = ServiceValidationError if err.code in ("invalid_format", "not_allowed", "not_found") else HomeAssistantError
    return kind(translation_domain=DOMAIN, translation_key="refused", translation_placeholders={"message": err.message})


def _plain(value: Any) -> Any:
    """Return a value as the bridge takes it: times with their offset."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=dt_util.get_default_time_zone())).isoformat()
    return value


async def _order(hass: HomeAssistant, call: ServiceCall) -> Order:
    user: User | None = None
    if call.context.user_id is not None and (user := await hass.auth.async_get_user(call.context.user_id)) is None:
        raise UnknownUser(context=call.context)
    entries = loaded_entries(hass)
    if (wanted := call.data.get(ATTR_BRIDGE)) is not None:
        entries = [entry for entry in entries if wanted in (entry.entry_id, entry.unique_id)]
    if len(entries) != 1:
        key = "which_bridge" if entries else "no_bridge"
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key=key)
    return Order(hass, entries[0], user, call.data)


async def list_recordings(order: Order) -> Result:
    """Return recordings, newest first."""
    page = await order.call("history/list", order.fields)
    for recording in page["entries"]:
        recording.pop("peaks", None)  # for drawing only
    return {"recordings": page["entries"], "next_cursor": page.get("next_cursor")}


async def preview_delete(order: Order) -> Result:
    """Return what a deletion would do, and a token for exactly that deletion."""
    result: Result = await order.call("history/delete_preview", order.fields)
    return result


async def delete_range(order: Order) -> Result:
    """Delete recordings by period and other filters, and return the receipt."""
    order.allow("history/delete_range", whole=True)
    if not order.fields[ATTR_CONFIRM]:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_confirmed")
    result: Result = await order.call("history/delete_range", order.fields, whole=True)
    return result


async def delete_recordings(order: Order) -> Result:
    """Delete recordings by id, or those that a preview has shown, and return the receipt."""
    if not {"ids", "token"} & order.fields.keys():
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="nothing_named")
    result: Result = await order.call("history/delete", order.fields)
    return result


async def export(order: Order) -> Result:
    """Return a path of Home Assistant where an archive can be fetched, once."""
    order.allow("history/export")
    try:
        return dict(await sign_export(order.hass, order.entry, order.user, order.fields, SIGN_LIFETIME))
    except BridgeError as err:
        raise explain(err, order.entry) from err


async def set_mode(order: Order) -> Result:
    """Say what is saved from now on, and close or open microphones."""
    if not {"save", "mute"} & order.fields.keys():
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="nothing_to_set")
    order.allow("settings/update")
    order.allow("satellites/mute")
    satellites: list[str] | None = order.fields.get(ATTR_SATELLITES)
    if "save" in order.fields:
        for which in [{"satellite": s} for s in satellites] if satellites is not None else [{}]:
            await order.call("settings/update", {**which, "save": order.fields["save"]})
    if "mute" in order.fields:
        if satellites is None:
            satellites = [s["id"] for s in (await order.call("satellites/list", {}))["satellites"]]
        for satellite in satellites:
            await order.call("satellites/mute", {"satellite": satellite, "muted": order.fields["mute"]})
    return {"satellites": satellites, "save": order.fields.get("save"), "mute": order.fields.get("mute")}
