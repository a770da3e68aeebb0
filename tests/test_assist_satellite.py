"""Tests of the microphones as voice satellites."""

import asyncio
from collections.abc import AsyncGenerator
from copy import deepcopy
from datetime import datetime
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.earshot import timers
from custom_components.earshot.api import Bridge
from custom_components.earshot.assist_satellite import ONE_ENTRY
from homeassistant.components.assist_pipeline import async_get_pipeline, async_update_pipeline
from homeassistant.components.conversation.chat_log import DATA_CHAT_LOGS
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er, intent as intents

from .conftest import SetUp
from .fake_bridge import FakeBridge, Json, Refusal
from .test_api import until

WORDS = [
    {"id": "okay_nabu", "phrase": "Okay Nabu", "threshold": 0.5, "active": True},
    {"id": "hey_jarvis", "phrase": "Hey Jarvis", "threshold": 0.5, "active": False},
]
SOUND = "http://10.10.10.10:8123/local/dinner.mp3?x=1"


def microphone(name: str, state: str = "idle", device: str = "listening") -> Json:
    return {
        "id": name,
        "name": name.title(),
        "area": name,
        "state": state,
        "muted": False,
        "microphone": {"state": device},
        "wake_words": deepcopy(WORDS),
    }


class Played:
    """The speakers: what they were asked to play, until the test ends a sound."""

    def __init__(self) -> None:
        self.sounds: list[Json] = []
        self.ends: list[asyncio.Future[Json]] = []

    async def __call__(self, fields: Json) -> Json:
        self.sounds.append(fields)
        end: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self.ends.append(end)
        return await end

    def end(self, *, played: bool = True, **more: Any) -> None:
        self.ends[-1].set_result({"played": played, **more})

    def close(self) -> None:
        for end in self.ends:
            end.cancel()


@pytest.fixture
async def played(bridge: FakeBridge) -> AsyncGenerator[Played]:
    speakers = Played()
    bridge.answers["satellites/announce"] = bridge.answers["satellites/listen"] = speakers
    bridge.roles |= {"satellites/announce": "admin", "wake_words/update": "admin"}
    yield speakers
    speakers.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "RING_PAUSE", 0.01)


@pytest.fixture
async def mqtt(hass: HomeAssistant) -> MockConfigEntry:
    """Stand for MQTT, which makes the devices."""
    await hass.config.async_update(internal_url="http://10.10.10.10:8123", external_url="https://home.example")
    entry = MockConfigEntry(domain="mqtt")
    entry.add_to_hass(hass)
    return entry


def make_device(hass: HomeAssistant, mqtt: MockConfigEntry, name: str = "kitchen") -> str:
    identifiers = {("mqtt", f"earshot_{name}")}
    device = dr.async_get(hass).async_get_or_create(config_entry_id=mqtt.entry_id, identifiers=identifiers, name=f"Earshot {name}")
    return device.id


def entries(device: Any) -> set[str | None]:
    return {device.config_entry_id} if ONE_ENTRY else set(device.config_entries)


async def tell(hass: HomeAssistant, bridge: FakeBridge, *satellites: Json) -> None:
    """Let the bridge tell of its microphones, and wait until that has come."""
    told = {"satellites": list(satellites)}
    heard: list[Any] = []
    client: Bridge = hass.config_entries.async_entries("earshot")[0].runtime_data.bridge
    subscription = await client.subscribe("satellites/subscribe", {}, heard.append)
    await bridge.send("satellites/subscribe", told)
    await until(lambda: told in heard)
    subscription.close()


def entity(hass: HomeAssistant, name: str = "kitchen") -> str | None:
    return er.async_get(hass).async_get_entity_id("assist_satellite", "earshot", f"bridge_{name}_assist_satellite")


def state(hass: HomeAssistant, name: str = "kitchen") -> State:
    entity_id = entity(hass, name)
    assert entity_id is not None
    found = hass.states.get(entity_id)
    assert found is not None
    return found


async def announce(hass: HomeAssistant, **data: Any) -> None:
    await hass.services.async_call("assist_satellite", "announce", {"entity_id": entity(hass), "media_id": SOUND, **data}, blocking=True)


async def say(hass: HomeAssistant, intent_type: str, device_id: str, **slots: Any) -> intents.IntentResponse:
    return await intents.async_handle(hass, "test", intent_type, {k: {"value": v} for k, v in slots.items()}, device_id=device_id)


