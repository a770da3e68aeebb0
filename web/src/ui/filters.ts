import { css, html, LitElement, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import { wakeWord, type Clock } from "../core/format";
import { outcomes, type Filter, type Outcome, type Satellite } from "../core/types";
import type { Words } from "../core/words";
import { define } from "./define";
import { icon } from "./icons";
import { controls, tokens } from "./theme";

/** How long somebody types before it is searched, ms. */
const typing = 250;

/** The periods to choose from; the bridge knows their bounds. */
export const periods = ["last_hour", "today", "yesterday", "this_week", "last_7_days", "this_month", "last_30_days"] as const;

/** What restricts the list. It tells of a change by the event "filter", whose detail is the Filter. */
export class Filters extends LitElement {
  @property({ attribute: false }) filter: Filter = {};
  @property({ attribute: false }) satellites: readonly Satellite[] = [];
  @property({ attribute: false }) counts: Partial<Record<Outcome, number>> = {};
  @property({ attribute: false }) words!: Words;
  @property({ attribute: false }) clock!: Clock;
  /** On a phone: the fields beside the search are shown. */
  @state() private expanded = false;
  @state() private custom = false;
  @state() private first = "";
  @state() private last = "";
  #timer?: ReturnType<typeof setTimeout>;

  static override styles = [tokens, controls, css`
    :host {
      display: grid;
      gap: 0.5rem;
    }
    .search {
      position: relative;
      flex: 1 1 14rem;
    }
    .search svg {
      position: absolute;
      inset-inline-start: 0.6rem;
      inset-block-start: 10px;
      color: var(--muted);
    }
    .search input {
      inline-size: 100%;
      padding-inline-start: 2.2rem;
    }
    .chips {
      display: flex;
      gap: 0.4rem;
      overflow-x: auto;
      padding: 3px;
      scrollbar-width: thin;
    }
    .chips button {
      min-block-size: 34px;
      border-radius: 17px;
      white-space: nowrap;
      flex: none;
    }
    .chips svg {
      inline-size: 16px;
      block-size: 16px;
    }
    .toggle {
      display: none;
    }
    @media (max-width: 599px) {
      .toggle {
        display: inline-flex;
      }
      .fields {
        display: none;
      }
      .fields.expanded {
        display: grid;
        inline-size: 100%;
      }
      .fields.expanded select {
        inline-size: 100%;
      }
    }
  `];

  protected override render() {
    const t = this.words.t.bind(this.words);
    const f = this.filter;
    const words = [...new Set([...this.satellites.flatMap((s) => s.wake_words.map((w) => w.id)), ...(f.wake_word ? [f.wake_word] : [])])];
    return html`
      <div class="bar" role="search">
        <div class="search">
          ${icon("search")}
          <input type="search" aria-label=${t("filter.text")} placeholder=${t("filter.text")} .value=${f.text ?? ""} @input=${this.#typed} />
        </div>
        <button class="toggle" aria-expanded=${this.expanded} @click=${() => (this.expanded = !this.expanded)}>${icon("filter")}${t("filter.more")}</button>
        <div class="bar fields ${this.expanded ? "expanded" : ""}">
          <select aria-label=${t("filter.period")} @change=${this.#period}>
            ${this.#option("", t("period.all"), !f.period && !this.custom)}
            ${periods.map((p) => this.#option(p, t(`period.${p}`), f.period === p))}
            ${this.#option("custom", t("period.custom"), this.custom)}
          </select>
          ${this.custom
            ? html`<input type="date" aria-label=${t("filter.first")} .value=${this.first} @change=${this.#dates} data-end="first" />
                <input type="date" aria-label=${t("filter.last")} .value=${this.last} @change=${this.#dates} data-end="last" />`
            : nothing}
          ${this.satellites.length > 1
            ? html`<select aria-label=${t("filter.satellite")} data-key="satellite" @change=${this.#chosen}>
                ${this.#option("", t("filter.any_satellite"), !f.satellite)}
                ${this.satellites.map((s) => this.#option(s.id, s.name, f.satellite === s.id))}
              </select>`
            : nothing}
          ${words.length > 1
            ? html`<select aria-label=${t("filter.wake_word")} data-key="wake_word" @change=${this.#chosen}>
                ${this.#option("", t("filter.any_wake_word"), !f.wake_word)}
                ${words.map((w) => this.#option(w, wakeWord(w), f.wake_word === w))}
              </select>`
            : nothing}
          <select aria-label=${t("filter.mark")} @change=${this.#mark}>
            ${this.#option("", t("filter.any_mark"), f.kept === undefined && !f.label)}
            ${this.#option("kept", t("row.kept"), f.kept === true)}
            ${this.#option("mistake", t("label.mistake"), f.label === "mistake")}
            ${this.#option("correct", t("label.correct"), f.label === "correct")}
          </select>
        </div>
      </div>
      <div class="chips" role="group" aria-label=${t("filter.outcome")}>
        <button aria-pressed=${!f.outcome} @click=${() => this.#set({ outcome: undefined })}>${t("filter.all")}</button>
        ${outcomes
          .filter((o) => this.counts[o] || f.outcome === o)
          .map((o) => html`<button aria-pressed=${f.outcome === o} @click=${() => this.#set({ outcome: f.outcome === o ? undefined : o })}>
            ${icon(o)}${t(`outcome.${o}`)} ${t("number", { n: this.counts[o] ?? 0 })}</button>`)}
      </div>
    `;
  }

  #option(value: string, text: string, selected: boolean) {
    return html`<option value=${value} .selected=${selected}>${text}</option>`;
  }

  #typed = (event: Event): void => {
    clearTimeout(this.#timer);
    const text = (event.target as HTMLInputElement).value.trim();
    this.#timer = setTimeout(() => this.#set({ text: text || undefined }), typing);
  };

  #period = (event: Event): void => {
    const value = (event.target as HTMLSelectElement).value;
    this.custom = value === "custom";
    if (!this.custom) this.#set({ period: value || undefined, from: undefined, to: undefined });
  };

  #dates = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    if (input.dataset["end"] === "first") this.first = input.value;
    else this.last = input.value;
    this.#set({
      period: undefined,
      from: this.first ? this.clock.midnight(this.first) : undefined,
      to: this.last ? this.clock.midnight(this.last, true) : undefined,
    });
  };

  #chosen = (event: Event): void => {
    const select = event.target as HTMLSelectElement;
    this.#set({ [select.dataset["key"]!]: select.value || undefined });
  };

  #mark = (event: Event): void => {
    const value = (event.target as HTMLSelectElement).value;
    this.#set({ kept: value === "kept" || undefined, label: value === "mistake" || value === "correct" ? value : undefined });
  };

  #set(part: Filter): void {
    const filter = Object.fromEntries(Object.entries({ ...this.filter, ...part }).filter(([, v]) => v !== undefined));
    this.dispatchEvent(new CustomEvent("filter", { detail: filter }));
  }
}

define("earshot-filters", Filters);
