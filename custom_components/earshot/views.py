"""Audio and archives of the bridge, under paths of Home Assistant that browsers can be given."""

from datetime import timedelta
from http import HTTPStatus
import logging
from typing import Any, Final
from urllib.parse import quote

from aiohttp import ClientError, ClientTimeout, hdrs, web
from yarl import URL

from homeassistant.auth.models import User
from homeassistant.components.http import KEY_HASS_USER, HomeAssistantView
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.http import KEY_HASS

from .api import Bridge, BridgeError, BridgeOffline
from .people import name_of
from .permissions import may_call
from .runtime import EarshotConfigEntry, entry_of

_LOGGER = logging.getLogger(__name__)

CHUNK: Final = 64 << 10  # bytes
# An archive may take long in all, but not between two parts.
STREAM_TIMEOUT: Final = ClientTimeout(total=None, connect=10, sock_read=60)

ASKED: Final = (hdrs.RANGE, hdrs.IF_RANGE, hdrs.ACCEPT)
ANSWERED: Final = (
    hdrs.CONTENT_TYPE,
    hdrs.CONTENT_LENGTH,
    hdrs.CONTENT_RANGE,
    hdrs.CONTENT_DISPOSITION,
    hdrs.ACCEPT_RANGES,
    hdrs.ETAG,
)
PASSED: Final = frozenset({200, 206, 404, 410, 416})

STATUS: Final = {"unauthorized": HTTPStatus.FORBIDDEN, "not_found": HTTPStatus.GONE, "offline": HTTPStatus.SERVICE_UNAVAILABLE}


@callback
def async_setup(hass: HomeAssistant) -> None:
    """Register the views."""
    hass.http.register_view(ClipView())
    hass.http.register_view(ExportView())


def clip_path(bridge_id: str, recording: str) -> str:
    """Return the path of a clip; it needs a signature, or a token."""
    return f"/api/earshot/{quote(bridge_id, safe='')}/clips/{quote(recording, safe='')}"


async def sign_clip(
    hass: HomeAssistant, entry: EarshotConfigEntry, user: User, fields: dict[str, Any], lifetime: timedelta
) -> dict[str, str]:
    """Return a signed path for clips/sign. Raises BridgeError, as when there is no such recording."""
    runtime = entry.runtime_data
    result = await runtime.bridge.call("clips/sign", fields, person=name_of(user))
    recording = str(fields["entry_id"])
    runtime.links.add_clip(user.id, recording, result)
    return {"url": async_sign_path(hass, clip_path(entry.unique_id or "", recording), lifetime)}


async def sign_export(
    hass: HomeAssistant, entry: EarshotConfigEntry, user: User | None, fields: dict[str, Any], lifetime: timedelta
) -> dict[str, str]:
    """Return a signed path, good once, for history/export. Raises BridgeError."""
    runtime = entry.runtime_data
    result = await runtime.bridge.call("history/export", fields, person=name_of(user))
    name = runtime.links.add_export(str(result["url"]))
    path = f"/api/earshot/{quote(entry.unique_id or '', safe='')}/export?name={name}"
    return {"url": async_sign_path(hass, path, lifetime)}


def _allowed(request: web.Request, bridge_id: str, command: str) -> EarshotConfigEntry:
    """Return the entry of a bridge. Raises BridgeError."""
    user: User = request[KEY_HASS_USER]
    entry = entry_of(request.app[KEY_HASS], bridge_id)
    if entry is None:
        raise BridgeOffline
    # Home Assistant signs as a user of its own what an automation plays: that was allowed when the path was made.
    if not user.system_generated and not may_call(user, entry, command):
        raise BridgeError("unauthorized", "You may not listen to recordings.")
    return entry


def _at(bridge: Bridge, link: str) -> URL:
    """Return a link's address, which has to be the bridge's own. Raises BridgeError."""
    url = bridge.url.join(URL(link))
    if url.origin() != bridge.url.origin():
        raise BridgeError("unknown_error", "The bridge has given a link to somewhere else.")
    return url


def _refusal(error: BridgeError) -> web.Response:
    return web.Response(
        status=STATUS.get(error.code, HTTPStatus.BAD_GATEWAY), text=error.message, headers={hdrs.CACHE_CONTROL: "private, no-store"}
    )


async def _pass_on(request: web.Request, url: URL) -> web.StreamResponse | None:
    """Stream what the bridge answers; None when the link is not good any more. Raises BridgeOffline."""
    asked = {name: request.headers[name] for name in ASKED if name in request.headers}
    session = async_get_clientsession(request.app[KEY_HASS])
    response: web.StreamResponse | None = None
    try:
        async with session.request(
            request.method,
            url,
            headers={**asked, hdrs.ACCEPT_ENCODING: "identity"},
            timeout=STREAM_TIMEOUT,
            allow_redirects=False,
        ) as upstream:
            if upstream.status == HTTPStatus.FORBIDDEN:
                return None
            if upstream.status not in PASSED:
                raise BridgeOffline
            headers = {name: upstream.headers[name] for name in ANSWERED if name in upstream.headers}
            response = web.StreamResponse(status=upstream.status, headers={**headers, hdrs.CACHE_CONTROL: "private, no-store"})
            await response.prepare(request)
            async for chunk in upstream.content.iter_chunked(CHUNK):
                await response.write(chunk)
            await response.write_eof()
    except (ClientError, TimeoutError) as err:
        if response is None or not response.prepared:
            raise BridgeOffline from err
        # What was deleted, or is not whole, must not look like a whole one.
        if request.transport is not None:
            request.transport.abort()
    return response


class ClipView(HomeAssistantView):
    """The audio of a recording."""

    url = "/api/earshot/{bridge}/clips/{recording}"
    name = "api:earshot:clips"

    async def get(self, request: web.Request, bridge: str, recording: str) -> web.StreamResponse:
        """Play a recording, or a part of it; with .wav behind its id as WAV."""
        recording, dot, form = recording.partition(".")
        try:
            entry = _allowed(request, bridge, "clips/sign")
            runtime, user = entry.runtime_data, request[KEY_HASS_USER]
            # The bridge does not know its old links after a restart.
            for renew in (False, True):
                url = _at(runtime.bridge, await runtime.links.clip(runtime.bridge, user, recording, renew=renew))
                if form in ("wav", "flac"):
                    url = url.with_path(f"{url.path}{dot}{form}").with_query(url.query)
                if (answer := await _pass_on(request, url)) is not None:
                    return answer
        except BridgeError as err:
            return _refusal(err)
        return _refusal(BridgeOffline())

    head = get


class ExportView(HomeAssistantView):
    """An archive of recordings."""

    url = "/api/earshot/{bridge}/export"
    name = "api:earshot:export"

    async def get(self, request: web.Request, bridge: str) -> web.StreamResponse:
        """Send an archive, once."""
        try:
            runtime = _allowed(request, bridge, "history/export").runtime_data
            link = runtime.links.take_export(request.query.get("name", ""))
            if link is None:
                raise BridgeError("not_found", "This export was fetched already, or its link is too old.")
            answer = await _pass_on(request, _at(runtime.bridge, link))
        except BridgeError as err:
            return _refusal(err)
        return answer or _refusal(BridgeError("not_found", "This export is not there any more."))
