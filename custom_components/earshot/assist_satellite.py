"""The microphones of a bridge as voice satellites of Home Assistant: state, announcements, questions, timers, and wake words."""

import asyncio
from collections.abc import Callable
import contextlib
from typing import Any, Final

from yarl import URL

from homeassistant.components.assist_pipeline import PipelineEvent
from homeassistant.components.assist_satellite import (
    AssistSatelliteAnnouncement,
    AssistSatelliteConfiguration,
    AssistSatelliteEntity,
    AssistSatelliteEntityFeature,
    AssistSatelliteWakeWord,
)
from homeassistant.components.assist_satellite.const import PREANNOUNCE_URL
from homeassistant.components.assist_satellite.entity import AssistSatelliteState
from homeassistant.components.conversation.chat_log import DATA_CHAT_LOGS
from homeassistant.components.intent import async_register_timer_handler
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_platform, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntry, DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.network import is_hass_url

from .api import Bridge, BridgeError
from .const import DOMAIN
from .runtime import EarshotConfigEntry
from .sounds import TIMER_SOUND
from .timers import Timers

type Json = dict[str, Any]

MQTT: Final = "mqtt"
# Since 2026.8 a device belongs to one config entry, and entities of others are put on it; before, several share it by its identifiers.
ONE_ENTRY: Final = hasattr(dr.DeviceRegistry, "async_get_device_by_identifier")


async def async_setup_entry(hass: HomeAssistant, entry: EarshotConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback) -> None:
    """Add the microphones of a bridge, now and when there are more."""
    entity_platform.async_get_current_platform().async_register_entity_service("stop_ringing", None, "async_stop_ringing")
    house = House(hass, entry, async_add_entities)
    entry.async_on_unload(hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, house.device_changed))
    entry.async_on_unload(entry.runtime_data.bridge.on_change(house.show))
    try:
        subscription = await entry.runtime_data.bridge.subscribe("satellites/subscribe", {}, house.hear)
    except BridgeError as err:
        raise HomeAssistantError(f"The bridge does not tell about its microphones: {err.message}") from err
    entry.async_on_unload(subscription.close)


@callback
def mqtt_device(hass: HomeAssistant, satellite: str) -> DeviceEntry | None:
    """Return the device that MQTT has made for a microphone: the one that the bridge's commands come from."""
    registry = dr.async_get(hass)
    identifier = (MQTT, f"{DOMAIN}_{satellite}")
    if not ONE_ENTRY:
        return registry.async_get_device(identifiers={identifier})
    entries = hass.config_entries.async_entries(MQTT)
    return next((d for e in entries if (d := registry.async_get_device_by_identifier(identifier, e.entry_id))), None)


class House:
    """The microphones of one bridge, and their entities."""

    def __init__(self, hass: HomeAssistant, entry: EarshotConfigEntry, add: AddConfigEntryEntitiesCallback) -> None:
        """Begin with none."""
        self.satellites: dict[str, Json] = {}  # as the bridge has told last
        self._hass = hass
        self._entry = entry
        self._add = add
        self._entities: dict[str, EarshotSatellite] = {}

    @callback
    def hear(self, event: Any) -> None:
        """Take what the bridge tells of its microphones."""
        if not isinstance(event, dict) or "satellites" not in event:
            return
        self.satellites = {str(s["id"]): s for s in event["satellites"]}
        self._remove_others()
        self._attach()
        self.show()

    @callback
    def show(self) -> None:
        """Have the entities show it."""
        for entity in self._entities.values():
            entity.show()

    @callback
    def device_changed(self, event: Event[Any]) -> None:
        """Take a device that MQTT has made, maybe once more after a person had deleted it."""
        if event.data["action"] != "remove":
            self._attach()

    def unique_id(self, satellite: str) -> str:
        """Return what a microphone's entity is known by."""
        return f"{self._entry.unique_id}_{satellite}_assist_satellite"

    def _attach(self) -> None:
        new = []
        for satellite in self.satellites:
            if (device := mqtt_device(self._hass, satellite)) is None:
                continue
            if entity := self._entities.get(satellite):
                entity.attach(device)
            else:
                self._entities[satellite] = entity = EarshotSatellite(self._hass, self._entry, self, satellite, device)
                new.append(entity)
        if new:
            self._add(new)

    def _remove_others(self) -> None:
        """Take away the entities of microphones that are no more in the bridge's configuration."""
        wanted = {self.unique_id(satellite) for satellite in self.satellites}
        entities, devices = er.async_get(self._hass), dr.async_get(self._hass)
        for entity in er.async_entries_for_config_entry(entities, self._entry.entry_id):
            if entity.domain != "assist_satellite" or entity.unique_id in wanted:
                continue
            entities.async_remove(entity.entity_id)
            if not ONE_ENTRY and entity.device_id:
                devices.async_update_device(entity.device_id, remove_config_entry_id=self._entry.entry_id)
        for satellite in self._entities.keys() - self.satellites.keys():
            del self._entities[satellite]