@pytest.fixture
async def device(hass: HomeAssistant, bridge: FakeBridge, mqtt: MockConfigEntry, played: Played, set_up: SetUp) -> str:
    """Set everything up with a microphone in the kitchen; return MQTT's device."""
    device_id = make_device(hass, mqtt)
    await set_up()
    await tell(hass, bridge, microphone("kitchen"))
    await hass.async_block_till_done()
    return device_id


async def test_entity_on_the_device(hass: HomeAssistant, bridge: FakeBridge, device: str, mqtt: MockConfigEntry) -> None:
    entity_id = entity(hass)
    assert entity_id == "assist_satellite.earshot_kitchen_assistant"
    registered = er.async_get(hass).async_get(entity_id)
    assert registered is not None
    assert registered.device_id == device
    found = dr.async_get(hass).async_get(device)
    assert found is not None
    assert found.name == "Earshot kitchen"
    assert entries(found) == ({mqtt.entry_id} if ONE_ENTRY else {mqtt.entry_id, registered.config_entry_id})
    assert state(hass).state == "idle"
    assert state(hass).attributes["friendly_name"] == "Earshot kitchen Assistant"
    assert state(hass).attributes["supported_features"] == 3

    for told in ("listening", "processing", "responding", "idle"):
        await tell(hass, bridge, microphone("kitchen", told))
        assert state(hass).state == told
    await tell(hass, bridge, microphone("kitchen", "dancing"))
    assert state(hass).state == "idle"
    await tell(hass, bridge, microphone("kitchen", device="lost"))
    assert state(hass).state == "unavailable"
    await tell(hass, bridge, microphone("kitchen", device="muted"))
    assert state(hass).state == "idle"


async def test_bridge_away(hass: HomeAssistant, bridge: FakeBridge, device: str) -> None:
    await bridge.stop()
    await until(lambda: state(hass).state == "unavailable")
    await bridge.start()
    await until(lambda: bool(bridge.subscriptions))
    await tell(hass, bridge, microphone("kitchen", "listening"))
    assert state(hass).state == "listening"


async def test_later_and_gone(hass: HomeAssistant, bridge: FakeBridge, device: str, mqtt: MockConfigEntry) -> None:
    await tell(hass, bridge, microphone("kitchen"), microphone("hall"))
    assert entity(hass, "hall") is None  # MQTT has no device yet
    hall = make_device(hass, mqtt, "hall")
    await hass.async_block_till_done()
    assert state(hass, "hall").state == "idle"
    await tell(hass, bridge, microphone("kitchen"))
    assert entity(hass, "hall") is None
    found = dr.async_get(hass).async_get(hall)
    assert found is not None
    assert entries(found) == {mqtt.entry_id}
    await tell(hass, bridge, microphone("kitchen"), microphone("hall", "processing"))
    await hass.async_block_till_done()
    assert state(hass, "hall").state == "processing"


async def test_device_deleted_by_a_person(hass: HomeAssistant, bridge: FakeBridge, device: str, mqtt: MockConfigEntry) -> None:
    registry = dr.async_get(hass)
    if ONE_ENTRY:
        registry.async_remove_device(device)
    else:
        registry.async_update_device(device, remove_config_entry_id=mqtt.entry_id)
    await hass.async_block_till_done()
    registered = er.async_get(hass).async_get(entity(hass) or "")
    assert registered is not None
    assert registered.device_id == (None if ONE_ENTRY else device)
    again = make_device(hass, mqtt)
    await hass.async_block_till_done()
    registered = er.async_get(hass).async_get(registered.entity_id)
    assert registered is not None
    assert registered.device_id == again
    await say(hass, intents.INTENT_START_TIMER, again, minutes=5)
    assert len(state(hass).attributes["timers"]) == 1


async def test_another_device(hass: HomeAssistant, bridge: FakeBridge, device: str, mqtt: MockConfigEntry) -> None:
    """The timers follow the entity."""
    other = make_device(hass, mqtt, "other")
    er.async_get(hass).async_update_entity(entity(hass) or "", device_id=other)
    await hass.async_block_till_done()
    await say(hass, intents.INTENT_START_TIMER, other, minutes=5)
    assert len(state(hass).attributes["timers"]) == 1
    with pytest.raises(intents.IntentHandleError):
        await say(hass, intents.INTENT_START_TIMER, device, minutes=5)


