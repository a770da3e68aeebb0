"""Client of the bridge: pairing over HTTP, and the services over one WebSocket that comes back by itself."""

import asyncio
from collections.abc import Callable, Mapping
import contextlib
from dataclasses import dataclass, field
import logging
import random
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout, ClientWebSocketResponse, ClientWSTimeout, WSMsgType
from yarl import URL

from .const import CLIENT_NAME

_LOGGER = logging.getLogger(__name__)

type Json = dict[str, Any]
type OnEvent = Callable[[Any], None]

CALL_LIMIT: Final = 30.0  # s, for the answer to a command
LONG_LIMIT: Final = 600.0  # s, for the answer to one of LONG_COMMANDS
CONNECT_LIMIT: Final = 10.0  # s, until signed in
SILENCE_LIMIT: Final = 75.0  # s; the bridge pings every 30 s
FIRST_WAIT: Final = 1.0  # s, before the second attempt to connect; then twice as long each time
LONGEST_WAIT: Final = 60.0  # s
MAX_PENDING: Final = 64  # commands that wait for their answer
MAX_SUBSCRIPTIONS: Final = 200  # of all cards together
MAX_BRIDGE_SUBSCRIPTIONS: Final = 16  # the bridge takes no more from one connection
MAX_MESSAGE: Final = 16 << 20  # bytes

# The bridge carries out the commands of a connection one after the other. These may take minutes and get a connection of their own,
# whose end is the end of what is played and listened for, too.
LONG_COMMANDS: Final = frozenset(
    {
        "history/delete",
        "history/delete_range",
        "history/verify",
        "retention/run",
        "satellites/announce",
        "satellites/listen",
        "wake_words/tune",
    }
)

# What of a message is no field of its command.
ENVELOPE: Final = frozenset({"id", "type", "on_behalf_of"})

# Subscriptions that are alike for everybody, so that all cards share one; True: the last event says how things are.
SHARED: Final[Mapping[str, bool]] = {"history/subscribe": False, "satellites/subscribe": True}

# Subscriptions that are an act of their own: they are not repeated at the next connect, but end.
ONCE: Final = frozenset({"satellites/test"})


class BridgeError(Exception):
    """The bridge refused a command: its code, and its sentence for people."""

    def __init__(self, code: str, message: str, details: Json | None = None) -> None:
        """Keep what the bridge has sent."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.details: Json = details or {}


class BridgeOffline(BridgeError):
    """The bridge cannot be reached now."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("offline", "The bridge cannot be reached.")


class InvalidToken(Exception):
    """The bridge does not know the token any more; pair again."""


class WrongCode(Exception):
    """The code is wrong or has expired."""


class TooManyRequests(Exception):
    """The bridge gives no further code now."""


@dataclass(frozen=True)
class Pairing:
    """What the bridge hands over once the code is right."""

    token: str = field(repr=False)
    bridge_id: str
    version: str
    name: str


async def request_pairing(session: ClientSession, url: URL) -> None:
    """Let the bridge show a code. Raises TooManyRequests or BridgeOffline."""
    try:
        await _post(session, url / "auth/pair/request", {"name": CLIENT_NAME})
    except WrongCode as err:  # no code was sent: something else answers there
        raise BridgeOffline from err


async def pair(session: ClientSession, url: URL, code: str) -> Pairing:
    """Get a token for the code. Raises WrongCode, TooManyRequests or BridgeOffline."""
    answer = await _post(session, url / "auth/pair", {"code": code, "name": CLIENT_NAME})
    try:
        return Pairing(str(answer["access_token"]), str(answer["bridge_id"]), str(answer["version"]), str(answer["name"]))
    except KeyError as err:
        raise BridgeOffline from err


async def check_token(session: ClientSession, url: URL, token: str) -> None:
    """Sign in once. Raises InvalidToken or BridgeOffline."""
    try:
        async with asyncio.timeout(CONNECT_LIMIT):
            ws, _ = await _sign_in(session, url, token)
            await ws.close()
    except (ClientError, TimeoutError, OSError) as err:
        raise BridgeOffline from err


