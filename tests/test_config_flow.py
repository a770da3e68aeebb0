"""Tests of setting up a bridge."""

from ipaddress import ip_address
import json
from typing import Any

from aiohttp import web
import pytest
from yarl import URL

from custom_components.earshot.config_flow import bridge_url
from custom_components.earshot.const import DOMAIN
from homeassistant.config_entries import SOURCE_HASSIO, SOURCE_MQTT, SOURCE_USER, SOURCE_ZEROCONF, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .conftest import SetUp
from .fake_bridge import CODE, TOKEN, FakeBridge
from .test_api import until


def announcement(payload: str = "", **said: str) -> MqttServiceInfo:
    payload = payload or json.dumps(
        {"id": "bridge", "instance": "i", "name": "Earshot", "version": "1.2.3", "api": "/api/websocket", **said}
    )
    return MqttServiceInfo("earshot/bridge/announce", payload, 0, True, "earshot/+/announce", 0)


async def begin(hass: HomeAssistant, source: str, data: Any = None) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": source}, data=data)


async def answer(hass: HomeAssistant, flow: ConfigFlowResult, **form: Any) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_configure(flow["flow_id"], form)


async def test_address_by_hand(hass: HomeAssistant, bridge: FakeBridge) -> None:
    flow = await begin(hass, SOURCE_USER)
    flow = await answer(hass, flow, host="127.0.0.1", port=1, ssl=False)
    assert flow["errors"] == {"base": "cannot_connect"}
    flow = await answer(hass, flow, host="a b", port=1, ssl=False)
    assert flow["errors"] == {"host": "not_an_address"}
    flow = await answer(hass, flow, host="127.0.0.1", port=bridge.port, ssl=False)
    assert (flow["step_id"], bridge.requests) == ("code", 1)
    for wrong in ("87654321", "abc"):
        flow = await answer(hass, flow, code=wrong)
        assert flow["errors"] == {"code": "wrong_code"}
    flow = await answer(hass, flow)
    assert (flow["errors"], bridge.requests) == ({}, 2)
    await answer(hass, flow)
    flow = await answer(hass, flow)
    assert flow["errors"] == {"base": "too_many_codes"}
    flow = await answer(hass, flow, code=" 1234 5678 ")
    assert flow["type"] == "create_entry"
    assert (flow["title"], flow["data"]) == ("Earshot", {"url": str(bridge.url), "access_token": "earshot_1"})
    assert flow["result"].unique_id == "bridge"
    again = await answer(hass, await begin(hass, SOURCE_USER), host=str(bridge.url), port=1, ssl=False)
    assert again["reason"] == "already_configured"


async def test_mqtt(hass: HomeAssistant, bridge: FakeBridge) -> None:
    flow = await begin(hass, SOURCE_MQTT, announcement(url=str(bridge.url), listen=f"127.0.0.1:{bridge.port}"))
    assert (flow["step_id"], bridge.requests) == ("confirm", 0)  # the bridge shows a code only when a person wants it
    twice = await begin(hass, SOURCE_MQTT, announcement(url="http://127.0.0.1:1/"))
    assert twice["reason"] == "already_in_progress"
    flow = await answer(hass, flow)
    flow = await answer(hass, flow, code=CODE)
    assert flow["type"] == "create_entry"


async def test_mqtt_without_an_address(hass: HomeAssistant, bridge: FakeBridge) -> None:
    bridge.id = "attic"
    flow = await begin(hass, SOURCE_MQTT, announcement(id="attic", listen=f"[::]:{bridge.port}"))
    assert flow["step_id"] == "address"
    assert flow["data_schema"] is not None
    assert flow["data_schema"]({"host": "h"}) == {"host": "h", "port": bridge.port, "ssl": False}
    flow = await answer(hass, flow, **flow["data_schema"]({"host": "127.0.0.1"}))
    flow = await answer(hass, flow, code=CODE)
    assert flow["type"] == "create_entry"
    assert (flow["title"], flow["data"]["url"]) == ("Earshot (attic)", str(bridge.url))


