"""Names that several parts of the integration share."""

from typing import Final

DOMAIN: Final = "earshot"

# Options of an entry.
CONF_LISTEN: Final = "listen"
CONF_DELETE: Final = "delete"
CONF_SIDEBAR: Final = "sidebar"
ADMINISTRATORS: Final = "administrators"
EVERYONE: Final = "everyone"

# What this program calls itself when it is paired; the bridge's access log shows it.
CLIENT_NAME: Final = "Home Assistant"

DEFAULT_PORT: Final = 8127

# Dispatcher signal: a bridge or its entry is not as it was. The bridge's id goes in.
SIGNAL_CHANGED: Final = "earshot_changed_{}"