async def test_entity_renamed(hass: HomeAssistant, bridge: FakeBridge, device: str) -> None:
    er.async_get(hass).async_update_entity(entity(hass) or "", new_entity_id="assist_satellite.cook")
    await hass.async_block_till_done()
    await tell(hass, bridge, microphone("kitchen", "listening"))
    assert state(hass).entity_id == "assist_satellite.cook"
    assert state(hass).state == "listening"
    await say(hass, intents.INTENT_START_TIMER, device, minutes=5)
    assert len(state(hass).attributes["timers"]) == 1


@pytest.mark.parametrize(
    ("data", "want"),
    [
        ({}, [{"url": "/local/dinner.mp3?x=1", "preannounce": True}]),
        ({"preannounce": False}, [{"url": "/local/dinner.mp3?x=1"}]),
        ({"media_id": "https://home.example/local/a%20b.wav?x=1", "preannounce": False}, [{"url": "/local/a%20b.wav?x=1"}]),
        ({"media_id": "http://radio.example/live?x=1", "preannounce": False}, [{"url": "http://radio.example/live?x=1"}]),
        ({"preannounce_media_id": "/local/gong.wav?x=1"}, [{"url": "/local/gong.wav?x=1"}, {"url": "/local/dinner.mp3?x=1"}]),
    ],
)
async def test_announce(hass: HomeAssistant, bridge: FakeBridge, device: str, played: Played, data: Json, want: list[Json]) -> None:
    call = asyncio.create_task(announce(hass, **data))
    for number in range(len(want)):
        await until(lambda n=number: len(played.sounds) == n + 1)  # type: ignore[misc]
        await tell(hass, bridge, microphone("kitchen"))
        assert (call.done(), state(hass).state) == (False, "responding")
        played.end()
    await call
    assert played.sounds == [{"satellite": "kitchen", **sound} for sound in want]
    assert state(hass).state == "idle"


async def test_announcement_ended_by_a_wake_word(hass: HomeAssistant, bridge: FakeBridge, device: str, played: Played) -> None:
    call = asyncio.create_task(announce(hass, preannounce_media_id="/local/gong.wav?x=1"))
    await until(lambda: len(played.sounds) == 1)
    await tell(hass, bridge, microphone("kitchen", "listening"))
    played.end(played=False)
    await call
    await hass.async_block_till_done()
    assert (len(played.sounds), state(hass).state) == (1, "listening")


async def test_announcement_refused(hass: HomeAssistant, bridge: FakeBridge, device: str) -> None:
    def refuse(fields: Json) -> Json:
        raise Refusal("not_allowed", "The satellite has nothing to play it on.")

    bridge.answers["satellites/announce"] = refuse
    with pytest.raises(HomeAssistantError) as caught:
        await announce(hass)
    assert caught.value.translation_key == "not_announced"
    assert caught.value.translation_placeholders == {"problem": "The satellite has nothing to play it on."}
    assert state(hass).state == "idle"


async def test_bridge_ends_in_an_announcement(hass: HomeAssistant, bridge: FakeBridge, device: str, played: Played) -> None:
    call = asyncio.create_task(announce(hass))
    await until(lambda: len(played.sounds) == 1)
    stop = asyncio.create_task(bridge.stop())
    played.close()
    with pytest.raises(HomeAssistantError):
        await call
    await stop


async def start_conversation(hass: HomeAssistant, **data: Any) -> None:
    """Start one, with an assistant that Home Assistant lets start conversations."""
    await async_update_pipeline(hass, async_get_pipeline(hass), conversation_engine="conversation.other")
    fields = {"entity_id": entity(hass), "start_message": "The light is on.", "start_media_id": SOUND, "preannounce": False, **data}
    await hass.services.async_call("assist_satellite", "start_conversation", fields, blocking=True)


