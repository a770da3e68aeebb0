"""The voice timers of a microphone: which ones run, and the sound when one is over."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.components.intent import TimerEventType, TimerInfo
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .api import BridgeError
from .runtime import EarshotConfigEntry

_LOGGER = logging.getLogger(__name__)

RING_LIMIT: Final = 60.0  # s
RING_PAUSE: Final = 1.0  # s between two times the sound, in which a wake word is heard best, and before another attempt


@dataclass(frozen=True)
class _Timer:
    name: str
    duration: int  # s
    finishes_at: datetime | None  # None: it is paused, or over
    remaining: int  # s, at the last change

    def attribute(self) -> dict[str, Any]:
        state = "active" if self.finishes_at else "paused" if self.remaining else "finished"
        return {
            "name": self.name,
            "state": state,
            "duration": str(timedelta(seconds=self.duration)),
            "remaining": str(timedelta(seconds=self.remaining)),
            "finishes_at": self.finishes_at.isoformat() if self.finishes_at else None,
        }


class Timers:
    """What is known of them. Home Assistant keeps the time; it forgets its timers when it ends."""

    def __init__(
        self, hass: HomeAssistant, entry: EarshotConfigEntry, play: Callable[[], Awaitable[bool]], changed: Callable[[], None]
    ) -> None:
        """Begin with none. Play plays the sound once and returns whether it got to its end, or raises BridgeError."""
        self._hass = hass
        self._entry = entry
        self._play = play
        self._changed = changed
        self._timers: dict[str, _Timer] = {}
        self._over: set[str] = set()  # the timers it rings for
        self._until = 0.0  # when the ringing ends, of the loop's clock
        self._ring_task: asyncio.Task[None] | None = None

    @property
    def ringing(self) -> bool:
        """Tell whether a timer is over and nobody has stopped the sound."""
        return bool(self._over)

    @callback
    def attribute(self) -> list[dict[str, Any]]:
        """Return the timers for dashboards, in the order in which they were set."""
        return [timer.attribute() for timer in self._timers.values()]

    @callback
    def handle(self, event: TimerEventType, info: TimerInfo) -> None:
        """Take note of what has become of a timer."""
        if event is TimerEventType.CANCELLED:
            self._timers.pop(info.id, None)
            self.stop_ringing()
        else:
            left = info.seconds_left
            ends = dt_util.utcnow() + timedelta(seconds=left) if info.is_active else None
            self._timers[info.id] = _Timer(info.name or "", info.created_seconds, ends, left)
            if event is TimerEventType.FINISHED:
                self._ring_for(info.id)
        self._changed()

    @callback
    def stop_ringing(self) -> None:
        """End the sound; nothing happens when there is none."""
        if self._ring_task is not None:
            self._ring_task.cancel()

    def _ring_for(self, timer_id: str) -> None:
        self._over.add(timer_id)
        self._until = self._hass.loop.time() + RING_LIMIT
        if self._ring_task is None or self._ring_task.done() or self._ring_task.cancelling():
            task = self._entry.async_create_background_task(self._hass, self._ring(), "ringing of a timer", eager_start=False)
            task.add_done_callback(self._ended)
            self._ring_task = task

    async def _ring(self) -> None:
        """Play the sound until its time is over, or somebody has said a wake word."""
        problem: BridgeError | None = None
        played = False
        while self._hass.loop.time() < self._until:
            try:
                async with asyncio.timeout_at(self._until):
                    if not await self._play():
                        return
                    played = True
                    await asyncio.sleep(RING_PAUSE)
            except TimeoutError:
                continue  # another timer may have made it longer
            except BridgeError as err:
                problem = err
                await asyncio.sleep(RING_PAUSE)
        if problem is not None and not played:
            _LOGGER.warning("A timer is over, but its sound was not played: %s", problem.message)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self._ring_task is not task:
            return  # another one has begun meanwhile
        self._ring_task = None
        for timer_id in self._over:
            self._timers.pop(timer_id, None)
        self._over.clear()
        self._changed()
