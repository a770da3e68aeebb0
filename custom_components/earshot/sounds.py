"""The sound of a timer, which bridges and media players fetch; scripts/sounds.py has made it."""

from pathlib import Path
from typing import Final

from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant

TIMER_SOUND: Final = "/api/earshot/static/timer.wav"


async def async_setup(hass: HomeAssistant) -> None:
    """Serve it to everybody who is in the network: there is nothing to hide in it."""
    file = Path(__file__).parent / "sounds" / "timer.wav"
    await hass.http.async_register_static_paths([StaticPathConfig(TIMER_SOUND, str(file))])
