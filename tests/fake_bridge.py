"""A bridge that speaks the real protocol over loopback and holds a few recordings in memory."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import WSMsgType, web
from yarl import URL

type Json = dict[str, Any]

CODE = "12345678"
TOKEN = "earshot_test"
AUDIO = bytes(range(256)) * 8

ROLES = {
    "history/list": "read",
    "history/get": "read",
    "history/stats": "read",
    "history/subscribe": "read",
    "satellites/list": "read",
    "satellites/listen": "admin",
    "satellites/subscribe": "read",
    "services/list": "read",
    "settings/get": "read",
    "clips/sign": "listen",
    "history/export": "listen",
    "history/delete": "admin",
    "history/delete_preview": "admin",
    "history/delete_range": "admin",
    "history/update": "admin",
    "satellites/mute": "admin",
    "satellites/test": "admin",
    "settings/update": "admin",
}

SATELLITES = [
    {"id": "kitchen", "name": "Kitchen", "area": "kitchen", "muted": False},
    {"id": "hall", "name": "Hall", "area": "hall", "muted": False},
]


def recording(number: int, satellite: str = "kitchen", at: str = "2026-11-20T08:30:15+00:00", **more: Any) -> Json:
    """Make an entry as history/list shows it."""
    return {
        "id": f"01ENTRY{number}",
        "satellite": satellite,
        "at": at,
        "duration_ms": 1800,
        "wake_word": "okay_nabu",
        "outcome": "understood",
        "transcript": f"secret words {number}",
        "text_note": "",
        "clip": {"media_type": "audio/flac", "bytes": len(AUDIO), "sample_rate": 16000},
        "peaks": "AAAA",
        "kept": False,
        **more,
    }


class Refusal(Exception):
    """An error answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class FakeBridge:
    """The bridge. What it was asked is in calls; what it does may be changed between."""

    def __init__(self) -> None:
        self.id = "bridge"
        self.tokens = {TOKEN}
        self.version = "1.2.3"
        self.roles = dict(ROLES)
        self.entries = [recording(n) for n in (3, 2, 1)]
        self.calls: list[tuple[str, Json]] = []
        self.people: list[tuple[str, str]] = []  # on whose behalf which command came
        self.requests = 0
        self.codes = 3
        self.sockets: set[web.WebSocketResponse] = set()
        self.subscriptions: dict[tuple[web.WebSocketResponse, int], str] = {}
        self.answers: dict[str, Callable[[Json], Any]] = {}
        self.links = 0
        self.stale: set[str] = set()
        self.ranges: list[str | None] = []
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def url(self) -> URL:
        return URL(f"http://127.0.0.1:{self.port}/")

    async def start(self) -> None:
        app = web.Application()
        app.add_routes(
            [
                web.post("/auth/pair/request", self._request),
                web.post("/auth/pair", self._pair),
                web.get("/api/websocket", self._socket),
                web.get("/api/clips/{id}", self._clip),
                web.get("/api/export/{id}", self._export),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Go away; start brings it back at the same address."""
        if self._runner is None:
            return
        await self.drop()
        runner, self._runner = self._runner, None
        await runner.cleanup()

    async def drop(self) -> None:
        """End all connections."""
        for ws in list(self.sockets):
            await ws.close()

    async def send(self, command: str, event: Any) -> None:
        """Send an event to who has subscribed."""
        for (ws, message_id), subscribed in list(self.subscriptions.items()):
            if subscribed == command:
                await ws.send_json({"id": message_id, "type": "event", "event": event})

    def called(self, command: str) -> list[Json]:
        """Return the fields of the calls of a command."""
        return [fields for name, fields in self.calls if name == command]

    async def _request(self, request: web.Request) -> web.Response:
        assert (await request.json()) == {"name": "Home Assistant"}
        self.requests += 1
        if self.requests > self.codes:
            return web.json_response({"code": "busy", "message": "Too many codes."}, status=429)
        return web.Response(status=204)

    async def _pair(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert body["name"] == "Home Assistant"
        if not body["code"].isdigit():
            return web.json_response({"code": "invalid_format", "message": "code: eight digits"}, status=400)
        if body["code"] != CODE:
            return web.json_response({"code": "unauthorized", "message": "This code is wrong."}, status=403)
        token = f"earshot_{len(self.tokens)}"
        self.tokens.add(token)
        return web.json_response({"access_token": token, "bridge_id": self.id, "version": self.version, "name": "Earshot"})

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.send_json({"type": "auth_required", "earshot_version": self.version})
        auth = await ws.receive_json()
        if auth["access_token"] not in self.tokens:
            await ws.send_json({"type": "auth_invalid", "message": "Invalid access token"})
            return ws
        await ws.send_json(
            {"type": "auth_ok", "earshot_version": self.version, "name": "Home Assistant", "role": "admin", "time_zone": "Europe/Berlin"}
        )
        self.sockets.add(ws)
        last = 0
        aside: set[asyncio.Task[None]] = set()
        try:
            async for message in ws:
                assert message.type is WSMsgType.TEXT
                fields = message.json()
                message_id, command = fields.pop("id"), fields.pop("type")
                assert message_id > last
                last = message_id
                if "on_behalf_of" in fields:
                    self.people.append((command, fields.pop("on_behalf_of")))
                if command in ("satellites/announce", "satellites/listen"):
                    aside.add(asyncio.create_task(self._answer(ws, message_id, command, fields)))
                else:
                    await self._answer(ws, message_id, command, fields)
        finally:
            for task in aside:
                task.cancel()
            self.sockets.discard(ws)
            self.subscriptions = {key: v for key, v in self.subscriptions.items() if key[0] is not ws}
        return ws

    async def _answer(self, ws: web.WebSocketResponse, message_id: int, command: str, fields: Json) -> None:
        self.calls.append((command, fields))
        try:
            result = self.answers[command](fields) if command in self.answers else self._carry_out(ws, message_id, command, fields)
            if asyncio.iscoroutine(result):
                result = await result
        except Refusal as err:
            await ws.send_json({"id": message_id, "type": "result", "success": False, "error": {"code": err.code, "message": err.message}})
            return
        await ws.send_json({"id": message_id, "type": "result", "success": True, "result": result})
        if command == "satellites/subscribe":
            await ws.send_json({"id": message_id, "type": "event", "event": {"satellites": SATELLITES}})

    def _carry_out(self, ws: web.WebSocketResponse, message_id: int, command: str, fields: Json) -> Any:
        match command:
            case "services/list":
                return {"services": [{"name": n, "role": r, "description": "", "fields": []} for n, r in self.roles.items()]}
            case "history/list":
                wanted = [e for e in self.entries if fields.get("satellite") in (None, e["satellite"])]
                since, until = (datetime.fromisoformat(fields[key]) if key in fields else None for key in ("from", "to"))
                wanted = [e for e in wanted if since is None or datetime.fromisoformat(e["at"]) >= since]
                wanted = [e for e in wanted if until is None or datetime.fromisoformat(e["at"]) < until]
                return {"entries": wanted[: fields.get("limit", 50)], "next_cursor": None, "prev_cursor": None}
            case "history/stats":
                return {"entries": len(self.entries), "by": [{"satellite": e["satellite"], "outcome": e["outcome"]} for e in self.entries]}
            case "history/get":
                return self._entry(fields["entry_id"])
            case "satellites/list":
                return {"satellites": SATELLITES}
            case "history/subscribe" | "satellites/subscribe" | "satellites/test":
                if fields.keys() - {"levels", "satellite", "seconds"}:
                    raise Refusal("invalid_format", "nonsense: is not known")
                self.subscriptions[ws, message_id] = command
                return None
            case "unsubscribe_events":
                if self.subscriptions.pop((ws, fields["subscription"]), None) is None:
                    raise Refusal("not_found", "Subscription not found.")
                return None
            case "clips/sign":
                self._entry(fields["entry_id"])
                self.links += 1
                return {"url": f"api/clips/{fields['entry_id']}?exp=1&sig=s{self.links}", "expires": "2026-11-20T08:40:15+00:00"}
            case "history/export":
                self.links += 1
                return {"url": f"api/export/x.zip?exp=1&sig=s{self.links}", "expires": "2026-11-20T08:40:15+00:00"}
            case "history/delete_preview":
                return {"token": "t1", "count": len(self.entries), "kept": 0, "seconds": 5.4, "bytes": 6144, "statement": "They go."}
            case "history/delete" | "history/delete_range":
                ids = set(fields.get("ids") or [e["id"] for e in self.entries])
                before = len(self.entries)
                self.entries = [e for e in self.entries if e["id"] not in ids]
                return {"receipt": "01R", "what": "all", "deleted": before - len(self.entries), "kept_skipped": 0, "remains": []}
            case "satellites/mute":
                return fields
            case "settings/update":
                return {"satellites": []}
            case _:
                raise Refusal("unknown_command", "Unknown command.")

    def _entry(self, entry_id: str) -> Json:
        for e in self.entries:
            if e["id"] == entry_id:
                return e
        raise Refusal("not_found", "There is no such recording; it may have been deleted.")

    async def _clip(self, request: web.Request) -> web.Response:
        name, _, suffix = request.match_info["id"].partition(".")
        if request.query["sig"] in self.stale:
            return web.Response(status=403, text="This link is not valid.")
        if all(e["id"] != name for e in self.entries):
            return web.Response(status=410, text="This recording has been deleted.")
        self.ranges.append(request.headers.get("Range"))
        kind = "audio/wav" if suffix == "wav" else "audio/flac"
        asked = request.http_range
        if asked.start is None:
            return web.Response(body=AUDIO, content_type=kind, headers={"Accept-Ranges": "bytes", "ETag": f'"{name}"'})
        part = AUDIO[asked]
        headers = {"Content-Range": f"bytes {asked.start}-{asked.start + len(part) - 1}/{len(AUDIO)}", "Accept-Ranges": "bytes"}
        return web.Response(status=206, body=part, content_type=kind, headers=headers)

    async def _export(self, request: web.Request) -> web.Response:
        return web.Response(
            body=b"PK zip", content_type="application/zip", headers={"Content-Disposition": 'attachment; filename="earshot.zip"'}
        )
