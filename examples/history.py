#!/usr/bin/env python3
"""Lists today's recordings and follows new ones. It needs nothing but Python.

EARSHOT_TOKEN=earshot_… python3 examples/history.py [127.0.0.1:8127]
The token is printed by: earshot token create --role read --name example
"""
import base64, json, os, socket, struct, sys


class Socket:
    """As much of a WebSocket (RFC 6455) as it takes to speak to a bridge."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.conn = socket.create_connection((host, int(port)))
        self.stream = self.conn.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.conn.sendall(f"GET /api/websocket HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        if b" 101 " not in self.stream.readline():
            sys.exit("This is no bridge, or it takes no further connection.")
        while self.stream.readline().strip():
            pass  # the other headers

    def send(self, message, kind=1):
        data, mask = message if isinstance(message, bytes) else json.dumps(message).encode(), os.urandom(4)
        size = bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack(">BH", 0xFE, len(data))
        self.conn.sendall(bytes([0x80 | kind]) + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def receive(self):
        while head := self.stream.read(2):
            kind, size = head[0] & 15, head[1] & 127
            if size > 125:
                size = int.from_bytes(self.stream.read(2 if size == 126 else 8), "big")
            data = self.stream.read(size)
            if kind == 1:
                return json.loads(data)
            if kind == 9:  # ping: answered by a pong
                self.send(data, 10)
        sys.exit("The connection has ended.")


def show(entry):
    said = entry["transcript"] or entry.get("text_note", "")
    print(entry["at"], entry["satellite"], entry["wake_word"], entry["outcome"], said, sep="  ", flush=True)


bridge = Socket(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8127")
bridge.receive()  # auth_required
bridge.send({"type": "auth", "access_token": os.environ["EARSHOT_TOKEN"]})
if (answer := bridge.receive())["type"] != "auth_ok":
    sys.exit(answer["message"])
bridge.send({"id": 1, "type": "history/subscribe"})  # first, so that nothing is missed in between
bridge.send({"id": 2, "type": "history/list", "period": "today", "limit": 100})
while True:
    message = bridge.receive()
    if message["type"] == "event":
        event = message["event"]
        if event["action"] == "added":
            for entry in event["entries"]:
                show(entry)
        else:
            print(event["action"], *event.get("ids", []), flush=True)
    elif not message["success"]:
        sys.exit(message["error"]["message"])
    elif message["id"] == 2:
        for entry in reversed(message["result"]["entries"]):
            show(entry)
