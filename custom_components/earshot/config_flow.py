"""Setting up a bridge: found on MQTT or in the network or typed in, then paired by a code that it shows; an add-on needs no code."""

from collections.abc import Mapping
import json
from typing import Any

import voluptuous as vol
from yarl import URL

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.const import CONF_ACCESS_TOKEN, CONF_CODE, CONF_HOST, CONF_PORT, CONF_SSL, CONF_URL
from homeassistant.core import callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import BooleanSelector, SelectSelector, SelectSelectorConfig
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .api import BridgeOffline, InvalidToken, Pairing, TooManyRequests, WrongCode, check_token, pair, request_pairing
from .const import ADMINISTRATORS, CONF_DELETE, CONF_LISTEN, CONF_SIDEBAR, DEFAULT_PORT, DOMAIN, EVERYONE

type Errors = dict[str, str]

# The id that a bridge has when nobody has given it another.
DEFAULT_BRIDGE_ID = "bridge"


def bridge_url(host: str, port: int, ssl: bool) -> URL | None:
    """Make the bridge's address out of what people type, which may be a whole address; None when it is none."""
    host = host.strip()
    try:
        if "://" in host:
            url = URL(host).with_query(None).with_fragment(None)
        else:
            url = URL.build(scheme="https" if ssl else "http", host=host.strip("[]"), port=port, path="/")
    except (ValueError, TypeError):
        return None
    if url.scheme not in ("http", "https") or not url.host or url.user is not None or any(c in url.host for c in "/ ?#@"):
        return None
    return url if url.path.endswith("/") else url.with_path(url.path + "/")


def _address_form(host: str = "", port: int = DEFAULT_PORT, ssl: bool = False) -> vol.Schema:
    return vol.Schema(
        {
            vol.Required(CONF_HOST, **({"default": host} if host else {})): str,
            vol.Required(CONF_PORT, default=port): vol.All(vol.Coerce(int), vol.Range(1, 65535)),
            vol.Required(CONF_SSL, default=ssl): bool,
        }
    )


