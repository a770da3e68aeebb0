"""Tests of the blueprints, as automations in the real Home Assistant."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
import shutil
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events, async_fire_time_changed, async_mock_service

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .conftest import SetUp
from .fake_bridge import FakeBridge, recording
from .test_api import until

type Automate = Callable[..., Awaitable[None]]

FOLDER = Path(__file__).parent.parent / "blueprints" / "automation" / "earshot"


@pytest.fixture
async def automate(hass: HomeAssistant, set_up: SetUp, tmp_path: Path) -> AsyncGenerator[Automate]:
    """Give what makes an automation of a blueprint."""
    hass.config.config_dir = str(tmp_path)
    target = tmp_path / "blueprints" / "automation" / "earshot"
    shutil.copytree(FOLDER, target)

    async def do(name: str, **inputs: Any) -> None:
        await set_up()
        config = {"automation": {"use_blueprint": {"path": f"earshot/{name}.yaml", "input": inputs}}}
        assert await async_setup_component(hass, "automation", config)
        await hass.async_block_till_done()
        assert [state.state for state in hass.states.async_all("automation")] == ["on"]

    yield do
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


async def test_nightly_purge(hass: HomeAssistant, bridge: FakeBridge, automate: Automate) -> None:
    await hass.config.async_set_time_zone("UTC")
    notes = async_mock_service(hass, "persistent_notification", "create")
    bridge.answers["history/delete_range"] = lambda _: {
        "receipt": "01R",
        "deleted": 37,
        "kept_skipped": 2,
        "failed_count": 0,
        "bytes": 2_600_000,
        "remains": [],
    }
    await automate("nightly_purge", outcomes=["not_intended"], days=14)
    now = dt_util.utcnow()
    async_fire_time_changed(hass, now.replace(hour=3, minute=30, second=0, microsecond=0) + timedelta(days=1))
    await until(lambda: bool(notes))
    assert bridge.called("history/delete_range") == [{"period": "older_than: 14d", "confirm": True, "outcomes": ["not_intended"]}]
    assert notes[0].data["message"] == "37 recordings deleted (2.6 MB), 2 kept ones stay. Receipt 01R."


async def test_false_triggers(hass: HomeAssistant, bridge: FakeBridge, automate: Automate) -> None:
    notes = async_mock_service(hass, "persistent_notification", "create")
    now = dt_util.utcnow().isoformat()
    bridge.entries = [recording(2, at=now, satellite="hall"), recording(1, at=now)]
    await automate("false_triggers", commands=["event.kitchen_command"])
    hass.states.async_set("event.kitchen_command", "1", {"event_type": "not_intended", "wake_word": "okay_nabu", "entry_id": "01ENTRY1"})
    await until(lambda: len(bridge.called("history/list")) == 1)
    bridge.entries.insert(0, recording(3, at=now))
    hass.states.async_set("event.kitchen_command", "2", {"event_type": "understood", "wake_word": "okay_nabu", "entry_id": "01ENTRY3"})
    hass.states.async_set("event.kitchen_command", "4", {"event_type": "not_intended", "wake_word": "", "entry_id": "01ENTRY4"})
    hass.states.async_set("event.kitchen_command", "3", {"event_type": "not_intended", "wake_word": "okay_nabu", "entry_id": "01ENTRY3"})
    await until(lambda: bool(notes))
    assert notes[0].data["message"].startswith('"okay_nabu" woke the microphone kitchen by mistake 2 times')
    assert bridge.called("history/list")[1] == {"period": "last_hour", "outcomes": ["not_intended"], "limit": 500}


@pytest.mark.parametrize("answer", ["yes", "no"])
async def test_ask_before_deleting(hass: HomeAssistant, bridge: FakeBridge, automate: Automate, answer: str) -> None:
    phone = async_mock_service(hass, "notify", "phone")
    done = async_capture_events(hass, "automation_triggered")
    await automate("ask_before_deleting", when=[{"trigger": "event", "event_type": "please"}], phone="notify.phone")
    hass.bus.async_fire("please")
    await until(lambda: bool(phone))
    assert (phone[0].data["title"], phone[0].data["message"]) == ("Delete 3 recordings?", "They go.")
    no, yes = (action["action"] for action in phone[0].data["data"]["actions"])
    hass.bus.async_fire("mobile_app_notification_action", {"action": yes if answer == "yes" else no})
    if answer == "yes":
        await until(lambda: len(phone) == 2)
        assert bridge.called("history/delete") == [{"token": "t1"}]
        assert phone[1].data["message"].startswith("3 recordings deleted")
    else:
        await hass.async_block_till_done()
        assert bridge.called("history/delete") == []
    assert len(done) == 1
