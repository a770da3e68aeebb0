import type { Clock } from "../core/format";
import type { HistoryStore } from "../core/history-store";
import type { Role, Satellite } from "../core/types";
import type { Words } from "../core/words";
import type { Player } from "./player";

/** What the rows need to draw themselves; a new one is made whenever any of it has changed. */
export interface View {
  words: Words;
  clock: Clock;
  store: HistoryStore;
  player: Player;
  role: Role;
  online: boolean;
  satellites: readonly Satellite[];
  /** The row that the keyboard is at. */
  active: string;
  /** The row whose details are shown. */
  open: string;
}

/** Whether somebody may play recordings. */
export const mayListen = (role: Role): boolean => role !== "read";

/** Whether somebody may delete recordings, keep them and mark them. */
export const mayDelete = (role: Role): boolean => role === "delete" || mayChange(role);

/** Whether somebody may change what the bridge does. */
export const mayChange = (role: Role): boolean => role === "admin";

/** What people call a satellite. */
export function satelliteName(satellites: readonly Satellite[], id: string): string {
  return satellites.find((s) => s.id === id)?.name ?? id;
}
