import { ServiceError, type Link, type Transport } from "./transport";
import type { Role } from "./types";

/** What of Home Assistant's frontend is used. ref: home-assistant/frontend, src/types.ts */
export interface Hass {
  connection: {
    connected: boolean;
    subscribeMessage<E>(callback: (event: E) => void, message: object, options?: { resubscribe?: boolean }): Promise<() => Promise<void>>;
    addEventListener(type: "ready" | "disconnected", listener: () => void): void;
    removeEventListener(type: "ready" | "disconnected", listener: () => void): void;
  };
  callWS<T>(message: object): Promise<T>;
  hassUrl(path?: string): string;
  locale: { language: string; time_format: "language" | "system" | "12" | "24"; time_zone?: "local" | "server" };
  config: { time_zone: string };
  themes?: { darkMode?: boolean };
  user?: { is_admin: boolean };
}

/** What earshot/watch tells of a bridge. */
interface Watched {
  online: boolean;
  role: Role | "none";
  name: string;
}

/** The way through Home Assistant: its integration passes commands and events on, and knows what its user may do. */
export class HassTransport implements Transport {
  link: Link = "connecting";
  role: Role = "read";
  name = "";

  #watchers = new Set<() => void>();
  #unwatch?: Promise<() => Promise<void>>;

  constructor(private hass: Hass, readonly bridge: string) {}

  get timeZone(): string {
    return this.hass.locale.time_zone === "local" ? "" : this.hass.config.time_zone;
  }

  /** Follows the bridge until close is called. Home Assistant's connection comes back by itself, and asks again. */
  open(): void {
    this.hass.connection.addEventListener("disconnected", this.#gone);
    this.#unwatch = this.hass.connection.subscribeMessage<Watched>(this.#told, { type: "earshot/watch", bridge: this.bridge });
    this.#unwatch.catch(() => this.#become("offline")); // the integration is not there, or does not know the bridge
  }

  close(): void {
    this.hass.connection.removeEventListener("disconnected", this.#gone);
    this.#unwatch?.then((end) => end()).catch(() => {});
    this.#become("offline");
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  async call<T>(command: string, fields: object = {}): Promise<T> {
    try {
      return await this.hass.callWS<T>({ type: "earshot/call", bridge: this.bridge, command, fields });
    } catch (error) {
      throw refusal(error);
    }
  }

  async subscribe<E>(command: string, fields: object, event: (event: E) => void): Promise<() => void> {
    try {
      const message = { type: "earshot/subscribe", bridge: this.bridge, command, fields };
      const end = await this.hass.connection.subscribeMessage<E>(event, message, { resubscribe: false });
      return () => void end().catch(() => {}); // it may have ended by itself
    } catch (error) {
      throw refusal(error);
    }
  }

  url(link: string): string {
    return this.hass.hassUrl(link);
  }

  #told = ({ online, role, name }: Watched): void => {
    this.name = name;
    if (role !== "none") this.role = role;
    this.#become(role === "none" ? "refused" : online ? "ready" : "offline");
  };

  #gone = (): void => this.#become("offline");

  #become(link: Link): void {
    if (this.link === link) return;
    this.link = link;
    for (const changed of [...this.#watchers]) changed();
  }
}

/** Home Assistant's refusals are plain objects, and a number when its connection was lost. */
function refusal(error: unknown): ServiceError {
  const { code, message } = (typeof error === "object" && error !== null ? error : {}) as { code?: unknown; message?: unknown };
  if (typeof code !== "string") return new ServiceError("offline", "");
  return new ServiceError(code, typeof message === "string" ? message : "");
}

/** The language to speak, with the household's way to write a time. */
export function localeOf({ locale }: Hass): string {
  const cycle = { "12": "h12", "24": "h23", language: "", system: "" }[locale.time_format];
  return cycle ? `${locale.language}-u-hc-${cycle}` : locale.language;
}
