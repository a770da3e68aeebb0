"""Recordings in the media browser: bridge, microphone, day, then the newest first."""

from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final
from urllib.parse import quote, unquote

from homeassistant.auth.models import User
from homeassistant.components.http import KEY_HASS_USER
from homeassistant.components.media_player import BrowseError, MediaClass, MediaType
from homeassistant.components.media_source import BrowseMediaSource, MediaSource, MediaSourceItem, PlayMedia, Unresolvable
from homeassistant.components.websocket_api import current_connection
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import current_request
from homeassistant.util import dt as dt_util

from .api import Bridge, BridgeError
from .const import DOMAIN
from .permissions import may_call
from .runtime import EarshotConfigEntry, entry_of, loaded_entries
from .views import clip_path

MAX_DAYS: Final = 31  # of a page
MAX_RECORDINGS: Final = 500  # of a day; the bridge gives no more at once
BEFORE: Final = "before-"  # begins the name of a page of older days


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """Return the source."""
    return EarshotMediaSource(hass)


def _user() -> User | None:
    """Return who asks; nobody is an automation."""
    if (connection := current_connection.get()) is not None:
        return connection.user
    if (request := current_request.get()) is not None and KEY_HASS_USER in request:
        user: User = request[KEY_HASS_USER]
        return user
    return None


def _zone(bridge: Bridge) -> tzinfo:
    named = dt_util.get_time_zone(bridge.time_zone) if bridge.time_zone else None
    return named or dt_util.get_default_time_zone()


class EarshotMediaSource(MediaSource):
    """The recordings of all bridges that the user may listen to."""

    name = "Earshot"

    def __init__(self, hass: HomeAssistant) -> None:
        """Keep where the entries are."""
        super().__init__(DOMAIN)
        self.hass = hass

    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return the path of a recording, which Home Assistant signs for who asks."""
        parts = [unquote(part) for part in item.identifier.split("/")]
        entry = entry_of(self.hass, parts[0])
        if len(parts) != 4 or entry is None:
            raise Unresolvable(translation_domain=DOMAIN, translation_key="not_a_recording")
        if not may_call(_user(), entry, "clips/sign"):
            raise Unresolvable(translation_domain=DOMAIN, translation_key="unauthorized")
        try:
            recording = await entry.runtime_data.bridge.call("history/get", {"entry_id": parts[3]})
        except BridgeError as err:
            raise Unresolvable(
                translation_domain=DOMAIN, translation_key="refused", translation_placeholders={"message": err.message}
            ) from err
        if recording["clip"] is None:
            raise Unresolvable(translation_domain=DOMAIN, translation_key="not_a_recording")
        return PlayMedia(clip_path(parts[0], parts[3]), recording["clip"]["media_type"])

    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Return one level."""
        user = _user()
        entries = [entry for entry in loaded_entries(self.hass) if may_call(user, entry, "clips/sign")]
        parts = [unquote(part) for part in item.identifier.split("/")] if item.identifier else []
        if not parts and len(entries) != 1:
            return _folder([], self.name or "", [_folder([e.unique_id or ""], e.title) for e in entries])
        entry = next((e for e in entries if e.unique_id == (parts[0] if parts else entries[0].unique_id)), None)
        if entry is None:
            raise BrowseError(translation_domain=DOMAIN, translation_key="not_a_recording")
        try:
            return await _Level(entry).browse(parts[1:])
        except BridgeError as err:
            raise BrowseError(
                translation_domain=DOMAIN, translation_key="refused", translation_placeholders={"message": err.message}
            ) from err
        except ValueError as err:  # no day
            raise BrowseError(translation_domain=DOMAIN, translation_key="not_a_recording") from err


class _Level:
    """The recordings of one bridge."""

    def __init__(self, entry: EarshotConfigEntry) -> None:
        self._title = entry.title
        self._id = entry.unique_id or ""
        self._bridge = entry.runtime_data.bridge
        self._zone = _zone(self._bridge)

    async def browse(self, parts: list[str]) -> BrowseMediaSource:
        match parts:
            case []:
                return await self._satellites()
            case [satellite]:
                return await self._days(satellite, None)
            case [satellite, page] if page.startswith(BEFORE):
                return await self._days(satellite, date.fromisoformat(page.removeprefix(BEFORE)))
            case [satellite, day]:
                return await self._recordings(satellite, date.fromisoformat(day))
        raise ValueError(parts)

    async def _satellites(self) -> BrowseMediaSource:
        """List the microphones, also former ones of which there are recordings."""
        now = (await self._bridge.call("satellites/list"))["satellites"]
        names = {s["id"]: s["name"] or s["id"] for s in now}
        for stat in (await self._bridge.call("history/stats"))["by"]:
            names.setdefault(stat["satellite"], stat["satellite"])
        children = [_folder([self._id, satellite], name) for satellite, name in sorted(names.items(), key=lambda s: s[1].casefold())]
        return _folder([self._id], self._title, children)

    async def _days(self, satellite: str, before: date | None) -> BrowseMediaSource:
        """List the days with recordings: the newest recording before a day tells the next one."""
        here = [self._id, satellite]
        children: list[BrowseMediaSource] = []
        day = before
        while True:
            until = {} if day is None else {"to": self._midnight(day)}
            page = await self._bridge.call("history/list", {"satellite": satellite, "limit": 1, **until})
            if not page["entries"]:
                break
            if day is not None and len(children) == MAX_DAYS:
                children.append(_folder([*here, f"{BEFORE}{day.isoformat()}"], "…"))
                break
            found = self._time(page["entries"][0]).date()
            if day is not None and found >= day:
                break  # never, unless the clocks disagree
            day = found
            children.append(_folder([*here, day.isoformat()], day.isoformat()))
        return _folder(here, satellite, children)

    async def _recordings(self, satellite: str, day: date) -> BrowseMediaSource:
        fields = {
            "satellite": satellite,
            "from": self._midnight(day),
            "to": self._midnight(day + timedelta(days=1)),
            "limit": MAX_RECORDINGS,
        }
        page = await self._bridge.call("history/list", fields)
        here = [self._id, satellite, day.isoformat()]
        children = [
            BrowseMediaSource(
                domain=DOMAIN,
                identifier=_identifier([*here, recording["id"]]),
                media_class=MediaClass.MUSIC,
                media_content_type=recording["clip"]["media_type"],
                title=f"{self._time(recording):%H:%M:%S} {recording['transcript'] or recording.get('text_note') or ''}".strip(),
                can_play=True,
                can_expand=False,
            )
            for recording in page["entries"]
            if recording["clip"] is not None
        ]
        return _folder(here, day.isoformat(), children)

    def _midnight(self, day: date) -> str:
        return datetime(day.year, day.month, day.day, tzinfo=self._zone).isoformat()

    def _time(self, recording: dict[str, Any]) -> datetime:
        return datetime.fromisoformat(recording["at"]).astimezone(self._zone)


def _identifier(parts: list[str]) -> str:
    return "/".join(quote(part, safe="") for part in parts)


def _folder(parts: list[str], title: str, children: list[BrowseMediaSource] | None = None) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=_identifier(parts),
        media_class=MediaClass.DIRECTORY,
        media_content_type=MediaType.MUSIC,
        title=title,
        can_play=False,
        can_expand=True,
        children=children,
        children_media_class=MediaClass.MUSIC if len(parts) == 3 else MediaClass.DIRECTORY,
    )
