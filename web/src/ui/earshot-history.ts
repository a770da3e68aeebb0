import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { Clock } from "../core/format";
import { HistoryStore } from "../core/history-store";
import type { Transport } from "../core/transport";
import type { Entry, Filter, Receipt, Satellite, Selector, Settings } from "../core/types";
import { Words } from "../core/words";
import { define } from "./define";
import type { DeleteDialog } from "./delete-dialog";
import { explain } from "./explain";
import { icon, type Icon } from "./icons";
import { Player } from "./player";
import { rowStyles } from "./rows";
import { near } from "./sight";
import { controls, tokens } from "./theme";
import { mayDelete, satelliteName, type View } from "./view";
import type { Waveform } from "./waveform";
import "./filters";

/** Rows that are drawn, or not, together. */
const chunkSize = 10;

/** How far from the top the list may be scrolled and still take new rows in, px. */
const atTop = 24;

interface Day {
  day: string;
  count: number;
  chunks: readonly Entry[][];
}

/**
 * The voice history: look through, listen, understand, mark and delete. It needs a transport, and takes words.
 * It tells by the event "earshot-deleted" that something was, with the Receipt.
 */
export class EarshotHistory extends LitElement {
  @property({ attribute: false }) transport!: Transport;
  @property({ attribute: false }) words = new Words();
  @state() private satellites: readonly Satellite[] = [];
  /** Satellites that save nothing. */
  @state() private paused: readonly string[] = [];
  @state() private active = "";
  @state() private open = "";
  @state() private selecting = false;
  @state() private problem = "";
  @state() private said = "";
  @query("earshot-delete-dialog") private dialog!: DeleteDialog;

  private store!: HistoryStore;
  private player!: Player;
  private clock!: Clock;
  #days: { of?: readonly Entry[]; clock?: Clock; list: Day[] } = { list: [] };
  #anchor = ""; // where a range of selected rows begins
  #unwatch?: () => void;
  #end = new IntersectionObserver((seen) => seen.at(-1)?.isIntersecting && void this.store.loadMore(), near("1500px"));
  #ended?: readonly Entry[]; // the list of which the end is observed

