"""The names of Home Assistant's users, as the bridge takes them for its logs."""

from typing import Final
import unicodedata

from homeassistant.auth.models import User

LIMIT: Final = 64  # characters
REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # categories of Unicode: control characters, and what hides or breaks a line


def name_of(user: User | None) -> str | None:
    """Return the name of a user; None for an automation."""
    if user is None or not user.name:
        return None
    name = "".join(c for c in user.name if unicodedata.category(c) not in REFUSED)
    return name.strip()[:LIMIT].strip() or None