class EarshotConfigFlow(ConfigFlow, domain=DOMAIN):
    """One set-up."""

    VERSION = 1

    _url: URL | None = None
    _port: int = DEFAULT_PORT
    _tls: bool = False
    _name: str = "Earshot"
    _token: str = ""

    @staticmethod
    @callback
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the form of the options."""
        return EarshotOptionsFlow()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take an address that a person types."""
        return await self._address("user", user_input)

    async def async_step_mqtt(self, discovery_info: MqttServiceInfo) -> ConfigFlowResult:
        """Take what a bridge says of itself on MQTT."""
        try:
            said = json.loads(discovery_info.payload)
            bridge_id, name, url, scheme, port = (str(said.get(key) or "") for key in ("id", "name", "url", "scheme", "port"))
            port = port or str(said.get("listen") or "").rpartition(":")[2]
        except (ValueError, AttributeError):
            return self.async_abort(reason="not_a_bridge")
        if not bridge_id:
            return self.async_abort(reason="not_a_bridge")
        address = bridge_url(url, DEFAULT_PORT, False) if url else None
        self._tls = scheme == "https"
        if port.isascii() and port.isdigit() and 0 < int(port) < 65536:
            self._port = int(port)
        return await self._found(bridge_id, name, address)

    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Take what a bridge says of itself in the network."""
        said = {key: str(value or "") for key, value in discovery_info.properties.items()}
        tls = said.get("scheme") == "https"
        address = bridge_url(discovery_info.host, discovery_info.port or DEFAULT_PORT, tls)
        if not said.get("id") or address is None:
            return self.async_abort(reason="not_a_bridge")
        return await self._found(said["id"], said.get("name", ""), address)

    async def async_step_hassio(self, discovery_info: HassioServiceInfo) -> ConfigFlowResult:
        """Take what an add-on says of itself to the Supervisor: its address, and a token."""
        said = discovery_info.config
        try:
            address = bridge_url(str(said["host"]), int(said["port"]), said.get("ssl") is True)
            bridge_id, self._token = str(said["id"]), str(said["token"])
        except (KeyError, ValueError, TypeError):
            return self.async_abort(reason="not_a_bridge")
        if address is None or not bridge_id or not self._token:
            return self.async_abort(reason="not_a_bridge")
        # Nobody but the Supervisor says this, so it counts more than what was found on MQTT.
        entry = await self.async_set_unique_id(bridge_id, raise_on_progress=False)
        for other in self._async_in_progress(include_uninitialized=True, match_context={"unique_id": bridge_id}):
            self.hass.config_entries.flow.async_abort(other["flow_id"])
        if entry is not None and not (entry.state is ConfigEntryState.LOADED and entry.runtime_data.bridge.online):
            self._abort_if_unique_id_configured(updates={CONF_URL: str(address), CONF_ACCESS_TOKEN: self._token})
        self._abort_if_unique_id_configured()
        self._url = address
        self._name = _title(str(said.get("addon") or ""), bridge_id)
        self.context["title_placeholders"] = {"name": self._name}
        return await self.async_step_hassio_confirm()

    async def async_step_hassio_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask a person once."""
        assert self._url is not None
        errors: Errors = {}
        if user_input is not None:
            try:
                await check_token(async_get_clientsession(self.hass), self._url, self._token)
            except BridgeOffline:
                errors["base"] = "cannot_connect"
            except InvalidToken:
                return await self.async_step_confirm()
            else:
                self._abort_if_unique_id_configured()  # meanwhile, by hand
                return self.async_create_entry(title=self._name, data={CONF_URL: str(self._url), CONF_ACCESS_TOKEN: self._token})
        return self.async_show_form(step_id="hassio_confirm", errors=errors, description_placeholders={"name": self._name})

    async def _found(self, bridge_id: str, name: str, url: URL | None) -> ConfigFlowResult:
        entry = await self.async_set_unique_id(bridge_id)
        if entry is not None and url is not None:
            self._moved(entry, url)
        self._abort_if_unique_id_configured()
        self._url = url
        self._name = _title(name, bridge_id)
        self.context["title_placeholders"] = {"name": self._name}
        return await (self.async_step_confirm() if url else self.async_step_address())

    def _moved(self, entry: ConfigEntry, url: URL) -> None:
        """Follow a bridge to its new address.

        Anybody in the network could announce an address, and would be sent the token: so a bridge that answers at its old address has not
        moved, and none is followed from https to http.
        """
        old = URL(entry.data[CONF_URL])
        connected = entry.state is ConfigEntryState.LOADED and entry.runtime_data.bridge.online
        if url == old or connected or (old.scheme, url.scheme) == ("https", "http"):
            return
        self.hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_URL: str(url)})
        self.hass.config_entries.async_schedule_reload(entry.entry_id)

    async def async_step_address(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address of a bridge that does not know its own."""
        return await self._address("address", user_input)

    async def _address(self, step: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        errors: Errors = {}
        if user_input is not None:
            url = bridge_url(user_input[CONF_HOST], user_input[CONF_PORT], user_input[CONF_SSL])
            if url is None:
                errors[CONF_HOST] = "not_an_address"
            else:
                if self.source != SOURCE_RECONFIGURE:
                    self._async_abort_entries_match({CONF_URL: str(url)})
                self._url = url
                if self.source == SOURCE_RECONFIGURE and await self._same_token(url, errors):
                    return self._renew({CONF_URL: str(url)})
                if not errors:
                    errors = await self._request()
                if not errors:
                    return await self.async_step_code()
            form = _address_form(user_input[CONF_HOST], user_input[CONF_PORT], user_input[CONF_SSL])
        elif self._url is not None:
            form = _address_form(self._url.host or "", self._url.port or DEFAULT_PORT, self._url.scheme == "https")
        else:
            form = _address_form(port=self._port, ssl=self._tls)
        return self.async_show_form(step_id=step, data_schema=form, errors=errors, description_placeholders={"name": self._name})

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask a person before the bridge shows a code: announcements come by themselves."""
        assert self._url is not None
        errors: Errors = {}
        if user_input is not None:
            errors = await self._request()
            if not errors:
                return await self.async_step_code()
        return self.async_show_form(step_id="confirm", errors=errors, description_placeholders={"name": self._name, "url": str(self._url)})

    async def _request(self) -> Errors:
        assert self._url is not None
        try:
            await request_pairing(async_get_clientsession(self.hass), self._url)
        except BridgeOffline:
            return {"base": "cannot_connect"}
        except TooManyRequests:
            return {"base": "too_many_codes"}
        return {}

    async def async_step_code(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take the code; an empty one asks for a new one."""
        assert self._url is not None
        errors: Errors = {}
        if user_input is not None:
            code = "".join(str(user_input.get(CONF_CODE, "")).split())
            if not code:
                errors = await self._request()
            else:
                try:
                    return await self._paired(await pair(async_get_clientsession(self.hass), self._url, code))
                except WrongCode:
                    errors[CONF_CODE] = "wrong_code"
                except TooManyRequests:
                    errors["base"] = "too_many_codes"
                except BridgeOffline:
                    errors["base"] = "cannot_connect"
        return self.async_show_form(
            step_id="code",
            data_schema=vol.Schema({vol.Optional(CONF_CODE): str}),
            errors=errors,
            description_placeholders={"url": str(self._url)},
        )

    async def _paired(self, made: Pairing) -> ConfigFlowResult:
        data = {CONF_URL: str(self._url), CONF_ACCESS_TOKEN: made.token}
        await self.async_set_unique_id(made.bridge_id, raise_on_progress=False)
        if self.source in (SOURCE_REAUTH, SOURCE_RECONFIGURE):
            self._abort_if_unique_id_mismatch(reason="another_bridge")
            return self._renew(data)
        # A person has paired this bridge once more, so the new token counts.
        self._abort_if_unique_id_configured(updates=data)
        return self.async_create_entry(title=_title(made.name, made.bridge_id), data=data)

    def _renew(self, data: dict[str, str]) -> ConfigFlowResult:
        entry = self._get_reauth_entry() if self.source == SOURCE_REAUTH else self._get_reconfigure_entry()
        return self.async_update_reload_and_abort(entry, data_updates=data)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Pair again: the bridge does not know the token any more."""
        self._url = URL(entry_data[CONF_URL])
        self._name = self._get_reauth_entry().title
        return await self.async_step_confirm()

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change the address."""
        entry = self._get_reconfigure_entry()
        if self._url is None:
            self._url, self._name = URL(entry.data[CONF_URL]), entry.title
        return await self._address("reconfigure", user_input)

    async def _same_token(self, url: URL, errors: Errors) -> bool:
        """Tell whether the bridge at an address knows the token that there is; if not, the way goes on with a code."""
        try:
            await check_token(async_get_clientsession(self.hass), url, self._get_reconfigure_entry().data[CONF_ACCESS_TOKEN])
        except InvalidToken:
            return False
        except BridgeOffline:
            errors["base"] = "cannot_connect"
            return False
        return True


def _title(name: str, bridge_id: str) -> str:
    name = name or "Earshot"
    return name if bridge_id == DEFAULT_BRIDGE_ID else f"{name} ({bridge_id})"


class EarshotOptionsFlow(OptionsFlow):
    """Who may do what, and whether the history is in the sidebar."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the form, and keep what it says."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        people = SelectSelector(SelectSelectorConfig(options=[ADMINISTRATORS, EVERYONE], translation_key="people"))
        form = vol.Schema(
            {
                vol.Required(CONF_LISTEN, default=ADMINISTRATORS): people,
                vol.Required(CONF_DELETE, default=ADMINISTRATORS): people,
                vol.Required(CONF_SIDEBAR, default=True): BooleanSelector(),
            }
        )
        return self.async_show_form(step_id="init", data_schema=self.add_suggested_values_to_schema(form, self.config_entry.options))