  static override styles = [tokens, controls, rowStyles, css`
    :host {
      display: block;
    }
    .top {
      position: sticky;
      inset-block-start: var(--earshot-sticky, 0);
      z-index: 2;
      padding-block: 0.5rem;
      background: var(--surface);
      border-block-end: 1px solid var(--line);
    }
    .selection {
      min-block-size: 40px;
    }
    .selection strong {
      min-inline-size: max-content;
    }
    .link, .note-line {
      padding: 0.3rem 0.5rem;
      color: var(--warn);
    }
    .pill {
      position: sticky;
      inset-block-start: calc(var(--earshot-sticky, 0px) + 7rem);
      z-index: 1;
      display: flex;
      inline-size: fit-content;
      margin: 0.5rem auto;
      border-radius: 20px;
      background: var(--accent);
      color: var(--on-accent);
      border-color: transparent;
    }
    h3 {
      display: flex;
      justify-content: space-between;
      align-items: baseline;
      padding: 1rem 0.5rem 0.25rem;
      font-size: 1rem;
    }
    h3 span {
      font-weight: 400;
      font-size: 0.875rem;
      color: var(--muted);
    }
    .note {
      display: grid;
      justify-items: center;
      gap: 0.8rem;
      padding: 3rem 1rem;
      text-align: center;
    }
    .grey {
      block-size: 96px;
      margin: 0.5rem;
      border-radius: 0.6rem;
      background: var(--raised);
      opacity: 0;
      animation: appear 0.2s 0.3s forwards;
    }
    @keyframes appear {
      to {
        opacity: 1;
      }
    }
    @media (prefers-reduced-motion: reduce) {
      .grey {
        opacity: 1;
      }
    }
    .only-phone {
      display: none;
    }
    @media (max-width: 599px) {
      .only-phone {
        display: inline-flex;
      }
      .not-phone {
        display: none;
      }
      .selection .all {
        order: 1;
      }
      .selection {
        position: fixed;
        inset-inline: 0;
        inset-block-end: 0;
        z-index: 3;
        padding: 0.5rem;
        background: var(--surface);
        border-block-start: 1px solid var(--line);
      }
    }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.#begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.store.stop();
    this.player.stop();
    this.#unwatch?.();
    this.#end.disconnect();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!this.hasUpdated) this.#begin();
    if (!this.clock || changed.has("words")) this.clock = new Clock(this.words, this.transport.timeZone);
  }

  #begin(): void {
    this.store = new HistoryStore(this.transport, () => this.#busy());
    this.player = new Player(this.transport);
    this.store.addEventListener("change", () => {
      this.requestUpdate();
      if (this.player.current && this.store.status === "ready" && !this.store.entries.some((e) => e.id === this.player.current)) this.player.stop();
    });
    this.player.addEventListener("change", () => this.requestUpdate());
    this.player.addEventListener("progress", () => this.#progress());
    this.#unwatch = this.transport.watch(() => void this.#connected());
    void this.#connected();
    this.store.start();
  }

  async #connected(): Promise<void> {
    if (this.transport.link !== "ready") return;
    this.clock = new Clock(this.words, this.transport.timeZone);
    try {
      this.satellites = (await this.transport.call<{ satellites: Satellite[] }>("satellites/list")).satellites;
      const { satellites } = await this.transport.call<Settings>("settings/get");
      this.paused = satellites.filter((s) => s.save === "nothing").map((s) => s.satellite);
    } catch {
      // Their ids stand for their names then.
    }
  }

  /** Whether a new row would disturb: the list is scrolled down, or somebody listens, reads or selects. */
  #busy(): boolean {
    const top = this.renderRoot.querySelector(".list")?.getBoundingClientRect().top ?? 0;
    const bar = this.renderRoot.querySelector(".top")?.getBoundingClientRect().bottom ?? 0;
    return top < bar - atTop || this.player.playing || this.selecting || this.store.selectedCount > 0 || this.open !== "";
  }

  #progress(): void {
    const wave = this.#rowOf(this.player.current)?.querySelector<Waveform>("earshot-waveform");
    if (wave) wave.position = this.player.position;
  }

  #rowOf(id: string): HTMLElement | null {
    return id ? this.renderRoot.querySelector(`[data-id="${CSS.escape(id)}"]`) : null;
  }

  protected override render() {
    const t = this.words.t.bind(this.words);
    const { store } = this;
    const online = this.transport.link === "ready";
    const active = store.entries.some((e) => e.id === this.active) ? this.active : (store.entries[0]?.id ?? "");
    const view: View = {
      words: this.words, clock: this.clock, store, player: this.player, role: this.transport.role, online,
      satellites: this.satellites, active, open: this.open,
    };
    const selecting = this.selecting || store.selectedCount > 0;
    return html`
      <div class="top">
        ${selecting ? this.#selectionBar(online) : nothing}
        <div ?hidden=${selecting && !phone.matches}>
          <earshot-filters .filter=${store.filter} .satellites=${this.satellites} .counts=${store.counts} .words=${this.words} .clock=${this.clock}
            @filter=${(e: CustomEvent<Filter>) => store.setFilter(e.detail)}></earshot-filters>
          ${mayDelete(this.transport.role)
            ? html`<div class="bar">
                <span class="grow muted" role="status">${store.total === undefined ? "" : t("list.count", { n: store.total })}</span>
                <button class="only-phone" @click=${() => (this.selecting = true)}>${t("select.begin")}</button>
                <button @click=${() => void this.#ask((dialog) => dialog.choose())} ?disabled=${!online}>${icon("delete")}${t("delete.open")}</button>
              </div>`
            : nothing}
        </div>
        ${this.transport.link === "offline" || this.transport.link === "connecting" ? html`<p class="link" role="status">${t("link.offline")}</p>` : nothing}
        ${this.paused.length ? html`<p class="note-line" role="status">${this.#pausedText()}</p>` : nothing}
        ${this.problem ? html`<p class="bad" role="alert">${this.problem}</p>` : nothing}
      </div>
      ${store.waiting.length
        ? html`<button class="pill" @click=${this.#showNew}>${icon("up")}${t("list.new", { n: store.waiting.length })}</button>`
        : nothing}
      <div class="list ${selecting ? "selecting" : ""}" @click=${this.#click} @keydown=${this.#key} @focusin=${this.#focused} @seek=${{ handleEvent: this.#seek, capture: true }}>
        ${store.entries.length
          ? repeat(this.#grouped(), (d) => d.day, (d, day) => html`
              <section aria-labelledby=${`day-${d.day}`}>
                <h3 id=${`day-${d.day}`}>${this.clock.dayName(d.day)}</h3>
                ${d.chunks.map((c, i) => html`<earshot-rows .entries=${c} .view=${view} .first=${day + i === 0}></earshot-rows>`)}
              </section>`)
          : this.#instead()}
        ${store.entries.length && store.more ? html`<div class="grey" role="status" aria-label=${t("list.loading")}></div>` : nothing}
        <div id="end"></div>
      </div>
      <p class="heard" aria-live="polite">${this.said}</p>
      <earshot-delete-dialog .transport=${this.transport} .words=${this.words} .clock=${this.clock} .satellites=${this.satellites}
        @earshot-deleted=${this.#deleted}></earshot-delete-dialog>
    `;
  }

  protected override updated(): void {
    if (this.#ended === this.store.entries) return;
    this.#ended = this.store.entries;
    // Anew, as it is told only of what changes: the end may be as near as before.
    const end = this.renderRoot.querySelector("#end")!;
    this.#end.unobserve(end);
    this.#end.observe(end);
  }

  #pausedText(): string {
    if (this.paused.length === this.satellites.length) return this.words.t("list.paused");
    return this.words.t("list.paused_at", { names: this.paused.map((id) => satelliteName(this.satellites, id)).join(", ") });
  }

  /** What stands where the list would be. */
  #instead(): TemplateResult {
    const t = this.words.t.bind(this.words);
    const { store } = this;
    if (store.status === "failed") {
      return html`<div class="note" role="alert"><p>${explain(this.words, store.problem)}</p><button @click=${() => void store.reload()}>${t("again")}</button></div>`;
    }
    if (store.status === "loading") {
      return html`<div role="status" aria-label=${t("list.loading")}><div class="grey"></div><div class="grey"></div><div class="grey"></div></div>`;
    }
    if (Object.keys(store.filter).length) {
      return html`<div class="note"><p>${t("list.no_match")}</p><button @click=${() => store.setFilter({})}>${t("filter.clear")}</button></div>`;
    }
    const word = this.satellites.flatMap((s) => s.wake_words)[0];
    return html`<div class="note"><p>${word ? t("list.empty_word", { word: word.phrase }) : t("list.empty")}</p><slot name="empty"></slot></div>`;
  }

  #selectionBar(online: boolean): TemplateResult {
    const t = this.words.t.bind(this.words);
    const { store } = this;
    const n = store.selectedCount;
    return html`<div class="bar selection" role="toolbar" aria-label=${t("select.toolbar")}>
      <button class="icon" aria-label=${t("select.end")} @click=${this.#endSelection}>${icon("close")}</button>
      <strong class="grow" role="status">${t("select.count", { n })}</strong>
      ${!store.allSelected && store.total !== undefined && store.total > n
        ? html`<button class="all" @click=${() => store.selectAll()}>${t("select.all", { n: store.total })}</button>`
        : nothing}
      ${this.#selectionButton("mistake", t("label.mistake"), !n || !online, () => void this.#mark({ label: "mistake" }))}
      ${this.#selectionButton("keep", t("details.keep"), !n || !online, () => void this.#mark({ kept: true }))}
      ${this.#selectionButton("delete", t("delete.open"), !n || !online, () => this.#confirm(store.selector()), "danger")}
    </div>`;
  }

  /** Has the dialog ask, which is fetched when it is wanted. */
  async #ask(by: (dialog: DeleteDialog) => void): Promise<void> {
    this.problem = "";
    try {
      await import("./delete-dialog");
    } catch {
      this.problem = this.words.t("error.part");
      return;
    }
    await this.dialog.updateComplete;
    by(this.dialog);
  }

  #confirm(selector: Selector): void {
    void this.#ask((dialog) => dialog.confirm(selector));
  }

