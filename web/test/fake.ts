import { ServiceError, type Link, type Transport } from "../src/core/transport";
import type { Change, Entry, Filter, Outcome, Page, Preview, Receipt, Role, Satellite, Save, Selector, Stats } from "../src/core/types";

/** What a test is about: 2026-03-04, a Wednesday, noon in Berlin. */
export const now = new Date("2026-03-04T11:00:00Z");

let made = 0;

/** One recording; the first made is the newest, each is an hour older than the one before. */
export function entry(part: Partial<Entry> = {}): Entry {
  const n = made++;
  return {
    id: `e${String(9999 - n).padStart(4, "0")}`, satellite: "kitchen", area: "Kitchen", at: new Date(now.getTime() - n * 3600e3).toISOString(), zone: "Europe/Berlin",
    duration_ms: 3500, wake_word: "okay_nabu", score: 0.97, threshold: 0.85, outcome: "understood", transcript: `turn on lamp ${n}`, language: "en",
    reply: "Turned on the lamp", intent: "HassTurnOn", error: null, clip: { bytes: 40_000 }, peaks: btoa(String.fromCharCode(...Array.from({ length: 128 }, (_, i) => (i * 37) % 256))),
    timings: { speech_end_ms: 1200, transcript_ms: 1500, reply_ms: 1800 }, kept: false, label: "", shared: false,
    ...part,
  };
}

/** So many recordings, anew. */
export function entries(n: number, part: (i: number) => Partial<Entry> = () => ({})): Entry[] {
  made = 0;
  return Array.from({ length: n }, (_, i) => entry(part(i)));
}

export const kitchen: Satellite = {
  id: "kitchen", name: "Kitchen", area: "Kitchen", state: "idle", muted: false,
  microphone: { state: "listening", device: "usb", reason: "", dropped: 0, level_dbfs: -40, findings: [] },
  wake_words: [{ id: "okay_nabu", phrase: "Okay Nabu", threshold: 0.85, active: true }], last_heard: null,
};

/** A bridge in memory. It answers as the real one does; e2e holds the page against that. */
export class FakeBridge implements Transport {
  link: Link = "ready";
  role: Role = "admin";
  timeZone = "Europe/Berlin";
  satellites: Satellite[] = [kitchen];
  save: Save = "audio+text";
  /** Every command that came, in order. */
  calls: { type: string; fields: Record<string, unknown> }[] = [];
  /** Refuses a command by its type. */
  refuse: Record<string, ServiceError> = {};

  #watchers = new Set<() => void>();
  #listeners = new Map<string, Set<(event: never) => void>>();
  #previews = new Map<string, string[]>();

  constructor(public entries: Entry[] = []) {}

  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  become(link: Link): void {
    this.link = link;
    if (link !== "ready") this.#listeners.clear();
    for (const changed of [...this.#watchers]) changed();
  }

  async call<T>(type: string, fields: object = {}): Promise<T> {
    this.calls.push({ type, fields: { ...fields } });
    await Promise.resolve();
    if (this.link !== "ready") throw new ServiceError("offline", "");
    if (this.refuse[type]) throw this.refuse[type];
    return this.#answer(type, fields as Record<string, unknown>) as T;
  }

  async subscribe<E>(type: string, fields: object, event: (event: E) => void): Promise<() => void> {
    this.calls.push({ type, fields: { ...fields } });
    if (this.link !== "ready") throw new ServiceError("offline", "");
    const set = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, set.add(event as (event: never) => void));
    await Promise.resolve();
    return () => set.delete(event as (event: never) => void);
  }

  url(): string {
    return tone;
  }

  /** Tells those who have subscribed. */
  emit(type: string, event: unknown): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }

  add(...added: Entry[]): void {
    this.entries = [...added, ...this.entries];
    this.emit("history/subscribe", { action: "added", entries: added } satisfies Change);
  }

  delete(...ids: string[]): void {
    this.entries = this.entries.filter((e) => !ids.includes(e.id));
    this.emit("history/subscribe", { action: "deleted", ids } satisfies Change);
  }

