// Lists today's recordings and follows new ones.
//   EARSHOT_TOKEN=earshot_… node examples/history.mjs [127.0.0.1:8127]
// The token is printed by: earshot token create --role read --name example
// Node 22 has WebSocket, as every browser does; Node 20 has it with --experimental-websocket.

const socket = new WebSocket(`ws://${process.argv[2] ?? "127.0.0.1:8127"}/api/websocket`);
const waiting = new Map(); // the answers that are awaited, by the id of their command
let lastId = 0;

function call(type, fields = {}) {
  socket.send(JSON.stringify({ id: ++lastId, type, ...fields }));
  return new Promise((resolve, reject) => waiting.set(lastId, { resolve, reject }));
}

function print(entry) {
  const said = entry.transcript || entry.text_note || "";
  console.log(`${entry.at}  ${entry.satellite}  ${entry.wake_word}  ${entry.outcome}  ${said}`);
}

async function start() {
  await call("history/subscribe"); // first, so that nothing is missed in between
  const { entries } = await call("history/list", { period: "today", limit: 100 });
  entries.reverse().forEach(print);
}

socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  switch (message.type) {
    case "auth_required":
      return socket.send(JSON.stringify({ type: "auth", access_token: process.env.EARSHOT_TOKEN }));
    case "auth_invalid":
      return console.error(message.message);
    case "auth_ok":
      return start().catch((error) => console.error(error.message));
    case "event":
      if (message.event.action === "added") message.event.entries.forEach(print);
      else console.log(message.event.action, ...(message.event.ids ?? []));
      return;
    case "result": {
      const { resolve, reject } = waiting.get(message.id);
      waiting.delete(message.id);
      message.success ? resolve(message.result) : reject(message.error);
    }
  }
};
socket.onclose = ({ reason }) => { console.error(`The connection has ended. ${reason}`); process.exitCode = 1; };
