const firstRetry = 1000; // ms
const lastRetry = 15000;
const patience = 30000; // for an answer

// Connection keeps a WebSocket to the bridge, and speaks Home Assistant's envelope over it.
//
// Events: "ready" (signed in; detail is the auth_ok message), "lost" (it tries again by itself), "refused" (detail says why).
export class Connection extends EventTarget {
  #token = "";
  #socket = null;
  #nextId = 1;
  #waiting = new Map(); // id -> {resolve, reject, timer}
  #listeners = new Map(); // id of a subscription -> function
  #retry = firstRetry;
  #timer = 0;

  open(token) {
    this.close();
    this.#token = token;
    this.#retry = firstRetry;
    this.#connect();
  }

  close() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#giveUp();
  }

  call(type, fields = {}) {
    return this.#send(type, fields).promise;
  }

  // subscribe calls listener for each event, until the connection is lost.
  async subscribe(type, listener) {
    const { id, promise } = this.#send(type, {});
    this.#listeners.set(id, listener);
    await promise;
  }

  #send(type, fields) {
    const id = this.#nextId++;
    const promise = new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) {
        reject(new Error("The bridge cannot be reached."));
        return;
      }
      const timer = setTimeout(() => this.#settle(id, "reject", new Error("The bridge does not answer.")), patience);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ id, type, ...fields }));
    });
    return { id, promise };
  }

  #settle(id, how, value) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    waiting[how](value);
  }

  #connect() {
    const url = new URL("api/websocket", document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.hash = "";
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#nextId = 1;
    socket.addEventListener("message", (event) => {
      if (socket === this.#socket) this.#receive(JSON.parse(event.data));
    });
    socket.addEventListener("close", () => {
      if (socket === this.#socket) this.#lost();
    });
  }

  #receive(message) {
    switch (message.type) {
      case "auth_required":
        this.#socket.send(JSON.stringify({ type: "auth", access_token: this.#token }));
        break;
      case "auth_ok":
        this.#retry = firstRetry;
        this.dispatchEvent(new CustomEvent("ready", { detail: message }));
        break;
      case "auth_invalid":
        this.close();
        this.dispatchEvent(new CustomEvent("refused", { detail: message.message }));
        break;
      case "result":
        if (message.success) this.#settle(message.id, "resolve", message.result);
        else this.#settle(message.id, "reject", Object.assign(new Error(message.error.message), message.error));
        break;
      case "event":
        this.#listeners.get(message.id)?.(message.event);
        break;
    }
  }

  #lost() {
    this.#socket = null;
    this.#giveUp();
    this.dispatchEvent(new Event("lost"));
    this.#timer = setTimeout(() => this.#connect(), this.#retry * (0.75 + Math.random() / 2));
    this.#retry = Math.min(this.#retry * 2, lastRetry);
  }

  #giveUp() {
    this.#listeners.clear();
    for (const id of [...this.#waiting.keys()]) this.#settle(id, "reject", new Error("The connection to the bridge was lost."));
  }
}
