"""Tests of what the card and the panel use: WebSocket commands, and the views behind their links."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, MockHAClientWebSocket, WebSocketGenerator

from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant

from .conftest import SetUp
from .fake_bridge import AUDIO, FakeBridge, Refusal, recording
from .test_api import until

type Json = dict[str, Any]


async def ask(client: MockHAClientWebSocket, kind: str, **fields: Any) -> Any:
    """Return the result of a command, or the code of its error."""
    await client.send_json_auto_id({"type": kind, **fields})
    answer = await client.receive_json()
    assert answer["type"] == "result"
    return answer["result"] if answer["success"] else answer["error"]["code"]


async def call(client: MockHAClientWebSocket, command: str, bridge: str = "bridge", **fields: Any) -> Any:
    return await ask(client, "earshot/call", bridge=bridge, command=command, fields=fields)


async def event(client: MockHAClientWebSocket) -> Any:
    answer = await client.receive_json()
    assert answer["type"] == "event"
    return answer["event"]


@pytest.fixture
async def admin(hass: HomeAssistant, hass_ws_client: WebSocketGenerator) -> MockHAClientWebSocket:
    return await hass_ws_client(hass)


@pytest.fixture
async def member(hass: HomeAssistant, hass_ws_client: WebSocketGenerator, hass_read_only_access_token: str) -> MockHAClientWebSocket:
    return await hass_ws_client(hass, hass_read_only_access_token)


@pytest.fixture
async def entry(set_up: SetUp, request: pytest.FixtureRequest) -> MockConfigEntry:
    return await set_up(**getattr(request, "param", {}))


async def test_bridges(entry: MockConfigEntry, admin: MockHAClientWebSocket, member: MockHAClientWebSocket) -> None:
    seen = {"id": "bridge", "name": "Earshot", "version": "1.2.3", "online": True, "role": "admin", "time_zone": "Europe/Berlin"}
    assert await ask(admin, "earshot/bridges") == {"bridges": [seen]}
    assert await ask(member, "earshot/bridges") == {"bridges": []}


@pytest.mark.parametrize(
    ("entry", "role", "commands"),
    [
        ({}, "none", set()),
        ({"listen": "everyone"}, "listen", {"history/list", "clips/sign"}),
        ({"delete": "everyone"}, "delete", {"history/list", "clips/sign", "history/update", "history/delete_preview", "history/delete"}),
    ],
    indirect=["entry"],
)
async def test_roles(
    entry: MockConfigEntry, bridge: FakeBridge, member: MockHAClientWebSocket, admin: MockHAClientWebSocket, role: str, commands: set[str]
) -> None:
    bridge.answers["history/update"] = lambda _: {"updated": 1}
    fields: dict[str, Json] = {"clips/sign": {"entry_id": "01ENTRY1"}, "history/delete": {"token": "t1"}}
    tried = ["history/list", "clips/sign", "history/update", "history/delete_preview", "history/delete", "history/delete_range"]
    tried += ["settings/update", "new/command"]
    done = {c for c in tried if await call(member, c, **fields.get(c, {})) != "unauthorized"}
    assert done == commands
    assert await call(member, "history/list", bridge="other") == "unauthorized"
    watch = await ask(member, "earshot/watch", bridge="bridge")
    subscribed = await ask(member, "earshot/subscribe", bridge="bridge", command="history/subscribe") if role == "none" else None
    if role == "none":
        assert (watch, subscribed) == ("unauthorized", "unauthorized")
    else:
        assert (await event(member))["role"] == role
    assert await call(admin, "settings/update", save="nothing") == {"satellites": []}


async def test_call(entry: MockConfigEntry, bridge: FakeBridge, admin: MockHAClientWebSocket) -> None:
    assert [e["id"] for e in (await call(admin, "history/list", limit=1))["entries"]] == ["01ENTRY3"]
    assert await call(admin, "history/get", entry_id="x") == "not_found"
    assert await call(admin, "history/list", bridge="other") == "not_found"
    assert await call(admin, "new/command") == "unknown_command"
    for command in ("history/subscribe", "satellites/test", "unsubscribe_events", "ping"):
        assert await call(admin, command) == "not_allowed"
    assert await call(admin, "history/list", id=1) == "invalid_format"
    assert await call(admin, "history/list", on_behalf_of="Somebody Else") == "invalid_format"

    def incomplete(_: Json) -> None:
        raise Refusal("delete_incomplete", "Part of it could not be done.")

    bridge.answers["history/delete"] = incomplete
    assert await call(admin, "history/delete", token="t") == "delete_incomplete"
    await bridge.stop()
    await until(lambda: not entry.runtime_data.bridge.online)
    assert await call(admin, "history/list") == "offline"


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("Anna", "Anna"),
        ("  Zoë\n\u202eB. \x00 ", "ZoëB."),
        ("x" * 100, "x" * 64),
        ("\u200b", None),
    ],
)
async def test_on_behalf_of(
    entry: MockConfigEntry,
    bridge: FakeBridge,
    admin: MockHAClientWebSocket,
    hass_admin_user: MockUser,
    hass_client: ClientSessionGenerator,
    name: str,
    want: str | None,
) -> None:
    """The bridge is told who it is, as far as its logs can show the name."""
    hass_admin_user.name = name
    await call(admin, "settings/update", save="text")
    await call(admin, "clips/sign", entry_id="01ENTRY1")
    await call(admin, "history/export", period="all")
    await call(admin, "history/delete_range", period="all", confirm=True, ids=["01ENTRY3"])
    browser = await hass_client()
    assert (await browser.get("/api/earshot/bridge/clips/01ENTRY2")).status == 200
    commands = ["settings/update", "clips/sign", "history/export", "history/delete_range", "clips/sign"]
    assert bridge.people == ([(command, want) for command in commands] if want else [])


async def test_watch(hass: HomeAssistant, entry: MockConfigEntry, bridge: FakeBridge, admin: MockHAClientWebSocket) -> None:
    assert await ask(admin, "earshot/watch", bridge="other") == "not_found"
    assert await ask(admin, "earshot/watch", bridge="bridge") is None
    state = {"online": True, "role": "admin", "time_zone": "Europe/Berlin", "version": "1.2.3", "name": "Earshot"}
    assert await event(admin) == state
    bridge.version = "1.3.0"
    await bridge.drop()
    assert await event(admin) == {**state, "online": False}
    assert await event(admin) == {**state, "version": "1.3.0"}
    hass.config_entries.async_update_entry(entry, title="House")
    assert (await event(admin))["name"] == "House"
    await hass.config_entries.async_unload(entry.entry_id)
    assert not (await event(admin))["online"]
    await hass.config_entries.async_setup(entry.entry_id)
    assert (await event(admin))["online"]


async def test_subscribe(hass: HomeAssistant, entry: MockConfigEntry, bridge: FakeBridge, admin: MockHAClientWebSocket) -> None:
    assert await ask(admin, "earshot/subscribe", bridge="bridge", command="history/list") == "not_allowed"
    forged = {"on_behalf_of": "Somebody Else"}
    assert await ask(admin, "earshot/subscribe", bridge="bridge", command="history/subscribe", fields=forged) == "not_allowed"
    assert await ask(admin, "earshot/subscribe", bridge="bridge", command="history/subscribe", fields={"nonsense": 1}) == "invalid_format"
    assert await ask(admin, "earshot/subscribe", bridge="bridge", command="satellites/subscribe") is None
    assert (await event(admin))["satellites"][0]["id"] == "kitchen"
    assert await ask(admin, "earshot/subscribe", bridge="bridge", command="history/subscribe") is None
    added = {"action": "added", "entries": [recording(4)]}
    await bridge.send("history/subscribe", added)
    assert await event(admin) == added
    await bridge.drop()
    assert {"action": "reset"} in [await event(admin), await event(admin)]
    await hass.config_entries.async_reload(entry.entry_id)
    assert {"action": "reset"} in [await event(admin), await event(admin)]
    await bridge.send("history/subscribe", added)
    assert await event(admin) == added


async def test_unsubscribe(entry: MockConfigEntry, bridge: FakeBridge, admin: MockHAClientWebSocket) -> None:
    await admin.send_json({"id": 70, "type": "earshot/subscribe", "bridge": "bridge", "command": "history/subscribe"})
    assert (await admin.receive_json())["success"]
    await admin.send_json({"id": 71, "type": "unsubscribe_events", "subscription": 70})
    assert (await admin.receive_json())["success"]
    await until(lambda: "history/subscribe" not in bridge.subscriptions.values())


@pytest.mark.parametrize("entry", [{"listen": "everyone"}], indirect=True)
async def test_permission_taken_away(
    hass: HomeAssistant, entry: MockConfigEntry, bridge: FakeBridge, member: MockHAClientWebSocket
) -> None:
    assert await ask(member, "earshot/subscribe", bridge="bridge", command="history/subscribe") is None
    hass.config_entries.async_update_entry(entry, options={})
    assert await event(member) == {"action": "reset"}
    await until(lambda: "history/subscribe" not in bridge.subscriptions.values())


async def test_play(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    bridge: FakeBridge,
    admin: MockHAClientWebSocket,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    browser = await hass_client_no_auth()
    path = "/api/earshot/bridge/clips/01ENTRY1"
    assert (await browser.get(path)).status == 401
    signed = await call(admin, "clips/sign", entry_id="01ENTRY1")
    assert signed["url"].startswith(path + "?authSig=")
    answer = await browser.get(signed["url"])
    assert (answer.status, answer.content_type, await answer.read()) == (200, "audio/flac", AUDIO)
    assert answer.headers["Cache-Control"] == "private, no-store"
    part = await browser.get(signed["url"], headers={"Range": "bytes=100-199"})
    assert (part.status, part.headers["Content-Range"], await part.read()) == (206, f"bytes 100-199/{len(AUDIO)}", AUDIO[100:200])
    assert bridge.links == 1  # one play in the bridge's access log
    bridge.stale = {"s1"}
    assert (await browser.get(signed["url"])).status == 200
    wav = async_sign_path(hass, path + ".wav", timedelta(minutes=1))
    assert (await browser.get(wav)).content_type == "audio/wav"
    await call(admin, "history/delete", ids=["01ENTRY1"])
    assert (await browser.get(signed["url"])).status == 410
    entry.runtime_data.links.forget()
    assert (await browser.get(signed["url"])).status == 410
    assert await call(admin, "clips/sign", entry_id="01ENTRY1") == "not_found"
    await bridge.stop()
    await until(lambda: not entry.runtime_data.bridge.online)
    assert (await browser.get(signed["url"])).status == 503


@pytest.mark.parametrize("entry", [{"listen": "everyone"}], indirect=True)
async def test_play_as_member(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator, hass_read_only_access_token: str
) -> None:
    client = await hass_client(hass_read_only_access_token)
    assert (await client.get("/api/earshot/bridge/clips/01ENTRY1")).status == 200
    head = await client.head("/api/earshot/bridge/clips/01ENTRY1")
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(AUDIO)))
    assert (await client.get("/api/earshot/other/clips/01ENTRY1")).status == 503
    hass.config_entries.async_update_entry(entry, options={})
    assert (await client.get("/api/earshot/bridge/clips/01ENTRY1")).status == 403


async def test_a_link_to_somewhere_else(entry: MockConfigEntry, bridge: FakeBridge, hass_client: ClientSessionGenerator) -> None:
    bridge.answers["clips/sign"] = lambda _: {"url": "http://127.0.0.1:1/secret"}
    client = await hass_client()
    assert (await client.get("/api/earshot/bridge/clips/01ENTRY1")).status == 502


async def test_export(
    entry: MockConfigEntry, bridge: FakeBridge, admin: MockHAClientWebSocket, hass_client_no_auth: ClientSessionGenerator
) -> None:
    browser = await hass_client_no_auth()
    signed = await call(admin, "history/export", period="all")
    assert bridge.called("history/export") == [{"period": "all"}]
    answer = await browser.get(signed["url"])
    assert (answer.status, answer.content_type, await answer.read()) == (200, "application/zip", b"PK zip")
    assert "earshot.zip" in answer.headers["Content-Disposition"]
    assert (await browser.get(signed["url"])).status == 410


async def test_a_card_that_goes_while_the_bridge_is_asked(entry: MockConfigEntry, bridge: FakeBridge, admin: MockHAClientWebSocket) -> None:
    go = asyncio.Event()
    client = entry.runtime_data.bridge
    bridge.answers["satellites/test"] = lambda _: go.wait()
    asked = {"bridge": "bridge", "command": "satellites/test", "fields": {"satellite": "kitchen"}}
    await admin.send_json_auto_id({"type": "earshot/subscribe", **asked})
    await until(lambda: "satellites/test" in client.subscriptions)
    await until(lambda: bool(bridge.called("satellites/test")))
    await admin.close()
    go.set()
    await until(lambda: "satellites/test" not in client.subscriptions)
    await until(lambda: bool(bridge.called("unsubscribe_events")))