class EarshotSatellite(AssistSatelliteEntity):
    """A microphone. The bridge runs its commands by itself; here is what only an entity can do."""

    _attr_has_entity_name = True
    _attr_translation_key = "assistant"
    _attr_supported_features = AssistSatelliteEntityFeature.ANNOUNCE | AssistSatelliteEntityFeature.START_CONVERSATION
    _unrecorded_attributes = frozenset({"timers"})  # people say their names

    def __init__(self, hass: HomeAssistant, entry: EarshotConfigEntry, house: House, satellite: str, device: DeviceEntry) -> None:
        """Prepare; MQTT's device is there already."""
        self._attr_unique_id = house.unique_id(satellite)
        if ONE_ENTRY:
            self.device_entry = device
        else:
            self._attr_device_info = DeviceInfo(identifiers=device.identifiers)
        self._bridge: Bridge = entry.runtime_data.bridge
        self._house = house
        self._satellite = satellite
        self._speaker = asyncio.Lock()  # the bridge plays one sound at a time
        self._announcing = False
        self._added = False
        self._timers = Timers(hass, entry, self._ring, self.show)
        self._timer_device: str | None = None
        self._leave_timers: Callable[[], None] = lambda: None

    @property
    def _told(self) -> Json:
        return self._house.satellites.get(self._satellite, {})

    @property
    def available(self) -> bool:
        """Tell whether the bridge can be reached, and hears with this microphone or could."""
        lost = self._told.get("microphone", {}).get("state") in ("lost", "ended")
        return self._bridge.online and bool(self._told) and not lost

    @property
    def pipeline_entity_id(self) -> str | None:
        """Return the select that names the assistant by which messages are spoken; None for the preferred one."""
        select = er.async_get(self.hass).async_get_entity_id("select", MQTT, f"{DOMAIN}_{self._satellite}_assistant")
        return select if select and self.hass.states.get(select) else None

    @property
    def extra_state_attributes(self) -> Json:
        """Return what there is of timers."""
        return {"ringing": self._timers.ringing, "timers": self._timers.attribute()}

    async def async_added_to_hass(self) -> None:
        """Begin."""
        await super().async_added_to_hass()
        self._added = True
        self._take_timers()
        self.show()

    async def async_will_remove_from_hass(self) -> None:
        """End."""
        self._added = False
        self._timers.stop_ringing()
        self._unregister()
        await super().async_will_remove_from_hass()

    @callback
    def async_registry_entry_updated(self) -> None:
        """Follow the entity to another device."""
        self._take_timers()

    @callback
    def attach(self, device: DeviceEntry) -> None:
        """Put the entity on MQTT's device, when a person had deleted that."""
        if self._added and self.registry_entry and self.registry_entry.device_id != device.id:
            er.async_get(self.hass).async_update_entity(self.entity_id, device_id=device.id)

    @callback
    def show(self) -> None:
        """Show what the bridge has told."""
        if not self._added:
            return
        try:
            state = AssistSatelliteState(self._told.get("state", AssistSatelliteState.IDLE))
        except ValueError:
            state = AssistSatelliteState.IDLE
        if state is AssistSatelliteState.LISTENING and self.state != state:
            self._timers.stop_ringing()  # somebody has said a wake word
        if state is AssistSatelliteState.IDLE and (self._announcing or self._timers.ringing):
            state = AssistSatelliteState.RESPONDING  # between two sounds
        self._set_state(state)

    # Timers.

    @callback
    def _take_timers(self) -> None:
        """Let Home Assistant set timers for commands from the device; without a device those of the last one go on."""
        device_id = self.registry_entry.device_id if self.registry_entry else None
        if device_id is None or device_id == self._timer_device:
            return
        self._unregister()
        self._timer_device = device_id
        self._leave_timers = async_register_timer_handler(self.hass, device_id, self._timers.handle)

    @callback
    def _unregister(self) -> None:
        leave, self._leave_timers, self._timer_device = self._leave_timers, lambda: None, None
        with contextlib.suppress(KeyError):  # of somebody who has taken the device over and left it
            leave()

    async def async_stop_ringing(self) -> None:
        """End the sound of a timer."""
        self._timers.stop_ringing()

    async def _ring(self) -> bool:
        async with self._speaker:
            return bool((await self._play("satellites/announce", TIMER_SOUND))["played"])

    # Announcements and questions.

    async def async_announce(self, announcement: AssistSatelliteAnnouncement) -> None:
        """Play an announcement. A wake word ends it, which is no error."""
        try:
            await self._present("satellites/announce", announcement)
        except BridgeError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="not_announced", translation_placeholders={"problem": err.message}
            ) from err

    async def async_start_conversation(self, start_announcement: AssistSatelliteAnnouncement) -> None:
        """Play something and listen for what is said to it. The bridge has that carried out; Home Assistant's questions get the words."""
        question: asyncio.Future[str | None] | None = getattr(self, "_ask_question_future", None)  # not in Home Assistant 2025.4
        fields: Json = {"mode": "words"}
        if question is None:
            fields = {"mode": "carry_out", "conversation_id": self._conversation_id}
            self._hand_over_prompt()
        try:
            said = await self._present("satellites/listen", start_announcement, **fields)
        except BridgeError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="not_asked", translation_placeholders={"problem": err.message}
            ) from err
        if question is not None:
            question.set_result(said.get("transcript"))

    @callback
    def _hand_over_prompt(self) -> None:
        """Keep what the agent is to be told besides with the conversation: the words do not come back through the entity."""
        prompt, self._extra_system_prompt = self._extra_system_prompt, None
        if log := self.hass.data.get(DATA_CHAT_LOGS, {}).get(self._conversation_id or ""):
            log.extra_system_prompt = prompt

    async def _present(self, command: str, announcement: AssistSatelliteAnnouncement, **fields: Any) -> Json:
        """Play what comes before, and then the announcement by a command of the bridge; return what that answers. Raises BridgeError."""
        before = announcement.preannounce_media_id
        chime = before is not None and URL(before).path == PREANNOUNCE_URL
        if chime:
            # The bridge has a sound of its own for that; it is the one that people know.
            fields["preannounce"] = True
        self._announcing = True
        try:
            async with self._speaker:
                if before is not None and not chime:
                    played = await self._play("satellites/announce", before)
                    if not played["played"]:
                        return played
                return await self._play(command, announcement.media_id, **fields)
        finally:
            self._announcing = False
            # Home Assistant says idle after this, also when a wake word has ended it.
            self.hass.loop.call_soon(self.show)

    async def _play(self, command: str, url: str, **fields: Any) -> Json:
        """Play a sound by a command of the bridge to its end, or until a wake word; return what that answers. Raises BridgeError."""
        if is_hass_url(self.hass, url):
            # The bridge may know Home Assistant by another address.
            url = URL(url).raw_path_qs
        answer: Json = await self._bridge.call(command, {"satellite": self._satellite, "url": url, **fields})
        return answer

    # Wake words.

    @callback
    def async_get_configuration(self) -> AssistSatelliteConfiguration:
        """Return the wake words of the microphone. The bridge does not tell which languages they were trained in."""
        words = self._told.get("wake_words") or []
        return AssistSatelliteConfiguration(
            available_wake_words=[AssistSatelliteWakeWord(w["id"], w["phrase"] or w["id"], []) for w in words],
            active_wake_words=[w["id"] for w in words if w["active"]],
            max_active_wake_words=len(words),
        )

    async def async_set_configuration(self, config: AssistSatelliteConfiguration) -> None:
        """Switch wake words on and off."""
        try:
            # First those that come, so that the microphone always listens for one.
            for word in sorted((self._told.get("wake_words") or []), key=lambda w: bool(w["active"])):
                active = word["id"] in config.active_wake_words
                if active != word["active"]:
                    fields = {"satellite": self._satellite, "wake_word": word["id"], "active": active}
                    word.update(active=(await self._bridge.call("wake_words/update", fields))["active"])
        except BridgeError as err:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="not_changed", translation_placeholders={"problem": err.message}
            ) from err

    @callback
    def on_pipeline_event(self, event: PipelineEvent) -> None:
        """Do nothing: no audio comes through the entity."""
