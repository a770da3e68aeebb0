import { ServiceError, type Link, type Transport } from "./transport";
import type { Role } from "./types";

const firstRetry = 500; // ms
const lastRetry = 10_000;
const patience = 30_000; // for an answer

interface Waiting {
  resolve(result: unknown): void;
  reject(error: ServiceError): void;
  timer: ReturnType<typeof setTimeout>;
}

interface Message {
  type: string;
  id: number;
  success?: boolean;
  result?: unknown;
  error?: { code: string; message: string };
  event?: unknown;
  role?: Role;
  name?: string;
  time_zone?: string;
  earshot_version?: string;
}

/** The bridge's own WebSocket. It comes back by itself, until it is refused or closed. */
export class SocketTransport implements Transport {
  link: Link = "offline";
  role: Role = "read";
  name = "";
  timeZone = "";
  version = "";

  #socket?: WebSocket;
  #lastId = 0;
  #waiting = new Map<number, Waiting>();
  #listeners = new Map<number, (event: never) => void>();
  #watchers = new Set<() => void>();
  #retry = firstRetry;
  #timer?: ReturnType<typeof setTimeout>;
  #permit: Promise<boolean> = Promise.resolve(true);

  constructor(private base: string = document.baseURI) {}

  /** Connects at once, and signs in as the session of the browser's cookie as soon as permit says that there is one. */
  open(permit: Promise<boolean>): void {
    this.close();
    this.#permit = permit;
    this.#retry = firstRetry;
    addEventListener("online", this.#soon);
    document.addEventListener("visibilitychange", this.#soon);
    this.#connect();
  }

  close(): void {
    removeEventListener("online", this.#soon);
    document.removeEventListener("visibilitychange", this.#soon);
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.#giveUp();
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  call<T>(type: string, fields: object = {}, wait = patience): Promise<T> {
    return this.#send<T>(type, fields, wait).answer;
  }

  async subscribe<E, A = unknown>(type: string, fields: object, event: (event: E) => void, begun?: (answer: A) => void): Promise<() => void> {
    const { id, answer } = this.#send<A>(type, fields);
    // Before the answer, as the first event may come in the same breath.
    this.#listeners.set(id, event);
    const socket = this.#socket;
    try {
      const begins = await answer;
      begun?.(begins);
    } catch (error) {
      this.#listeners.delete(id);
      throw error;
    }
    return () => {
      if (socket !== this.#socket || !this.#listeners.delete(id)) return;
      this.call("unsubscribe_events", { subscription: id }).catch(() => {}); // it may have ended by itself
    };
  }

  url(link: string, download = false): string {
    return new URL(download ? `${link}&download` : link, this.base).href;
  }

  #send<T>(type: string, fields: object, wait = patience): { id: number; answer: Promise<T> } {
    const id = ++this.#lastId;
    const answer = new Promise<T>((resolve, reject) => {
      if (this.link !== "ready") {
        reject(new ServiceError("offline", ""));
        return;
      }
      const timer = setTimeout(() => this.#settle(id)?.reject(new ServiceError("timeout", "")), wait);
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject, timer });
      this.#socket?.send(JSON.stringify({ ...fields, id, type }));
    });
    return { id, answer };
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    clearTimeout(waiting?.timer);
    this.#waiting.delete(id);
    return waiting;
  }

  #connect(): void {
    const url = new URL("api/websocket", this.base);
    url.protocol = url.protocol.replace("http", "ws");
    url.hash = "";
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#lastId = 0;
    this.#become("connecting");
    socket.addEventListener("message", (event) => {
      if (socket === this.#socket) this.#receive(JSON.parse(event.data as string) as Message);
    });
    socket.addEventListener("close", () => {
      if (socket === this.#socket) this.#lost();
    });
  }

  #receive(message: Message): void {
    switch (message.type) {
      case "auth_required":
        void this.#signIn(this.#socket);
        break;
      case "auth_ok":
        this.#retry = firstRetry;
        this.role = message.role ?? "read";
        this.name = message.name ?? "";
        this.timeZone = message.time_zone ?? "";
        this.version = message.earshot_version ?? "";
        this.#become("ready");
        break;
      case "auth_invalid":
        this.close();
        this.#become("refused");
        break;
      case "result": {
        const waiting = this.#settle(message.id);
        if (message.success) waiting?.resolve(message.result);
        else waiting?.reject(new ServiceError(message.error?.code ?? "unknown_error", message.error?.message ?? ""));
        break;
      }
      case "event":
        this.#listeners.get(message.id)?.(message.event as never);
        break;
    }
  }

  async #signIn(socket?: WebSocket): Promise<void> {
    if (!(await this.#permit)) socket?.close();
    else if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "auth" }));
  }

  /** Tries again at once when there is reason to think that it works now. */
  #soon = (): void => {
    if (this.link !== "offline" || document.visibilityState === "hidden") return;
    clearTimeout(this.#timer);
    this.#connect();
  };

  #lost(): void {
    this.#socket = undefined;
    this.#giveUp();
    this.#timer = setTimeout(() => this.#connect(), this.#retry * (0.75 + Math.random() / 2));
    this.#retry = Math.min(this.#retry * 2, lastRetry);
  }

  #giveUp(): void {
    this.#listeners.clear();
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(new ServiceError("offline", ""));
    this.#become("offline");
  }

  #become(link: Link): void {
    if (this.link === link) return;
    this.link = link;
    for (const changed of [...this.#watchers]) changed();
  }
}