  /** On a phone only its icon is shown. */
  #selectionButton(name: Icon, text: string, disabled: boolean, act: () => void, kind = ""): TemplateResult {
    return html`<button class=${kind} aria-label=${text} ?disabled=${disabled} @click=${act}>${icon(name)}<span class="not-phone">${text}</span></button>`;
  }

  #grouped(): Day[] {
    const { entries } = this.store;
    if (this.#days.of === entries && this.#days.clock === this.clock) return this.#days.list;
    const before = new Map(this.#days.list.flatMap((d) => d.chunks.map((c) => [c[0]!.id, c] as const)));
    const byDay = new Map<string, Entry[]>();
    for (const e of entries) {
      const day = this.clock.day(e.at);
      const list = byDay.get(day);
      if (list) list.push(e);
      else byDay.set(day, [e]);
    }
    const list = [...byDay].map(([day, all]) => {
      const chunks: Entry[][] = [];
      for (let i = 0; i < all.length; i += chunkSize) {
        const chunk = all.slice(i, i + chunkSize);
        const old = before.get(chunk[0]!.id);
        // The same array where nothing has changed, so that nothing is drawn anew.
        chunks.push(old?.length === chunk.length && old.every((e, k) => e === chunk[k]) ? old : chunk);
      }
      return { day, count: all.length, chunks };
    });
    this.#days = { of: entries, clock: this.clock, list };
    return list;
  }

  #click = (event: Event): void => {
    const target = event.target as HTMLElement;
    const id = target.closest<HTMLElement>("[data-id]")?.dataset["id"];
    const action = target.closest<HTMLElement>("[data-do]")?.dataset["do"];
    if (!id) return;
    this.active = id;
    if (action) this.#act(action, id, event as MouseEvent);
    else if (this.selecting && !target.closest("earshot-waveform")) this.store.toggle(id);
  };

  #act(action: string, id: string, event?: MouseEvent): void {
    const entry = this.store.entries.find((e) => e.id === id);
    if (!entry) return;
    switch (action) {
      case "select":
        if (event?.shiftKey && this.#anchor) this.#selectTo(id);
        else {
          this.store.toggle(id);
          this.#anchor = id;
        }
        break;
      case "play":
        void this.player.toggle(id);
        break;
      case "details":
        this.open = this.open === id ? "" : id;
        break;
      case "delete":
        this.#confirm({ ids: [id], ...(entry.kept ? { include_kept: true } : {}) });
        break;
      case "keep":
        void this.#update({ ids: [id] }, { kept: !entry.kept });
        break;
      case "correct":
      case "mistake":
        void this.#update({ ids: [id] }, { label: entry.label === action ? "none" : action });
        break;
      case "download":
        void this.#download(id);
        break;
    }
  }

  #selectTo(id: string): void {
    const ids = this.store.entries.map((e) => e.id);
    const [a, b] = [ids.indexOf(this.#anchor), ids.indexOf(id)].sort((x, y) => x - y) as [number, number];
    if (a >= 0) this.store.select([...this.store.selected, ...ids.slice(a, b + 1)]);
  }

  #key = (event: KeyboardEvent): void => {
    const target = event.composedPath()[0] as HTMLElement;
    if (target.closest("dialog") || event.altKey || event.metaKey) return;
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-id]");
    const id = row?.dataset["id"];
    if (!id) return;
    const onRow = event.target === row;
    const change = mayDelete(this.transport.role);
    const act = (() => {
      if (event.ctrlKey) return event.key === "a" && change ? () => this.store.selectAll() : undefined;
      switch (event.key) {
        case "ArrowDown":
        case "ArrowUp":
        case "j":
        case "k":
          return () => this.#move(id, event.key === "ArrowDown" || event.key === "j" ? 1 : -1, event.shiftKey && change);
        case "p":
          return () => this.#act("play", id);
        case " ":
          return onRow && change ? () => this.#act("select", id) : undefined;
        case "Enter":
          return onRow ? () => this.#act("details", id) : undefined;
        case "Delete":
          if (!change) return undefined;
          return () => (this.store.selectedCount ? this.#confirm(this.store.selector()) : this.#act("delete", id));
        case "Escape":
          return () => {
            if (this.store.selectedCount || this.selecting) this.#endSelection();
            else this.open = "";
          };
        default:
          return undefined;
      }
    })();
    if (!act) return;
    event.preventDefault();
    act();
  };

  #move(from: string, by: number, select: boolean): void {
    const { entries } = this.store;
    const at = entries.findIndex((e) => e.id === from);
    const to = entries[at + by];
    if (!to) return;
    if (select) {
      if (!this.store.selectedCount) this.#anchor = from;
      this.#selectTo(to.id);
    }
    this.active = to.id;
    void this.updateComplete.then(() => {
      const row = this.#rowOf(to.id);
      row?.focus({ preventScroll: true });
      row?.scrollIntoView({ block: "nearest" });
    });
  }

  #focused = (event: FocusEvent): void => {
    const id = (event.target as HTMLElement).closest<HTMLElement>("[data-id]")?.dataset["id"];
    if (id) this.active = id;
  };

  #seek = (event: Event): void => {
    const id = (event.target as HTMLElement).closest<HTMLElement>("[data-id]")?.dataset["id"];
    if (id) void this.player.seek(id, (event as CustomEvent<number>).detail);
  };

  #showNew = (): void => {
    this.store.showNew();
    this.scrollIntoView({ block: "start" });
  };

  #endSelection = (): void => {
    this.selecting = false;
    this.store.select([]);
  };

  async #mark(update: object): Promise<void> {
    const { ids, ...match } = this.store.selector();
    if (await this.#update(ids ? { ids } : { match }, update)) this.#endSelection();
  }

  async #update(which: object, update: object): Promise<boolean> {
    this.problem = "";
    try {
      await this.transport.call("history/update", { ...which, ...update });
      return true;
    } catch (error) {
      this.problem = explain(this.words, error);
      return false;
    }
  }

  async #download(id: string): Promise<void> {
    this.problem = "";
    try {
      const { url } = await this.transport.call<{ url: string }>("clips/sign", { entry_id: id });
      const link = document.createElement("a");
      link.href = this.transport.url(url, true);
      link.download = "";
      link.click();
    } catch (error) {
      this.problem = explain(this.words, error);
    }
  }

  #deleted = (event: CustomEvent<Receipt>): void => {
    this.#endSelection();
    this.said = this.words.t("receipt.title", { n: event.detail.deleted });
  };
}

const phone = matchMedia("(max-width: 599px)");

define("earshot-history", EarshotHistory);
