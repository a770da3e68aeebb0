"""WebSocket commands for the card and the panel: they pass the bridge's services on to the users who may use them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import voluptuous as vol

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .api import ENVELOPE, ONCE, Bridge, BridgeError, Subscription
from .const import DOMAIN, SIGNAL_CHANGED
from .people import name_of
from .permissions import may_call, role_of
from .runtime import EarshotConfigEntry, entry_of, loaded_entries
from .views import sign_clip, sign_export

SIGN_LIFETIME: Final = timedelta(minutes=10)

NOT_FOUND: Final = BridgeError("not_found", "There is no such bridge.")
UNAUTHORIZED: Final = BridgeError("unauthorized", "You may not do this at this bridge.")
NOT_ALLOWED: Final = BridgeError("not_allowed", "This command is not passed on in this way; events come by earshot/subscribe.")


@callback
def async_setup(hass: HomeAssistant) -> None:
    """Register the commands."""
    for command in (list_bridges, watch_bridge, call_bridge, subscribe_bridge):
        websocket_api.async_register_command(hass, command)


def _subscribes(command: str) -> bool:
    return command.endswith("/subscribe") or command in ONCE


def _refuse(connection: ActiveConnection, message_id: int, error: BridgeError) -> None:
    """Send the bridge's error as it is; Home Assistant's own way would lose what comes with it."""
    sent = {"code": error.code, "message": error.message, **error.details}
    connection.send_message({"id": message_id, "type": "result", "success": False, "error": sent})


def _state(entry: EarshotConfigEntry, connection: ActiveConnection) -> dict[str, Any]:
    bridge = entry.runtime_data.bridge
    return {
        "online": bridge.online,
        "role": role_of(connection.user, entry),
        "time_zone": bridge.time_zone,
        "version": bridge.version,
        "name": entry.title,
    }


def _permitted(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> EarshotConfigEntry:
    """Return the entry of the bridge that a command of it is meant for, when the user may give it. Raises BridgeError."""
    entry = entry_of(hass, msg["bridge"])
    if entry is None:
        # Who may see no bridge learns nothing about which there are.
        raise NOT_FOUND if connection.user.is_admin else UNAUTHORIZED
    if not may_call(connection.user, entry, msg["command"]):
        raise UNAUTHORIZED
    return entry


@websocket_api.websocket_command({vol.Required("type"): "earshot/bridges"})
@callback
def list_bridges(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """List the bridges that the user may see."""
    seen = [e for e in loaded_entries(hass) if role_of(connection.user, e) != "none"]
    connection.send_result(msg["id"], {"bridges": [{"id": e.unique_id, **_state(e, connection)} for e in seen]})


@websocket_api.websocket_command({vol.Required("type"): "earshot/watch", vol.Required("bridge"): str})
@callback
def watch_bridge(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell how a bridge is, at once and whenever that changes."""
    entry = entry_of(hass, msg["bridge"])
    if entry is None or role_of(connection.user, entry) == "none":
        _refuse(connection, msg["id"], NOT_FOUND if connection.user.is_admin else UNAUTHORIZED)
        return
    last: dict[str, Any] = _state(entry, connection)

    @callback
    def changed() -> None:
        nonlocal last
        now = entry_of(hass, msg["bridge"])
        state = {**last, "online": False} if now is None else _state(now, connection)
        if state != last:
            last = state
            connection.send_event(msg["id"], state)

    connection.subscriptions[msg["id"]] = async_dispatcher_connect(hass, SIGNAL_CHANGED.format(msg["bridge"]), changed)
    connection.send_result(msg["id"])
    connection.send_event(msg["id"], last)


