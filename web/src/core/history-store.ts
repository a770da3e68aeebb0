import { ServiceError, type Transport } from "./transport";
import type { Change, Entry, Filter, Outcome, Page, Selector, Stats } from "./types";

const pageSize = 50;
/** How long counts may be old after a change, ms. */
const countDelay = 500;

/**
 * The part of the history that is shown: it fetches, follows what happens, and knows what is selected.
 *
 * Event "change": something of it is another. Entries that come while hold() says so wait until showNew is called,
 * so that the list never moves under a finger.
 */
export class HistoryStore extends EventTarget {
  filter: Filter = {};
  status: "loading" | "ready" | "failed" = "loading";
  problem?: ServiceError;
  /** Newest first. */
  entries: readonly Entry[] = [];
  /** New entries that wait to be shown. */
  waiting: readonly Entry[] = [];
  /** How many match the filter; undefined until that is known. */
  total?: number;
  /** How many there are of each outcome, whatever the filter says of outcomes. */
  counts: Partial<Record<Outcome, number>> = {};
  selected: ReadonlySet<string> = new Set();
  /** Everything that matches is selected, also what has not been fetched. */
  allSelected = false;

  #cursor: string | null = null;
  #from = -Infinity;
  #to = Infinity;
  #turn = 0; // which fetch counts
  #fetching = false;
  #early?: Change[]; // changes that came during a fetch
  #unsubscribe?: () => void;
  #unwatch?: () => void;
  #counting?: ReturnType<typeof setTimeout>;

  constructor(private transport: Transport, private hold: () => boolean = () => false) {
    super();
  }

  /** Begins to fetch and to follow; stop ends it. */
  start(): void {
    this.#unwatch = this.transport.watch(() => void this.#follow());
    void this.#follow();
  }