async def test_mqtt_with_https(hass: HomeAssistant) -> None:
    flow = await begin(hass, SOURCE_MQTT, announcement(scheme="https", port="9000", listen="[::]:1", url=""))
    assert flow["data_schema"] is not None
    assert flow["data_schema"]({"host": "h"}) == {"host": "h", "port": 9000, "ssl": True}


@pytest.mark.parametrize("payload", ["nonsense", "[]", "{}", " "])
async def test_mqtt_nonsense(hass: HomeAssistant, payload: str) -> None:
    assert (await begin(hass, SOURCE_MQTT, announcement(payload=payload)))["reason"] == "not_a_bridge"


async def test_zeroconf(hass: HomeAssistant, bridge: FakeBridge) -> None:
    def found(**properties: str) -> ZeroconfServiceInfo:
        host = ip_address("127.0.0.1")
        return ZeroconfServiceInfo(host, [host], bridge.port, "e.local.", "_earshot._tcp.local.", "e._earshot._tcp.local.", properties)

    assert (await begin(hass, SOURCE_ZEROCONF, found()))["reason"] == "not_a_bridge"
    flow = await begin(hass, SOURCE_ZEROCONF, found(id="bridge", name="Earshot"))
    flow = await answer(hass, await answer(hass, flow), code=CODE)
    assert flow["type"] == "create_entry"


def app(bridge: FakeBridge, **said: Any) -> HassioServiceInfo:
    config = {
        "id": "bridge",
        "name": "Earshot",
        "host": "127.0.0.1",
        "port": bridge.port,
        "ssl": False,
        "token": TOKEN,
        "addon": "Earshot",
        **said,
    }
    return HassioServiceInfo(config=config, name="Earshot", slug="local_earshot", uuid="0123")


async def test_app(hass: HomeAssistant, bridge: FakeBridge) -> None:
    await begin(hass, SOURCE_MQTT, announcement())
    flow = await begin(hass, SOURCE_HASSIO, app(bridge))
    assert flow["step_id"] == "hassio_confirm"
    assert [f["context"]["source"] for f in hass.config_entries.flow.async_progress()] == ["hassio"]  # that of MQTT would want a code
    assert (await begin(hass, SOURCE_MQTT, announcement()))["reason"] == "already_in_progress"
    await bridge.stop()
    flow = await answer(hass, flow)
    assert flow["errors"] == {"base": "cannot_connect"}
    await bridge.start()
    flow = await answer(hass, flow)
    assert flow["type"] == "create_entry"
    assert (flow["title"], flow["data"]) == ("Earshot", {"url": str(bridge.url), "access_token": TOKEN})
    assert (flow["result"].unique_id, bridge.requests) == ("bridge", 0)


async def test_app_whose_token_is_refused(hass: HomeAssistant, bridge: FakeBridge) -> None:
    flow = await answer(hass, await begin(hass, SOURCE_HASSIO, app(bridge, token="earshot_other")))
    assert flow["step_id"] == "confirm"
    flow = await answer(hass, await answer(hass, flow), code=CODE)
    assert flow["type"] == "create_entry"


async def test_app_with_a_new_token(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp) -> None:
    entry = await set_up()
    other = await begin(hass, SOURCE_HASSIO, app(bridge, host="other", token="earshot_other"))
    assert (other["reason"], entry.data["access_token"]) == ("already_configured", TOKEN)  # it is connected
    await hass.config_entries.async_unload(entry.entry_id)
    bridge.tokens = {"earshot_new"}
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    (refused,) = hass.config_entries.flow.async_progress()
    assert refused["context"]["source"] == "reauth"
    again = await begin(hass, SOURCE_HASSIO, app(bridge, token="earshot_new"))
    await hass.async_block_till_done()
    assert (again["reason"], entry.data["access_token"]) == ("already_configured", "earshot_new")
    await until(lambda: entry.runtime_data.bridge.online)
    assert hass.config_entries.flow.async_progress() == []


@pytest.mark.parametrize("said", [{"host": ""}, {"port": "x"}, {"port": None}, {"token": ""}, {"id": ""}, {"host": "a b"}])
async def test_app_nonsense(hass: HomeAssistant, bridge: FakeBridge, said: dict[str, Any]) -> None:
    assert (await begin(hass, SOURCE_HASSIO, app(bridge, **said)))["reason"] == "not_a_bridge"