@pytest.mark.parametrize(("data", "prompt"), [({}, "The light is on."), ({"extra_system_prompt": "Be brief."}, "Be brief.")])
async def test_start_conversation(hass: HomeAssistant, bridge: FakeBridge, device: str, played: Played, data: Json, prompt: str) -> None:
    call = asyncio.create_task(start_conversation(hass, **data))
    await until(lambda: len(played.sounds) == 1)
    (conversation_id,) = hass.data[DATA_CHAT_LOGS]
    assert bridge.called("satellites/listen") == [
        {"satellite": "kitchen", "url": "/local/dinner.mp3?x=1", "mode": "carry_out", "conversation_id": conversation_id}
    ]
    log = hass.data[DATA_CHAT_LOGS][conversation_id]
    assert (log.extra_system_prompt, getattr(log.content[-1], "content", None)) == (prompt, "The light is on.")
    for told in ("responding", "listening", "processing"):
        await tell(hass, bridge, microphone("kitchen", told))
        assert (call.done(), state(hass).state) == (False, told)
    played.end(heard=True, outcome="understood", entry_id="01X")
    await call
    await tell(hass, bridge, microphone("kitchen"))
    assert state(hass).state == "idle"


async def test_assistant_of_its_own(
    hass: HomeAssistant, bridge: FakeBridge, device: str, mqtt: MockConfigEntry, played: Played, hass_ws_client: Any
) -> None:
    """Home Assistant takes the assistant that MQTT's select names, and the preferred one, which may not begin, where it names none."""
    client = await hass_ws_client()
    engines = dict.fromkeys(("stt_engine", "stt_language", "tts_engine", "tts_language", "tts_voice", "wake_word_entity", "wake_word_id"))
    other = {"name": "Other", "language": "en", "conversation_engine": "conversation.other", "conversation_language": "en"}
    await client.send_json_auto_id({"type": "assist_pipeline/pipeline/create", **other, **engines})
    assert (await client.receive_json())["success"]
    select = er.async_get(hass).async_get_or_create("select", "mqtt", "earshot_kitchen_assistant", config_entry=mqtt).entity_id
    fields = {"entity_id": entity(hass), "start_media_id": SOUND, "preannounce": False}
    for option in (None, "As configured", "unavailable"):
        if option:
            hass.states.async_set(select, option)
        with pytest.raises(HomeAssistantError):
            await hass.services.async_call("assist_satellite", "start_conversation", fields, blocking=True)
    assert played.sounds == []
    hass.states.async_set(select, "Other")
    call = asyncio.create_task(hass.services.async_call("assist_satellite", "start_conversation", fields, blocking=True))
    await until(lambda: len(played.sounds) == 1)
    played.end(heard=False)
    await call


async def test_sounds_before_a_conversation(hass: HomeAssistant, bridge: FakeBridge, device: str, played: Played) -> None:
    call = asyncio.create_task(start_conversation(hass, preannounce=True, preannounce_media_id="/local/gong.wav?x=1"))
    await until(lambda: len(played.sounds) == 1)
    played.end(played=False)
    await call
    assert bridge.called("satellites/listen") == []
    call = asyncio.create_task(start_conversation(hass, preannounce=True))
    await until(lambda: len(played.sounds) == 2)
    assert bridge.called("satellites/listen")[0]["preannounce"] is True
    played.end(heard=False)
    await call


async def test_conversation_refused(hass: HomeAssistant, bridge: FakeBridge, device: str) -> None:
    def refuse(fields: Json) -> Json:
        raise Refusal("not_allowed", "The microphone is muted; open it first.")

    bridge.answers["satellites/listen"] = refuse
    with pytest.raises(HomeAssistantError) as caught:
        await start_conversation(hass)
    assert caught.value.translation_key == "not_asked"
    assert caught.value.translation_placeholders == {"problem": "The microphone is muted; open it first."}
    assert state(hass).state == "idle"


@pytest.mark.parametrize(
    ("said", "want"),
    [
        ({"transcript": "Turn on the kitchen light."}, {"id": "on", "slots": {"thing": "kitchen light"}}),
        ({"transcript": "What?"}, {"id": None, "slots": {}}),
        ({}, None),
        ({"privacy": True}, None),
        ({"played": False, "heard": False}, None),
    ],
)
async def test_ask_question(hass: HomeAssistant, bridge: FakeBridge, device: str, played: Played, said: Json, want: Json | None) -> None:
    if not ONE_ENTRY:
        assert not hass.services.has_service("assist_satellite", "ask_question")  # it has no such action
        return
    answers = [{"id": "on", "sentences": ["turn on [the] {thing}"]}]
    fields = {"entity_id": entity(hass), "question_media_id": SOUND, "preannounce": False, "answers": answers}
    call = asyncio.create_task(
        hass.services.async_call("assist_satellite", "ask_question", fields, blocking=True, return_response=True)  # no user
    )
    await until(lambda: len(played.sounds) == 1)
    assert bridge.called("satellites/listen") == [{"satellite": "kitchen", "url": "/local/dinner.mp3?x=1", "mode": "words"}]
    played.end(**{"heard": True, **said})
    if want is None:
        with pytest.raises(HomeAssistantError) as caught:
            await call
        assert caught.value.translation_key == "no_answer"
    else:
        assert await call == {"sentence": said["transcript"], **want}
    assert state(hass).state == "idle"
    # Then conversations are conversations again.
    again = asyncio.create_task(start_conversation(hass))
    await until(lambda: len(played.sounds) == 2)
    assert played.sounds[1]["mode"] == "carry_out"
    played.end()
    await again