  stop(): void {
    this.#unwatch?.();
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    clearTimeout(this.#counting);
    this.#turn++;
  }

  get more(): boolean {
    return this.#cursor !== null;
  }

  setFilter(filter: Filter): void {
    this.filter = filter;
    this.entries = [];
    this.waiting = [];
    this.total = undefined;
    this.select([]);
    void this.reload();
  }

  /** Fetches anew what is shown, in place: what is there stays until the answer has come. */
  async reload(): Promise<void> {
    const turn = ++this.#turn;
    const wanted = Math.max(this.entries.length, pageSize);
    this.#early = [];
    this.#fetching = true;
    if (!this.entries.length) this.status = "loading";
    this.#changed();
    try {
      let page = await this.#page(null);
      let entries = page.entries;
      while (entries.length < wanted && page.next_cursor && turn === this.#turn) {
        page = await this.#page(page.next_cursor);
        entries = entries.concat(page.entries);
      }
      if (turn !== this.#turn) return;
      this.entries = entries;
      this.waiting = [];
      this.#cursor = page.next_cursor;
      this.#from = page.from ? Date.parse(page.from) : -Infinity;
      this.#to = page.to && this.filter.to ? Date.parse(page.to) : Infinity; // a period that ends now goes on
      if (page.to && ["yesterday", "last_week", "last_month"].includes(this.filter.period ?? "")) this.#to = Date.parse(page.to);
      this.status = "ready";
      this.problem = undefined;
      const early = this.#early;
      this.#early = undefined;
      for (const change of early) this.#apply(change);
      this.select([...this.selected].filter((id) => entries.some((e) => e.id === id)));
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#early = undefined;
      if (!(error instanceof ServiceError)) throw error;
      if (error.code === "offline") return; // it is fetched when the link is back
      this.status = "failed";
      this.problem = error;
    } finally {
      if (turn === this.#turn) this.#fetching = false;
    }
    this.#changed();
    void this.#count();
  }

  /** Fetches the next older ones. */
  async loadMore(): Promise<void> {
    if (this.#fetching || this.#cursor === null) return;
    const turn = this.#turn;
    this.#fetching = true;
    try {
      const page = await this.#page(this.#cursor);
      if (turn !== this.#turn) return;
      const known = new Set(this.entries.map((e) => e.id));
      this.entries = [...this.entries, ...page.entries.filter((e) => !known.has(e.id))];
      this.#cursor = page.next_cursor;
      this.#changed();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (turn === this.#turn && error.code !== "offline") await this.reload(); // the cursor may be too old
    } finally {
      if (turn === this.#turn) this.#fetching = false;
    }
  }

  /** Puts the entries that wait into the list. */
  showNew(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const entry of waiting) this.#insert(entry);
    this.#changed();
  }

  select(ids: Iterable<string>): void {
    this.selected = new Set(ids);
    this.allSelected = false;
    this.#changed();
  }

  toggle(id: string, on = !this.selected.has(id)): void {
    const next = new Set(this.allSelected ? this.entries.map((e) => e.id) : this.selected);
    if (on) next.add(id);
    else next.delete(id);
    this.select(next);
  }

  selectAll(): void {
    this.selected = new Set(this.entries.map((e) => e.id));
    this.allSelected = true;
    this.#changed();
  }

  isSelected(id: string): boolean {
    return this.allSelected || this.selected.has(id);
  }

  get selectedCount(): number {
    return this.allSelected ? (this.total ?? this.entries.length) : this.selected.size;
  }

  /** What is selected, as commands take it. */
  selector(): Selector {
    if (!this.allSelected) return { ids: [...this.selected] };
    return Object.keys(this.filter).length ? { ...this.filter } : { period: "all" };
  }

  async #follow(): Promise<void> {
    if (this.transport.link !== "ready") {
      this.#unsubscribe = undefined;
      this.#changed();
      return;
    }
    try {
      this.#unsubscribe = await this.transport.subscribe<Change>("history/subscribe", {}, (change) => {
        if (this.#early) this.#early.push(change);
        else this.#apply(change);
      });
    } catch {
      return; // the link was lost again
    }
    await this.reload();
  }

  #page(cursor: string | null): Promise<Page> {
    return this.transport.call<Page>("history/list", { ...this.filter, limit: pageSize, ...(cursor ? { cursor } : {}) });
  }

  async #count(): Promise<void> {
    const turn = this.#turn;
    const { outcome, outcomes, ...rest } = this.filter;
    try {
      const stats = await this.transport.call<Stats>("history/stats", rest);
      if (turn !== this.#turn) return;
      this.counts = {};
      for (const s of stats.by) this.counts[s.outcome] = (this.counts[s.outcome] ?? 0) + s.entries;
      const wanted = outcome ? [outcome] : outcomes;
      this.total = wanted ? wanted.reduce((n, o) => n + (this.counts[o] ?? 0), 0) : stats.entries;
      this.#changed();
    } catch {
      // Counts are nice to have; the list says what is wrong.
    }
  }

  #apply(change: Change): void {
    if (change.action === "reset" || (change.action === "updated" && !change.entries)) {
      void this.reload();
      return;
    }
    if (change.action === "deleted") this.#remove(new Set(change.ids));
    for (const entry of change.entries ?? []) {
      const there = this.entries.some((e) => e.id === entry.id);
      if (!this.#matches(entry)) this.#remove(new Set([entry.id]));
      else if (there) this.entries = this.entries.map((e) => (e.id === entry.id ? entry : e));
      else if (this.#beyond(entry)) continue;
      else if (this.hold()) this.waiting = [entry, ...this.waiting.filter((e) => e.id !== entry.id)];
      else this.#insert(entry);
    }
    clearTimeout(this.#counting);
    this.#counting = setTimeout(() => void this.#count(), countDelay);
    this.#changed();
  }

  #remove(ids: ReadonlySet<string>): void {
    this.entries = this.entries.filter((e) => !ids.has(e.id));
    this.waiting = this.waiting.filter((e) => !ids.has(e.id));
    if ([...ids].some((id) => this.selected.has(id))) {
      this.selected = new Set([...this.selected].filter((id) => !ids.has(id)));
      if (!this.selected.size) this.allSelected = false;
    }
  }

  #insert(entry: Entry): void {
    const at = this.entries.findIndex((e) => older(e, entry));
    this.entries = this.entries.toSpliced(at < 0 ? this.entries.length : at, 0, entry);
  }

  /** Whether an entry is older than what has been fetched: it comes with its page. */
  #beyond(entry: Entry): boolean {
    const last = this.entries.at(-1);
    return this.#cursor !== null && last !== undefined && older(entry, last);
  }

  /** The filter as the bridge understands it. */
  #matches(entry: Entry): boolean {
    const f = this.filter;
    const at = Date.parse(entry.at);
    const text = f.text?.toLowerCase();
    return at >= this.#from && at < this.#to
      && (f.satellite === undefined || f.satellite === entry.satellite)
      && (f.outcome === undefined || f.outcome === entry.outcome)
      && (f.outcomes === undefined || f.outcomes.includes(entry.outcome))
      && (f.wake_word === undefined || f.wake_word === entry.wake_word)
      && (f.label === undefined || f.label === entry.label)
      && (f.kept === undefined || f.kept === entry.kept)
      && (text === undefined || entry.transcript.toLowerCase().includes(text) || entry.reply.toLowerCase().includes(text));
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}

/** Whether a comes after b in a list with the newest first. */
function older(a: Entry, b: Entry): boolean {
  const [ta, tb] = [Date.parse(a.at), Date.parse(b.at)];
  return ta < tb || (ta === tb && a.id < b.id);
}