async def test_a_bridge_that_moved(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp) -> None:
    entry = await set_up()
    liar = await begin(hass, SOURCE_MQTT, announcement(url="http://127.0.0.1:1/"))
    assert (liar["reason"], entry.data["url"]) == ("already_configured", str(bridge.url))
    await bridge.stop()
    await until(lambda: not entry.runtime_data.bridge.online)
    bridge.port = 0
    await bridge.start()
    await begin(hass, SOURCE_MQTT, announcement(url=str(bridge.url)))
    await hass.async_block_till_done()
    assert entry.data["url"] == str(bridge.url)
    await until(lambda: entry.runtime_data.bridge.online)


async def test_reauth(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp) -> None:
    bridge.tokens.clear()
    entry = await set_up()
    (flow,) = hass.config_entries.flow.async_progress()
    assert (flow["context"]["source"], flow["step_id"]) == ("reauth", "confirm")
    bridge.id = "other"
    other = await answer(hass, await answer(hass, flow), code=CODE)
    assert other["reason"] == "another_bridge"
    bridge.id = "bridge"
    flow = await entry.start_reauth_flow(hass)
    flow = await answer(hass, await answer(hass, flow), code=CODE)
    assert flow["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.data["access_token"] in bridge.tokens
    await until(lambda: entry.runtime_data.bridge.online)


async def test_reconfigure(hass: HomeAssistant, bridge: FakeBridge, set_up: SetUp) -> None:
    entry = await set_up()
    flow = await entry.start_reconfigure_flow(hass)
    flow = await answer(hass, flow, host="127.0.0.1", port=1, ssl=False)
    assert flow["errors"] == {"base": "cannot_connect"}
    flow = await answer(hass, flow, host=f"http://127.0.0.1:{bridge.port}", port=1, ssl=False)
    assert (flow["reason"], bridge.requests) == ("reconfigure_successful", 0)
    bridge.tokens.clear()
    flow = await entry.start_reconfigure_flow(hass)
    flow = await answer(hass, flow, host="127.0.0.1", port=bridge.port, ssl=False)
    flow = await answer(hass, flow, code=CODE)
    assert flow["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()


async def test_options(hass: HomeAssistant, set_up: SetUp) -> None:
    entry = await set_up()
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    assert flow["data_schema"] is not None
    assert flow["data_schema"]({}) == {"listen": "administrators", "delete": "administrators", "sidebar": True}
    await hass.config_entries.options.async_configure(flow["flow_id"], {"listen": "everyone", "delete": "administrators", "sidebar": False})
    assert entry.options == {"listen": "everyone", "delete": "administrators", "sidebar": False}


@pytest.mark.parametrize(
    ("host", "ssl", "url"),
    [
        ("earshot.local", False, "http://earshot.local:8127/"),
        (" 192.168.1.5 ", True, "https://192.168.1.5:8127/"),
        ("::1", False, "http://[::1]:8127/"),
        ("[::1]", False, "http://[::1]:8127/"),
        ("http://h/x?y=1#z", False, "http://h/x/"),
        ("https://h", False, "https://h/"),
        ("ftp://h", False, None),
        ("http://u:p@h", False, None),
        ("a/b", False, None),
        ("", False, None),
    ],
)
def test_bridge_url(host: str, ssl: bool, url: str | None) -> None:
    assert bridge_url(host, 8127, ssl) == (None if url is None else URL(url))


async def test_something_else_answers(hass: HomeAssistant, aiohttp_server: Any) -> None:
    answers = iter(
        [
            web.json_response({"code": "unauthorized", "message": ""}, status=403),
            web.Response(status=403, text="not known as"),
            web.Response(text="<html>"),
            web.json_response([]),
            web.HTTPFound("http://127.0.0.1:1/"),
        ]
    )

    async def respond(_: web.Request) -> web.StreamResponse:
        return next(answers)

    app = web.Application()
    app.router.add_post("/auth/pair/request", respond)
    server = await aiohttp_server(app)
    flow = await begin(hass, SOURCE_USER)
    for _ in range(5):
        flow = await answer(hass, flow, host="127.0.0.1", port=server.port, ssl=False)
        assert flow["errors"] == {"base": "cannot_connect"}
