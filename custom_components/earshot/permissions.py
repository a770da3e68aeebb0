"""Who may do what: administrators everything, others what the options of the bridge's entry say."""

from typing import Final, Literal

from homeassistant.auth.models import User

from .const import ADMINISTRATORS, CONF_DELETE, CONF_LISTEN, EVERYONE
from .runtime import EarshotConfigEntry

type Role = Literal["admin", "delete", "listen", "none"]

# What everybody may do, besides listening, who may delete but is no administrator.
DELETING: Final = frozenset({"history/delete_preview", "history/delete", "history/update"})


def role_of(user: User, entry: EarshotConfigEntry) -> Role:
    """Return the role that a user has at a bridge, in the words of the bridge; delete, which it has not, is listen and what is DELETING."""
    if user.is_admin:
        return "admin"
    if entry.options.get(CONF_DELETE, ADMINISTRATORS) == EVERYONE:
        return "delete"
    if entry.options.get(CONF_LISTEN, ADMINISTRATORS) == EVERYONE:
        return "listen"
    return "none"


def may_call(user: User | None, entry: EarshotConfigEntry, command: str) -> bool:
    """Tell whether a user may give the bridge a command; nobody is an automation, which may do everything."""
    if user is None or user.is_admin:
        return True
    if (role := role_of(user, entry)) == "none":
        return False
    # A command that the bridge does not describe is for administrators.
    needed = entry.runtime_data.bridge.roles.get(command, "admin")
    return needed in ("read", "listen") or (role == "delete" and command in DELETING)