async def _sign_in(session: ClientSession, url: URL, token: str) -> tuple[ClientWebSocketResponse, Json]:
    ws = await session.ws_connect(
        url / "api/websocket", max_msg_size=MAX_MESSAGE, timeout=ClientWSTimeout(ws_receive=SILENCE_LIMIT, ws_close=CONNECT_LIMIT)
    )
    try:
        await _object(ws)  # auth_required
        await ws.send_json({"type": "auth", "access_token": token})
        hello = await _object(ws)
        # After many wrong tokens from one address the bridge looks at no token for a while.
        if hello.get("type") == "auth_invalid" and "Too many" not in str(hello.get("message")):
            raise InvalidToken
        if hello.get("type") != "auth_ok":
            raise BridgeOffline
    except BaseException:
        await ws.close()
        raise
    return ws, hello


async def _post(session: ClientSession, url: URL, body: Json) -> Json:
    try:
        async with session.post(url, json=body, timeout=ClientTimeout(total=CONNECT_LIMIT), allow_redirects=False) as answer:
            if answer.status == 204:
                return {}
            if answer.status == 429:
                raise TooManyRequests
            # 403 is also what a bridge says that is not known by this name; only an answer in JSON is about the code.
            data = await answer.json()
            if answer.status in (400, 403) and "code" in data:
                raise WrongCode
            if answer.status == 200 and isinstance(data, dict):
                return data
    except (ClientError, TimeoutError, ValueError) as err:
        raise BridgeOffline from err
    raise BridgeOffline


class Subscription:
    """One card's share of a subscription on the bridge."""

    def __init__(self, end: Callable[[], None]) -> None:
        """Keep how it ends."""
        self._end = end

    def close(self) -> None:
        """End it; further calls do nothing."""
        end, self._end = self._end, lambda: None
        end()


@dataclass(eq=False)
class _Stream:
    """A subscription on the bridge, and who hears it."""

    command: str
    fields: Json
    listeners: list[OnEvent]
    message_id: int | None = None  # None: the bridge does not know it now
    opening: asyncio.Task[None] | None = None
    last: Any = None  # event, where it says how things are

    @property
    def shared(self) -> bool:
        return self.command in SHARED

    def opened(self, task: asyncio.Task[None]) -> None:
        """Forget the task; its error is for those who wait, and there may be none any more."""
        self.opening = None
        if not task.cancelled():
            task.exception()

    def hear(self, event: Any) -> None:
        if SHARED.get(self.command) and isinstance(event, dict) and "satellites" in event:
            self.last = event
        for listener in list(self.listeners):
            listener(event)