async def test_timers(hass: HomeAssistant, device: str) -> None:
    await say(hass, intents.INTENT_START_TIMER, device, minutes=5, name="pizza")
    (timer,) = state(hass).attributes["timers"]
    ends = datetime.fromisoformat(timer.pop("finishes_at"))
    assert 290 < (ends - datetime.now(ends.tzinfo)).total_seconds() < 301
    assert timer.pop("remaining") in ("0:05:00", "0:04:59")
    assert timer == {"name": "pizza", "state": "active", "duration": "0:05:00"}
    await say(hass, intents.INTENT_INCREASE_TIMER, device, minutes=1)
    assert state(hass).attributes["timers"][0]["duration"] in ("0:06:00", "0:05:59")
    await say(hass, intents.INTENT_PAUSE_TIMER, device)
    (timer,) = state(hass).attributes["timers"]
    assert (timer["state"], timer["finishes_at"]) == ("paused", None)
    await say(hass, intents.INTENT_UNPAUSE_TIMER, device)
    assert state(hass).attributes["timers"][0]["state"] == "active"
    await say(hass, intents.INTENT_CANCEL_TIMER, device)
    assert state(hass).attributes["timers"] == []
    assert not state(hass).attributes["ringing"]


async def ring(hass: HomeAssistant, device: str, played: Played, sounds: int = 1) -> None:
    """Let a timer end, and wait for its sound."""
    await say(hass, intents.INTENT_START_TIMER, device, seconds=0, name="egg")
    await until(lambda: len(played.sounds) == sounds)
    assert state(hass).attributes["ringing"]
    assert state(hass).attributes["timers"][0]["state"] == "finished"


async def quiet(hass: HomeAssistant) -> None:
    await until(lambda: not state(hass).attributes["ringing"])
    assert state(hass).attributes["timers"] == []


async def test_rings_until_its_time_is_over(
    hass: HomeAssistant, bridge: FakeBridge, device: str, played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers, "RING_LIMIT", 2.0)
    await ring(hass, device, played)
    assert played.sounds == [{"satellite": "kitchen", "url": "/api/earshot/static/timer.wav"}]
    assert state(hass).state == "responding"
    played.end()
    await until(lambda: len(played.sounds) == 2)
    await tell(hass, bridge, microphone("kitchen"))
    assert state(hass).state == "responding"
    await quiet(hass)
    assert state(hass).state == "idle"


async def test_wake_word_ends_ringing(hass: HomeAssistant, bridge: FakeBridge, device: str, played: Played) -> None:
    await ring(hass, device, played)
    played.end(played=False)
    await quiet(hass)
    await ring(hass, device, played, 2)
    await tell(hass, bridge, microphone("kitchen", "listening"))
    await quiet(hass)
    await until(lambda: len(bridge.sockets) == 1)  # so that the bridge has ended the sound
    assert state(hass).state == "listening"


async def test_ringing_is_stopped(hass: HomeAssistant, bridge: FakeBridge, device: str, played: Played) -> None:
    await ring(hass, device, played)
    await hass.services.async_call("earshot", "stop_ringing", {"entity_id": entity(hass)}, blocking=True)
    await quiet(hass)
    await say(hass, intents.INTENT_START_TIMER, device, minutes=5)
    await ring_second(hass, device, played)
    await say(hass, intents.INTENT_CANCEL_ALL_TIMERS, device)
    await quiet(hass)
    await say(hass, intents.INTENT_START_TIMER, device, seconds=0)
    await until(lambda: len(played.sounds) == 3)
    entry = hass.config_entries.async_entries("earshot")[0]
    assert await hass.config_entries.async_unload(entry.entry_id)
    await until(lambda: not bridge.sockets)
    with pytest.raises(intents.IntentHandleError):
        await say(hass, intents.INTENT_START_TIMER, device, minutes=5)


