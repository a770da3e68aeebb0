"""Tests of the media browser."""

from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.earshot.const import DOMAIN
from homeassistant.core import HomeAssistant

from .conftest import SetUp
from .fake_bridge import AUDIO, TOKEN, FakeBridge, recording
from .test_websocket import ask

ROOT = "media-source://earshot"


def titles(folder: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {child["title"]: child["media_content_id"] for child in folder["children"]}


async def test_browse_and_play(
    hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp, hass_ws_client: WebSocketGenerator, hass_client_no_auth: ClientSessionGenerator
) -> None:
    # Days are those of the bridge, in Berlin.
    bridge.entries = [
        recording(4, at="2026-11-21T23:30:00+00:00", transcript="", text_note="not intended"),
        recording(3, at="2026-11-21T12:00:00+00:00", clip=None),
        recording(2, at="2026-11-21T11:00:00+00:00"),
        recording(1, satellite="old/one", at="2026-11-20T08:30:15+00:00"),
    ]
    await set_up()
    client = await hass_ws_client(hass)
    bridges = titles(await ask(client, "media_source/browse_media"))
    assert bridges["Earshot"] == ROOT
    satellites = titles(await ask(client, "media_source/browse_media", media_content_id=ROOT))
    assert satellites == {"Hall": f"{ROOT}/bridge/hall", "Kitchen": f"{ROOT}/bridge/kitchen", "old/one": f"{ROOT}/bridge/old%2Fone"}
    days = titles(await ask(client, "media_source/browse_media", media_content_id=satellites["Kitchen"]))
    assert list(days) == ["2026-11-22", "2026-11-21"]
    newest = titles(await ask(client, "media_source/browse_media", media_content_id=days["2026-11-22"]))
    assert list(newest) == ["00:30:00 not intended"]
    recordings = titles(await ask(client, "media_source/browse_media", media_content_id=days["2026-11-21"]))
    assert list(recordings) == ["12:00:00 secret words 2"]
    old = titles(await ask(client, "media_source/browse_media", media_content_id=satellites["old/one"]))
    played = await ask(client, "media_source/resolve_media", media_content_id=recordings["12:00:00 secret words 2"])
    assert played["mime_type"] == "audio/flac"
    browser = await hass_client_no_auth()
    assert await (await browser.get(played["url"])).read() == AUDIO
    for bad in ("bridge/kitchen/2026-11-21/01ENTRY3", "bridge/kitchen/2026-11-21/x", "other/kitchen/2026-11-21/01ENTRY2", "bridge"):
        assert await ask(client, "media_source/resolve_media", media_content_id=f"{ROOT}/{bad}") == "resolve_media_failed"
    for bad in ("other", "bridge/kitchen/yesterday", "bridge/a/b/c/d"):
        assert await ask(client, "media_source/browse_media", media_content_id=f"{ROOT}/{bad}") == "browse_media_failed"
    assert list(old) == ["2026-11-20"]


async def test_many_days(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp, hass_ws_client: WebSocketGenerator) -> None:
    bridge.entries = [recording(n, at=f"2026-{11 - n // 28:02}-{28 - n % 28:02}T12:00:00+00:00") for n in range(40)]
    await set_up()
    client = await hass_ws_client(hass)
    days = titles(await ask(client, "media_source/browse_media", media_content_id=f"{ROOT}/bridge/kitchen"))
    assert len(days) == 32
    older = titles(await ask(client, "media_source/browse_media", media_content_id=days["…"]))
    assert len(older) == 9
    assert not older.keys() & days.keys()


async def test_permissions(
    hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp, hass_ws_client: WebSocketGenerator, hass_read_only_access_token: str
) -> None:
    entry = await set_up()
    client = await hass_ws_client(hass, hass_read_only_access_token)
    recording_id = f"{ROOT}/bridge/kitchen/2026-11-20/01ENTRY1"
    assert titles(await ask(client, "media_source/browse_media", media_content_id=ROOT) | {"children": []}) == {}
    assert await ask(client, "media_source/browse_media", media_content_id=f"{ROOT}/bridge") == "browse_media_failed"
    assert await ask(client, "media_source/resolve_media", media_content_id=recording_id) == "resolve_media_failed"
    hass.config_entries.async_update_entry(entry, options={"listen": "everyone"})
    assert "url" in await ask(client, "media_source/resolve_media", media_content_id=recording_id)


async def test_two_bridges(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp, hass_ws_client: WebSocketGenerator) -> None:
    await set_up()
    second = MockConfigEntry(domain=DOMAIN, unique_id="attic", title="Attic", data={"url": str(bridge.url), "access_token": TOKEN})
    second.add_to_hass(hass)
    assert await hass.config_entries.async_setup(second.entry_id)
    client = await hass_ws_client(hass)
    bridges = titles(await ask(client, "media_source/browse_media", media_content_id=ROOT))
    assert bridges == {"Earshot": f"{ROOT}/bridge", "Attic": f"{ROOT}/attic"}
