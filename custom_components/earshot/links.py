"""Links of the bridge to its audio, which never leave Home Assistant: browsers get a path of Home Assistant's own."""

from dataclasses import dataclass
import secrets
import time
from typing import Any, Final

from homeassistant.auth.models import User

from .api import Bridge
from .people import name_of

# The bridge's links are good for ten minutes; a player may begin with an old one.
LINK_LIFETIME: Final = 540.0  # s
MAX_LINKS: Final = 256  # of each kind


@dataclass(frozen=True)
class Link:
    """A link of the bridge."""

    url: str  # relative to the bridge's address
    until: float  # of the monotonic clock


class Links:
    """The links of one bridge; the oldest go when there are too many."""

    def __init__(self) -> None:
        """Begin with none."""
        self._clips: dict[tuple[str, str], Link] = {}
        self._exports: dict[str, Link] = {}

    async def clip(self, bridge: Bridge, user: User, recording: str, *, renew: bool = False) -> str:
        """Return the bridge's link to a clip. One is used for all parts that a player fetches, so that the access log counts a play once.

        Raises BridgeError.
        """
        link = self._clips.get((user.id, recording))
        if renew or link is None or link.until < time.monotonic():
            signed = await bridge.call("clips/sign", {"entry_id": recording}, person=name_of(user))
            link = self.add_clip(user.id, recording, signed)
        return link.url

    def add_clip(self, user_id: str, recording: str, signed: dict[str, Any]) -> Link:
        """Keep what clips/sign has answered for a user."""
        link = Link(str(signed["url"]), time.monotonic() + LINK_LIFETIME)
        _keep(self._clips, (user_id, recording), link)
        return link

    def add_export(self, url: str) -> str:
        """Keep the bridge's link to an archive, and return a name for it that cannot be guessed."""
        name = secrets.token_urlsafe(16)
        _keep(self._exports, name, Link(url, time.monotonic() + LINK_LIFETIME))
        return name

    def take_export(self, name: str) -> str | None:
        """Return the link of an archive, once."""
        link = self._exports.pop(name, None)
        return None if link is None or link.until < time.monotonic() else link.url

    def forget(self) -> None:
        """Drop all; a bridge that has restarted knows none of them."""
        self._clips.clear()
        self._exports.clear()


def _keep[K](links: dict[K, Link], key: K, link: Link) -> None:
    links.pop(key, None)
    while len(links) >= MAX_LINKS:
        del links[next(iter(links))]
    links[key] = link