  #answer(type: string, fields: Record<string, unknown>): unknown {
    switch (type) {
      case "history/list": {
        const { cursor, limit = 50, ...filter } = fields as Filter & { cursor?: string; limit?: number };
        const all = this.#match(filter);
        const from = cursor ? Number(cursor) : 0;
        return { entries: all.slice(from, from + limit), next_cursor: from + limit < all.length ? String(from + limit) : null, from: null, to: null } satisfies Page;
      }
      case "history/stats": {
        const all = this.#match(fields as Filter);
        const sum = (list: Entry[]) => ({ entries: list.length, clips: list.length, texts: list.length, bytes: list.length * 40_000, seconds: list.length * 3.5 });
        const by = [...new Set(all.map((e) => e.outcome))].map((outcome) => ({ satellite: "kitchen", outcome, ...sum(all.filter((e) => e.outcome === outcome)) }));
        return { ...sum(all), by } satisfies Stats;
      }
      case "history/update": {
        const { ids, match, ...update } = fields as { ids?: string[]; match?: Filter; kept?: boolean; label?: Entry["label"] | "none" };
        const chosen = new Set(ids ?? this.#match(match!).map((e) => e.id));
        const change = { ...update, ...(update.label ? { label: update.label === "none" ? "" : update.label } : {}) } as Partial<Entry>;
        this.entries = this.entries.map((e) => (chosen.has(e.id) ? { ...e, ...change } : e));
        this.emit("history/subscribe", { action: "updated", entries: this.entries.filter((e) => chosen.has(e.id)) } satisfies Change);
        return { updated: chosen.size };
      }
      case "history/delete_preview": {
        const chosen = this.#match(fields as Selector);
        const goes = chosen.filter((e) => !e.kept || (fields as Selector).include_kept);
        const token = `token-${this.#previews.size}`;
        this.#previews.set(token, goes.map((e) => e.id));
        return {
          token, count: goes.length, kept: chosen.length - goes.length, in_progress: 0, seconds: goes.length * 3.5, bytes: goes.length * 40_000,
          oldest: goes.at(-1)?.at ?? null, newest: goes[0]?.at ?? null,
        } satisfies Preview;
      }
      case "history/delete": {
        const ids = this.#previews.get(fields["token"] as string);
        if (!ids) throw new ServiceError("not_found", "The preview is too old.");
        this.#previews.delete(fields["token"] as string);
        this.delete(...ids);
        return {
          receipt: "r1", deleted: ids.length, kept_skipped: 0, in_progress_discarded: 0, failed_count: 0, bytes: ids.length * 40_000, seconds: ids.length * 3.5, remains: [],
        } satisfies Receipt;
      }
      case "clips/sign":
        if (!this.entries.some((e) => e.id === fields["entry_id"])) throw new ServiceError("not_found", "There is no such recording.");
        return { url: "api/clips/x", expires: "" };
      case "satellites/list":
        return { satellites: this.satellites };
      case "settings/get":
        return {
          improve: false, limits: { max_megabytes: 0, max_entries: 0, min_keep: 0 },
          satellites: this.satellites.map((s) => ({ satellite: s.id, save: this.save, understood: "18m", not_intended: "30d", failed: "90d" })),
          retention: { next: now.toISOString(), due: { entries: 0, clips: 0, texts: 0, bytes: 0, seconds: 0 } },
        };
      default:
        return {};
    }
  }

  #match(f: Selector): Entry[] {
    const outcomes: Outcome[] | undefined = f.outcome ? [f.outcome] : f.outcomes;
    return this.entries.filter((e) => (!f.ids || f.ids.includes(e.id)) && (!outcomes || outcomes.includes(e.outcome))
      && (!f.text || e.transcript.includes(f.text)) && (f.kept === undefined || e.kept === f.kept)
      && (f.period !== "today" || e.at >= "2026-03-03T23:00:00") && (!f.from || e.at >= f.from) && (!f.to || e.at < f.to));
  }
}

/** Three seconds and a half of a tone that is hardly heard, as a link. */
const tone = (() => {
  const rate = 8000;
  const samples = Math.round(rate * 3.5);
  const view = new DataView(new ArrayBuffer(44 + samples * 2));
  const text = (at: number, s: string) => [...s].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + samples * 2, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, samples * 2, true);
  for (let i = 0; i < samples; i++) view.setInt16(44 + i * 2, Math.sin(i / 5) * 50, true);
  return URL.createObjectURL(new Blob([view.buffer], { type: "audio/wav" }));
})();
