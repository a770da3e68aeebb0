import type { Role } from "./types";

/** How the way to the bridge is. "refused": somebody has to sign in. */
export type Link = "connecting" | "ready" | "offline" | "refused";

/** A refusal in Home Assistant's form; both the bridge and Home Assistant answer so. */
export class ServiceError extends Error {
  constructor(readonly code: string, message: string) {
    super(message);
  }
}

/** The way to the bridge: its own WebSocket on its page, Home Assistant's connection on a dashboard. */
export interface Transport {
  readonly link: Link;
  readonly role: Role;
  /** The household's time zone; empty for the browser's. */
  readonly timeZone: string;
  /** Calls changed whenever link has changed; returns what ends that. */
  watch(changed: () => void): () => void;
  /** Carries a command out; rejects with a ServiceError, also after so many milliseconds, where the way to the bridge has no other limit. */
  call<T>(type: string, fields?: object, patience?: number): Promise<T>;
  /**
   * Calls event for each event until the returned function is called or the link is lost, and then not again. Before that it calls begun with the
   * command's answer, where the way to the bridge has it: Home Assistant's has not.
   */
  subscribe<E, A = unknown>(type: string, fields: object, event: (event: E) => void, begun?: (answer: A) => void): Promise<() => void>;
  /** Makes a link that a command returned one that a browser can fetch: to play, or to keep as a file. */
  url(link: string, download?: boolean): string;
}