@websocket_api.websocket_command(
    {
        vol.Required("type"): "earshot/call",
        vol.Required("bridge"): str,
        vol.Required("command"): str,
        vol.Optional("fields", default=dict): {str: object},
    }
)
@websocket_api.async_response
async def call_bridge(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Give the bridge a command and pass its answer on; links to audio become signed paths of Home Assistant."""
    try:
        entry = _permitted(hass, connection, msg)
        result = await _call(hass, entry, connection, msg)
    except BridgeError as err:
        _refuse(connection, msg["id"], err)
    else:
        connection.send_result(msg["id"], result)


async def _call(hass: HomeAssistant, entry: EarshotConfigEntry, connection: ActiveConnection, msg: dict[str, Any]) -> Any:
    command, fields = msg["command"], msg["fields"]
    if ENVELOPE & fields.keys():
        raise BridgeError("invalid_format", "fields: id, type and on_behalf_of are not fields of a command")
    match command:
        case "clips/sign":
            return await sign_clip(hass, entry, connection.user, fields, SIGN_LIFETIME)
        case "history/export":
            return await sign_export(hass, entry, connection.user, fields, SIGN_LIFETIME)
    if _subscribes(command) or command in ("unsubscribe_events", "ping"):
        raise NOT_ALLOWED
    return await entry.runtime_data.bridge.call(command, fields, person=name_of(connection.user))


@websocket_api.websocket_command(
    {
        vol.Required("type"): "earshot/subscribe",
        vol.Required("bridge"): str,
        vol.Required("command"): str,
        vol.Optional("fields", default=dict): {str: object},
    }
)
@websocket_api.async_response
async def subscribe_bridge(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Pass the events of a subscription on."""
    passing = _Passing(hass, connection, msg)
    # From here on: the card may go while the bridge is being asked.
    connection.subscriptions[msg["id"]] = passing.end
    try:
        entry = _permitted(hass, connection, msg)
        if not _subscribes(msg["command"]) or ENVELOPE & msg["fields"].keys():
            raise NOT_ALLOWED
        await passing.begin(entry.runtime_data.bridge)
    except BridgeError as err:
        connection.subscriptions.pop(msg["id"], None)
        passing.end()
        _refuse(connection, msg["id"], err)
        return
    # The answer comes before the first event.
    connection.send_result(msg["id"])
    passing.flow()


class _Passing:
    """The events of one subscription of one card.

    It goes on when the entry is loaded anew, and ends when the user may hear it no longer.
    """

    def __init__(self, hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
        self._hass = hass
        self._connection = connection
        self._msg = msg
        self._bridge: Bridge | None = None
        self._subscription: Subscription | None = None
        self._held: list[Any] | None = []  # events from before the answer
        self._stop_watching: Callable[[], None] = lambda: None
        self._ended = False

    async def begin(self, bridge: Bridge) -> None:
        self._bridge = bridge
        subscription = await bridge.subscribe(self._msg["command"], self._msg["fields"], self._hear)
        if self._ended:
            subscription.close()
        self._subscription = subscription

    @callback
    def _hear(self, event: Any) -> None:
        if self._held is not None:
            self._held.append(event)
        elif not self._ended:
            self._connection.send_event(self._msg["id"], event)

    @callback
    def flow(self) -> None:
        if self._ended:
            return
        held, self._held = self._held or [], None
        for event in held:
            self._hear(event)
        self._stop_watching = async_dispatcher_connect(self._hass, SIGNAL_CHANGED.format(self._msg["bridge"]), self._changed)

    @callback
    def _changed(self) -> None:
        entry = entry_of(self._hass, self._msg["bridge"])
        if entry is None:
            return
        bridge = entry.runtime_data.bridge
        # The roles of the commands are known while the bridge is there.
        if bridge.roles and not may_call(self._connection.user, entry, self._msg["command"]):
            self._reset()
            self.end()
        elif bridge is not self._bridge and self._msg["command"] not in ONCE:
            self._bridge = bridge
            self._hass.async_create_task(self._begin_again(bridge), f"{DOMAIN} subscription", eager_start=True)

    async def _begin_again(self, bridge: Bridge) -> None:
        try:
            await self.begin(bridge)
        except BridgeError:
            return  # it was taken before; the card asks anew after the reset
        finally:
            self._reset()

    @callback
    def _reset(self) -> None:
        if self._msg["command"] == "history/subscribe":
            self._hear({"action": "reset"})

    @callback
    def end(self) -> None:
        self._ended = True
        self._stop_watching()
        self._stop_watching = lambda: None
        if self._subscription is not None:
            self._subscription.close()