async def ring_second(hass: HomeAssistant, device: str, played: Played) -> None:
    await say(hass, intents.INTENT_START_TIMER, device, seconds=0, name="egg")
    await until(lambda: len(played.sounds) == 2)
    assert [t["state"] for t in state(hass).attributes["timers"]] == ["active", "finished"]


async def test_announcement_between_two_sounds(hass: HomeAssistant, device: str, played: Played) -> None:
    await ring(hass, device, played)
    call = asyncio.create_task(announce(hass, preannounce=False))
    played.end()
    await until(lambda: len(played.sounds) == 2)
    assert played.sounds[1]["url"] == "/local/dinner.mp3?x=1"
    played.end()
    await call
    await until(lambda: len(played.sounds) == 3)
    assert played.sounds[2]["url"] == "/api/earshot/static/timer.wav"


async def test_ringing_waits_for_a_command(hass: HomeAssistant, bridge: FakeBridge, device: str, played: Played) -> None:
    refusals = 0

    def refuse(fields: Json) -> Json:
        nonlocal refusals
        refusals += 1
        raise Refusal("not_allowed", "The satellite is busy with a command; try again when that is over.")

    bridge.answers["satellites/announce"] = refuse
    await tell(hass, bridge, microphone("kitchen", "listening"))
    await say(hass, intents.INTENT_START_TIMER, device, seconds=0)
    await until(lambda: refusals > 1)
    bridge.answers["satellites/announce"] = played
    await tell(hass, bridge, microphone("kitchen"))
    await until(lambda: len(played.sounds) == 1)


async def test_never_played(
    hass: HomeAssistant, bridge: FakeBridge, device: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(fields: Json) -> Json:
        raise Refusal("not_allowed", "There is nothing to play it on.")

    bridge.answers["satellites/announce"] = refuse
    monkeypatch.setattr(timers, "RING_LIMIT", 0.1)
    await say(hass, intents.INTENT_START_TIMER, device, seconds=0, name="secret")
    await until(lambda: "There is nothing to play it on." in caplog.text)
    await quiet(hass)
    assert "secret" not in [r.getMessage() for r in caplog.records if "earshot" in r.name]


async def test_sound(hass: HomeAssistant, device: str, hass_client_no_auth: Any) -> None:
    client = await hass_client_no_auth()
    answer = await client.get("/api/earshot/static/timer.wav")
    assert answer.status == 200
    assert (await answer.read())[:4] == b"RIFF"


async def test_wake_words(hass: HomeAssistant, bridge: FakeBridge, device: str, hass_ws_client: Any) -> None:
    def update(fields: Json) -> Json:
        return {**WORDS[0], **fields, "id": fields["wake_word"]}

    bridge.answers["wake_words/update"] = update
    client = await hass_ws_client(hass)

    async def ask(command: str, **fields: Any) -> Json:
        await client.send_json_auto_id({"type": f"assist_satellite/{command}", "entity_id": entity(hass), **fields})
        answer: Json = await client.receive_json()
        return answer

    found = (await ask("get_configuration"))["result"]
    assert found["available_wake_words"] == [
        {"id": "okay_nabu", "wake_word": "Okay Nabu", "trained_languages": []},
        {"id": "hey_jarvis", "wake_word": "Hey Jarvis", "trained_languages": []},
    ]
    assert (found["active_wake_words"], found["max_active_wake_words"]) == (["okay_nabu"], 2)
    assert (await ask("set_wake_words", wake_word_ids=["hey_jarvis"]))["success"]
    assert bridge.called("wake_words/update") == [
        {"satellite": "kitchen", "wake_word": "hey_jarvis", "active": True},
        {"satellite": "kitchen", "wake_word": "okay_nabu", "active": False},
    ]
    assert (await ask("get_configuration"))["result"]["active_wake_words"] == ["hey_jarvis"]

    def refuse(fields: Json) -> Json:
        raise Refusal("not_found", "There is no such wake word.")

    bridge.answers["wake_words/update"] = refuse
    answer = await ask("set_wake_words", wake_word_ids=[])
    assert (answer["error"]["code"], answer["error"]["translation_key"]) == ("home_assistant_error", "not_changed")
