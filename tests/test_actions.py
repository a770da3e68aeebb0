"""Tests of the actions."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import voluptuous as vol

from custom_components.earshot.const import DOMAIN
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, UnknownUser

from .conftest import SetUp
from .fake_bridge import TOKEN, FakeBridge, Refusal
from .test_api import until


async def act(hass: HomeAssistant, action: str, user: MockUser | None = None, **data: Any) -> Any:
    """Call an action as a user, or as an automation."""
    context = Context(user_id=user.id) if user else Context()
    return await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True, context=context)


async def test_list(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    await set_up()
    answer = await act(hass, "list_recordings", limit=2, satellites="kitchen", **{"from": "2026-11-20 08:00:00"})
    assert [e["id"] for e in answer["recordings"]] == ["01ENTRY3", "01ENTRY2"]
    assert "peaks" not in answer["recordings"][0]
    assert bridge.called("history/list") == [{"limit": 2, "satellites": ["kitchen"], "from": "2026-11-20T08:00:00+01:00"}]


async def test_delete(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp) -> None:
    await set_up()
    preview = await act(hass, "preview_delete", period="all", what="audio")
    assert (preview["count"], preview["statement"]) == (3, "They go.")
    with pytest.raises(ServiceValidationError) as unconfirmed:
        await act(hass, "delete_range", period="all", confirm=False)
    assert unconfirmed.value.translation_key == "not_confirmed"
    with pytest.raises(ServiceValidationError) as nothing:
        await act(hass, "delete_recordings")
    assert nothing.value.translation_key == "nothing_named"
    with pytest.raises(vol.Invalid):
        await act(hass, "delete_recordings", ids=["01ENTRY1"], token="t1")
    assert (await act(hass, "delete_recordings", ids="01ENTRY1"))["deleted"] == 1
    assert (await act(hass, "delete_range", period="all", confirm=True))["deleted"] == 2
    assert bridge.called("history/delete_range") == [{"period": "all", "confirm": True}]
    # Without a response, too.
    await hass.services.async_call(DOMAIN, "delete_range", {"period": "all", "confirm": True}, blocking=True)


async def test_export(hass: HomeAssistant, set_up: SetUp, hass_client_no_auth: ClientSessionGenerator) -> None:
    await set_up()
    url = (await act(hass, "export", period="today"))["url"]
    browser = await hass_client_no_auth()
    assert await (await browser.get(url)).read() == b"PK zip"
    assert (await browser.get(url)).status == 410


async def test_set_mode(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp) -> None:
    await set_up()
    with pytest.raises(ServiceValidationError):
        await act(hass, "set_mode")
    await act(hass, "set_mode", save="text", mute=True)
    assert bridge.called("settings/update") == [{"save": "text"}]
    assert bridge.called("satellites/mute") == [{"satellite": "kitchen", "muted": True}, {"satellite": "hall", "muted": True}]
    await act(hass, "set_mode", satellites=["hall"], save="nothing", mute=False)
    assert bridge.called("settings/update")[1:] == [{"satellite": "hall", "save": "nothing"}]
    assert bridge.called("satellites/mute")[2:] == [{"satellite": "hall", "muted": False}]


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({}, set()),
        ({"listen": "everyone"}, {"list_recordings", "export"}),
        ({"delete": "everyone"}, {"list_recordings", "export", "preview_delete", "delete_range", "delete_recordings"}),
    ],
)
async def test_who_may(
    hass: HomeAssistant,
    bridge: FakeBridge,
    set_up: SetUp,
    options: dict[str, str],
    allowed: set[str],
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
) -> None:
    await set_up(**options)
    data: dict[str, dict[str, Any]] = {"delete_range": {"confirm": True}, "delete_recordings": {"ids": ["x"]}, "set_mode": {"save": "text"}}
    actions = ["list_recordings", "export", "preview_delete", "delete_range", "delete_recordings", "set_mode"]
    for action in actions:
        if action in allowed:
            await act(hass, action, hass_read_only_user, **data.get(action, {}))
        else:
            with pytest.raises(ServiceValidationError) as refused:
                await act(hass, action, hass_read_only_user, **data.get(action, {}))
            assert refused.value.translation_key == "unauthorized"
        await act(hass, action, hass_admin_user, **data.get(action, {}))
    names = {name for _, name in bridge.people}
    assert names == {hass_admin_user.name, hass_read_only_user.name} if allowed else {hass_admin_user.name}
    before = len(bridge.people)
    await act(hass, "list_recordings")
    assert len(bridge.people) == before  # an automation is nobody
    with pytest.raises(UnknownUser):
        await act(hass, "list_recordings", MockUser(id="gone"))


async def test_which_bridge(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp) -> None:
    entry = await set_up()
    with pytest.raises(ServiceValidationError) as none:
        await act(hass, "list_recordings", bridge="other")
    assert none.value.translation_key == "no_bridge"
    second = MockConfigEntry(domain=DOMAIN, unique_id="attic", title="Attic", data={"url": str(bridge.url), "access_token": TOKEN})
    second.add_to_hass(hass)
    assert await hass.config_entries.async_setup(second.entry_id)
    with pytest.raises(ServiceValidationError) as several:
        await act(hass, "list_recordings")
    assert several.value.translation_key == "which_bridge"
    for which in (entry.entry_id, "attic"):
        await act(hass, "list_recordings", bridge=which)


async def test_errors(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp) -> None:
    entry = await set_up()

    def refuse(_: Any) -> None:
        raise Refusal("invalid_format", "period: nonsense is not known")

    bridge.answers["history/list"] = refuse
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, "list_recordings", period="nonsense")
    assert str(refused.value) == "The bridge refuses: period: nonsense is not known"
    await bridge.stop()
    await until(lambda: not entry.runtime_data.bridge.online)
    with pytest.raises(HomeAssistantError) as away:
        await act(hass, "list_recordings")
    assert str(away.value) == "Earshot cannot be reached now"