class Bridge:
    """The services of one bridge. Run keeps it connected; everything else may be called at any time."""

    def __init__(self, session: ClientSession, url: URL, token: str) -> None:
        """Prepare; nothing is sent before run."""
        self.url = url
        self.online = False
        self.version = ""
        self.time_zone = ""
        self.roles: dict[str, str] = {}  # of the commands, as the bridge describes them
        self._session = session
        self._token = token
        self._ws: ClientWebSocketResponse | None = None
        self._last_id = 0
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._streams: list[_Stream] = []
        self._by_id: dict[int, _Stream] = {}
        self._listeners: list[Callable[[], None]] = []
        self.tried = asyncio.Event()  # set when the first attempt to connect is over

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Tell of every change of online, version, time_zone and roles; the result ends that."""
        self._listeners.append(listener)

        def end() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return end

    @property
    def subscriptions(self) -> list[str]:
        """The commands of the subscriptions that cards have, one for each card."""
        return [stream.command for stream in self._streams for _ in stream.listeners]

    async def run(self) -> None:
        """Stay connected until cancelled. Raises InvalidToken when the bridge does not know the token."""
        wait = FIRST_WAIT
        try:
            while True:
                try:
                    async with asyncio.timeout(CONNECT_LIMIT):
                        ws, hello = await _sign_in(self._session, self.url, self._token)
                except (ClientError, TimeoutError, OSError, BridgeOffline) as err:
                    _LOGGER.debug("The bridge at %s cannot be reached: %s", self.url.host, type(err).__name__)
                else:
                    wait = FIRST_WAIT
                    await self._serve(ws, hello)
                self.tried.set()
                # Not all at once after a power cut.
                await asyncio.sleep(wait * random.uniform(0.8, 1.2))
                wait = min(wait * 2, LONGEST_WAIT)
        finally:
            self.tried.set()

    async def call(self, command: str, fields: Mapping[str, Any] | None = None, *, person: str | None = None) -> Any:
        """Carry out a command and return its result; the bridge's logs name the person. Raises BridgeError, such as BridgeOffline."""
        if not self.online or self._ws is None:
            raise BridgeOffline
        message = dict(fields or {})
        if person:
            message["on_behalf_of"] = person
        if command in LONG_COMMANDS:
            return await self._call_alone(command, message)
        return await self._send(command, message)

    async def subscribe(self, command: str, fields: Mapping[str, Any], on_event: OnEvent) -> Subscription:
        """Pass on the events of a subscription, over all reconnects. Raises BridgeError."""
        wanted = dict(fields)
        if command in ONCE and not self.online:
            raise BridgeOffline
        stream = next((s for s in self._streams if s.shared and (s.command, s.fields) == (command, wanted)), None)
        if sum(len(s.listeners) for s in self._streams) >= MAX_SUBSCRIPTIONS or (
            stream is None and len(self._streams) >= MAX_BRIDGE_SUBSCRIPTIONS
        ):
            raise BridgeError("busy", "Too many subscriptions are open.")
        if stream is None:
            stream = _Stream(command, wanted, [on_event])
            self._streams.append(stream)
        else:
            stream.listeners.append(on_event)
            if stream.last is not None:
                on_event(stream.last)
        subscription = Subscription(lambda: self._leave(stream, on_event))
        try:
            await self._open(stream)
        except BaseException:
            subscription.close()
            raise
        return subscription

    async def _open(self, stream: _Stream) -> None:
        """Make the bridge send a stream's events; at the next connect, when it is away now."""
        if stream.message_id is not None or not self.online:
            return
        if stream.opening is None:
            stream.opening = asyncio.create_task(self._begin(stream))
            stream.opening.add_done_callback(stream.opened)
        # A card that leaves must not end what others wait for.
        await asyncio.shield(stream.opening)

    async def _begin(self, stream: _Stream) -> None:
        with contextlib.suppress(BridgeOffline):
            await self._send(stream.command, stream.fields, stream)
            if not stream.listeners:  # all have left meanwhile
                self._end(stream)

    def _leave(self, stream: _Stream, on_event: OnEvent) -> None:
        if on_event in stream.listeners:
            stream.listeners.remove(on_event)
        if not stream.listeners:
            self._end(stream)

    def _end(self, stream: _Stream) -> None:
        if stream in self._streams:
            self._streams.remove(stream)
        message_id, stream.message_id = stream.message_id, None
        if message_id is None:
            return
        self._by_id.pop(message_id, None)
        if self._ws is not None and not self._ws.closed:
            asyncio.create_task(self._unsubscribe(message_id))  # noqa: RUF006 - it ends by CALL_LIMIT, and nobody waits for it

    async def _unsubscribe(self, message_id: int) -> None:
        with contextlib.suppress(BridgeError):
            await self._send("unsubscribe_events", {"subscription": message_id})

    async def _serve(self, ws: ClientWebSocketResponse, hello: Json) -> None:
        """Use a connection to its end."""
        self._ws = ws
        self._last_id = 0
        begin = asyncio.create_task(self._connected(hello))
        try:
            while True:
                self._take(await _object(ws))
        except (ClientError, TimeoutError, OSError, BridgeOffline):
            pass
        finally:
            begin.cancel()
            self._disconnected()
            await ws.close()

    async def _connected(self, hello: Json) -> None:
        self.version = str(hello.get("earshot_version", ""))
        self.time_zone = str(hello.get("time_zone", ""))
        try:
            services = await self._send("services/list", {})
            self.roles = {s["name"]: s["role"] for s in services["services"]}
        except (BridgeError, KeyError, TypeError):
            if self._ws is not None:
                await self._ws.close()  # and try again
            return
        self.online = True
        self.tried.set()
        self._tell()
        for stream in list(self._streams):
            stream.message_id = None
            try:
                await self._open(stream)
            except BridgeError as err:
                _LOGGER.warning("The bridge refuses a subscription that it took before: %s", err.message)
                continue
            if stream.command == "history/subscribe":
                stream.hear({"action": "reset"})

    def _disconnected(self) -> None:
        was, self.online, self._ws = self.online, False, None
        self._by_id.clear()
        for stream in list(self._streams):
            stream.message_id, stream.last = None, None
            if stream.command in ONCE:
                self._streams.remove(stream)
                stream.hear({"action": "end"})
        pending, self._pending = self._pending, {}
        for answer in pending.values():
            if not answer.done():
                answer.set_exception(BridgeOffline())
        if was:
            self._tell()

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    def _take(self, message: Json) -> None:
        message_id = message.get("id")
        if not isinstance(message_id, int):
            return
        if message.get("type") == "event":
            if stream := self._by_id.get(message_id):
                stream.hear(message.get("event"))
            return
        answer = self._pending.pop(message_id, None)
        if answer is None or answer.done():
            return
        try:
            answer.set_result(_result(message))
        except BridgeError as err:
            answer.set_exception(err)

    async def _send(self, command: str, fields: Json, stream: _Stream | None = None) -> Any:
        ws = self._ws
        if ws is None or ws.closed:
            raise BridgeOffline
        if len(self._pending) >= MAX_PENDING:
            raise BridgeError("busy", "Too many commands wait for the bridge.")
        self._last_id += 1
        message_id = self._last_id
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[message_id] = answer
        if stream is not None:  # events may come with the answer
            stream.message_id, self._by_id[message_id] = message_id, stream
        try:
            async with asyncio.timeout(CALL_LIMIT):
                await ws.send_json({**fields, "id": message_id, "type": command})
                return await answer
        except BaseException as err:
            self._pending.pop(message_id, None)
            if stream is not None:
                stream.message_id = None
                self._by_id.pop(message_id, None)
            if isinstance(err, (ClientError, TimeoutError, OSError)):
                raise BridgeOffline from err
            raise

    async def _call_alone(self, command: str, fields: Json) -> Any:
        try:
            async with asyncio.timeout(CONNECT_LIMIT):
                ws, _ = await _sign_in(self._session, self.url, self._token)
            try:
                async with asyncio.timeout(LONG_LIMIT):
                    await ws.send_json({**fields, "id": 1, "type": command})
                    while True:
                        message = await _object(ws)
                        if message.get("type") == "result":
                            return _result(message)
            finally:
                await ws.close()
        except (ClientError, TimeoutError, OSError, InvalidToken) as err:
            raise BridgeOffline from err


def _result(message: Json) -> Any:
    """Return the result of an answer, or raise its error."""
    if message.get("success"):
        return message.get("result")
    error = message.get("error")
    if not isinstance(error, dict):
        error = {}
    details = {k: v for k, v in error.items() if k not in ("code", "message")}
    raise BridgeError(str(error.get("code", "unknown_error")), str(error.get("message", "")), details)


async def _object(ws: ClientWebSocketResponse) -> Json:
    """Read one message. Raises BridgeOffline at the connection's end."""
    message = await ws.receive()
    if message.type is not WSMsgType.TEXT:
        raise BridgeOffline
    try:
        data = message.json()
    except ValueError as err:
        raise BridgeOffline from err
    if not isinstance(data, dict):
        raise BridgeOffline
    return data
