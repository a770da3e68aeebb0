"""Tests of the client of the bridge."""

import asyncio
from collections.abc import AsyncGenerator, Callable
import contextlib
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.earshot.api import Bridge, BridgeError, BridgeOffline, InvalidToken, check_token

from .fake_bridge import TOKEN, FakeBridge, recording


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for is the other side's
            await asyncio.sleep(0.005)


@pytest.fixture
async def client(bridge: FakeBridge) -> AsyncGenerator[Bridge]:
    async with ClientSession() as session:
        made = Bridge(session, bridge.url, TOKEN)
        task = asyncio.create_task(made.run())
        await until(lambda: made.online)
        yield made
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_call(client: Bridge, bridge: FakeBridge) -> None:
    assert (client.version, client.time_zone, client.roles["clips/sign"]) == ("1.2.3", "Europe/Berlin", "listen")
    assert len((await client.call("history/list", {"limit": 2}))["entries"]) == 2
    with pytest.raises(BridgeError, match="no such recording") as refused:
        await client.call("history/get", {"entry_id": "x"})
    assert refused.value.code == "not_found"


async def test_long_commands_do_not_hold_up_others(client: Bridge, bridge: FakeBridge) -> None:
    go = asyncio.Event()

    async def slowly() -> dict[str, int]:
        await go.wait()
        return {"deleted": 3}

    bridge.answers["history/delete_range"] = lambda _: slowly()
    deletion = asyncio.create_task(client.call("history/delete_range", {"period": "all", "confirm": True}))
    await until(lambda: bool(bridge.called("history/delete_range")))
    await client.call("history/list")
    go.set()
    assert await deletion == {"deleted": 3}


async def test_cards_share_a_subscription(client: Bridge, bridge: FakeBridge) -> None:
    first: list[Any] = []
    second: list[Any] = []
    one = await client.subscribe("satellites/subscribe", {}, first.append)
    await until(lambda: len(first) == 1)
    two = await client.subscribe("satellites/subscribe", {}, second.append)
    assert second == first  # at once, as the bridge would
    assert len(bridge.subscriptions) == 1
    one.close()
    one.close()
    await bridge.send("satellites/subscribe", {"satellites": []})
    await until(lambda: len(second) == 2)
    assert len(first) == 1
    two.close()
    await until(lambda: not bridge.subscriptions)


async def test_subscriptions_outlive_the_connection(client: Bridge, bridge: FakeBridge) -> None:
    events: list[Any] = []
    trial: list[Any] = []
    changes: list[bool] = []
    client.on_change(lambda: changes.append(client.online))
    await client.subscribe("history/subscribe", {}, events.append)
    await client.subscribe("satellites/test", {"satellite": "kitchen"}, trial.append)
    await bridge.drop()
    await until(lambda: events == [{"action": "reset"}])
    assert trial == [{"action": "end"}]
    assert changes == [False, True]
    await bridge.send("history/subscribe", {"action": "added", "entries": [recording(4)]})
    await until(lambda: len(events) == 2)
    assert sorted(bridge.subscriptions.values()) == ["history/subscribe"]


async def test_subscribe_while_the_bridge_is_away(client: Bridge, bridge: FakeBridge) -> None:
    await bridge.stop()
    await until(lambda: not client.online)
    with pytest.raises(BridgeOffline):
        await client.call("history/list")
    with pytest.raises(BridgeOffline):
        await client.subscribe("satellites/test", {"satellite": "kitchen"}, lambda _: None)
    events: list[Any] = []
    await client.subscribe("satellites/subscribe", {}, events.append)
    await bridge.start()
    await until(lambda: len(events) == 1)


async def test_the_answer_to_a_call_never_comes(client: Bridge, bridge: FakeBridge) -> None:
    go = asyncio.Event()
    bridge.answers["history/list"] = lambda _: go.wait()
    call = asyncio.create_task(client.call("history/list"))
    await until(lambda: bool(bridge.called("history/list")))
    for ws in list(bridge.sockets):
        assert ws._req is not None
        assert ws._req.transport is not None
        ws._req.transport.abort()
    with pytest.raises(BridgeOffline):
        await call
    go.set()


async def test_refused_subscription(client: Bridge, bridge: FakeBridge) -> None:
    with pytest.raises(BridgeError) as refused:
        await client.subscribe("history/subscribe", {"nonsense": 1}, lambda _: None)
    assert refused.value.code == "invalid_format"
    for n in range(16):
        await client.subscribe("satellites/test", {"satellite": "kitchen", "seconds": n}, lambda _: None)
    with pytest.raises(BridgeError) as crowded:
        await client.subscribe("history/subscribe", {}, lambda _: None)
    assert crowded.value.code == "busy"


async def test_unknown_token(bridge: FakeBridge) -> None:
    async with ClientSession() as session:
        with pytest.raises(InvalidToken):
            await Bridge(session, bridge.url, "other").run()
        with pytest.raises(InvalidToken):
            await check_token(session, bridge.url, "other")
        await check_token(session, bridge.url, TOKEN)
        await bridge.stop()
        with pytest.raises(BridgeOffline):
            await check_token(session, bridge.url, TOKEN)
