import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { bytes, duration, type Clock } from "../core/format";
import { ServiceError, type Transport } from "../core/transport";
import type { Outcome, Preview, Receipt, Satellite, Selector, What } from "../core/types";
import type { Words } from "../core/words";
import { define } from "./define";
import { periods } from "./filters";
import { controls, dialog, tokens } from "./theme";
import { explain } from "./explain";

type Stage = "choose" | "confirm" | "working" | "done";

/** What people want to be rid of most. */
const dismissable: Outcome[] = ["not_intended", "failed", "cancelled"];

/**
 * Deletes in three steps: what, the statement of what goes, the receipt. What was stated is what goes: the bridge deletes by the preview's token.
 * It dispatches "earshot-deleted" when something was, with the Receipt, and "earshot-asks" before the statement: whoever cancels that makes it elsewhere.
 */
export class DeleteDialog extends LitElement {
  @property({ attribute: false }) transport!: Transport;
  @property({ attribute: false }) words!: Words;
  @property({ attribute: false }) clock!: Clock;
  @property({ attribute: false }) satellites: readonly Satellite[] = [];

  @state() private stage: Stage = "choose";
  @state() private selector: Selector = {};
  @state() preview?: Preview;
  @state() receipt?: Receipt;
  @state() private problem = "";
  @state() private custom = false;
  @state() private first = "";
  @state() private last = "";
  @query("dialog") private dialog!: HTMLDialogElement;
  /** Resolves when the preview is there, or cannot be. */
  counted?: Promise<void>;
  #turn = 0;
  chosen = false; // it began with the choice of a period

  static override styles = [tokens, controls, dialog, css`
    fieldset {
      display: grid;
      grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr));
      gap: 0 1rem;
      margin: 0;
      padding: 0;
      border: 0;
    }
    legend {
      padding: 0;
      font-weight: 600;
    }
    ul {
      padding-inline-start: 1.2rem;
    }
    code {
      overflow-wrap: anywhere;
    }
  `];

  /** Asks for a period and the rest. */
  choose(): void {
    this.chosen = true;
    this.custom = false;
    this.#begin({ period: "today" }, "choose");
  }

  /** States what deleting a selection means, and asks. */
  confirm(selector: Selector): void {
    this.chosen = false;
    this.#begin(selector, "confirm");
  }

  #begin(selector: Selector, stage: Stage): void {
    this.selector = selector;
    this.stage = stage;
    this.receipt = undefined;
    this.counted = this.#look();
    if (stage === "choose") this.show();
    else this.#ask();
  }

  #ask(): void {
    if (this.#tell("earshot-asks", this)) this.show();
    else this.dialog.close();
  }

  #tell(what: string, detail: unknown): boolean {
    return this.dispatchEvent(new CustomEvent(what, { detail, bubbles: true, composed: true, cancelable: true }));
  }

  /** Shows itself as it is: a question, or what has become of it. */
  show(): void {
    void this.updateComplete.then(() => {
      if (!this.dialog.open) this.dialog.showModal();
      this.dialog.querySelector("h2")!.focus();
    });
  }

  /** Asks the bridge what would go. */
  async #look(): Promise<void> {
    const turn = ++this.#turn;
    this.problem = "";
    this.preview = undefined;
    if (this.custom && !this.selector.from && !this.selector.to) return;
    try {
      const preview = await this.transport.call<Preview>("history/delete_preview", this.selector);
      if (turn === this.#turn) this.preview = preview;
    } catch (error) {
      if (turn === this.#turn) this.problem = explain(this.words, error);
    }
  }

  /** Deletes what was stated. The receipt is there afterwards, or show tells the problem. */
  async delete(): Promise<void> {
    const token = this.preview?.token;
    if (!token) return;
    this.stage = "working";
    try {
      this.receipt = await this.transport.call<Receipt>("history/delete", { token });
      this.stage = "done";
      this.#tell("earshot-deleted", this.receipt);
    } catch (error) {
      // The token is used up or too old: what would go now is stated anew.
      this.stage = "confirm";
      await this.#look();
      this.problem = error instanceof ServiceError && error.code === "not_found" && this.preview ? this.words.t("delete.again") : explain(this.words, error);
    }
  }

  protected override render() {
    const stages = { choose: this.#choice, confirm: this.#statement, working: this.#statement, done: this.#done };
    return html`<dialog aria-labelledby="title" @cancel=${this.#cancel}>
      <form @submit=${this.#submit}>${stages[this.stage].call(this)}</form>
    </dialog>`;
  }

  #choice(): TemplateResult {
    const t = this.words.t.bind(this.words);
    const s = this.selector;
    const radio = (value: string, text: string, checked: boolean) => html`
      <label class="choice"><input type="radio" name="period" value=${value} .checked=${checked} @change=${this.#period} />${text}</label>`;
    return html`
      <h2 id="title" tabindex="-1">${t("delete.title")}</h2>
      <fieldset>
        <legend>${t("filter.period")}</legend>
        ${periods.map((p) => radio(p, t(`period.${p}`), s.period === p))} ${radio("all", t("period.all"), s.period === "all")}
        ${radio("custom", t("period.custom"), this.custom)}
      </fieldset>
      ${this.custom
        ? html`<div class="bar">
            <label>${t("filter.first")} <input type="date" data-end="first" .value=${this.first} @change=${this.#dates} /></label>
            <label>${t("filter.last")} <input type="date" data-end="last" .value=${this.last} @change=${this.#dates} /></label>
          </div>`
        : nothing}
      <fieldset>
        <legend>${t("delete.only")}</legend>
        ${dismissable.map((o) => html`<label class="choice"><input type="checkbox" value=${o} .checked=${s.outcomes?.includes(o) ?? false}
          @change=${this.#outcome} />${t(`outcome.${o}`)}</label>`)}
      </fieldset>
      <div class="bar">
        ${this.satellites.length > 1
          ? html`<select aria-label=${t("filter.satellite")} @change=${(e: Event) => this.#set({ satellite: value(e) || undefined })}>
              <option value="">${t("filter.any_satellite")}</option>
              ${this.satellites.map((x) => html`<option value=${x.id} .selected=${s.satellite === x.id}>${x.name}</option>`)}
            </select>`
          : nothing}
        <select aria-label=${t("delete.what")} @change=${(e: Event) => this.#set({ what: value(e) as What })}>
          ${(["all", "audio", "text"] as const).map((w) => html`<option value=${w} .selected=${(s.what ?? "all") === w}>${t(`what.${w}`)}</option>`)}
        </select>
      </div>
      <label class="choice"><input type="checkbox" .checked=${s.include_kept ?? false}
        @change=${(e: Event) => this.#set({ include_kept: (e.target as HTMLInputElement).checked || undefined })} />${t("delete.include_kept")}</label>
      <p role="status">${this.#summary()}</p>
      ${this.#trouble()}
      <div class="bar buttons">
        <button type="button" @click=${this.#cancel}>${t("cancel")}</button>
        <button class="danger" ?disabled=${!this.preview?.count}>${t("delete.next", { n: this.preview?.count ?? 0 })}</button>
      </div>`;
  }

  #statement(): TemplateResult {
    const t = this.words.t.bind(this.words);
    const p = this.preview;
    const working = this.stage === "working";
    return html`
      <h2 id="title" tabindex="-1">${p ? t("delete.question", { n: p.count }) : t("delete.title")}</h2>
      ${this.statement().map((line) => html`<p role="status">${line}</p>`)}
      ${this.#trouble()}
      <div class="bar buttons">
        <button type="button" ?disabled=${working} @click=${this.back}>${t(this.chosen ? "back" : "cancel")}</button>
        <button class="danger" ?disabled=${working || !p || (!p.count && !p.in_progress)}>${working ? t("delete.working") : t("delete.do", { n: p?.count ?? 0 })}</button>
      </div>`;
  }

  #done(): TemplateResult {
    const t = this.words.t.bind(this.words);
    const r = this.receipt!;
    return html`
      <h2 id="title" tabindex="-1">${t("receipt.title", { n: r.deleted })}</h2>
      <p>${t("receipt.size", { length: duration(this.words, r.seconds * 1000), size: bytes(this.words, r.bytes) })}</p>
      ${r.kept_skipped ? html`<p>${t("delete.kept", { n: r.kept_skipped })}</p>` : nothing}
      ${r.in_progress_discarded ? html`<p>${t("receipt.discarded", { n: r.in_progress_discarded })}</p>` : nothing}
      ${r.failed_count ? html`<p class="bad">${t("receipt.failed", { n: r.failed_count })}</p>` : nothing}
      ${r.remains.length ? html`<p>${t("receipt.remains")}</p><ul>${r.remains.map((x) => html`<li>${x}</li>`)}</ul>` : nothing}
      <p class="muted">${t("receipt.id")} <code>${r.receipt}</code></p>
      <div class="bar buttons"><button class="main">${t("close")}</button></div>`;
  }

  /** What goes, and what that costs, in sentences. */
  statement(): string[] {
    const t = this.words.t.bind(this.words);
    const { what = "all" } = this.selector;
    const p = this.preview;
    const lines = [this.#summary()];
    if (p?.count) {
      lines.push(t(`delete.cost.${what}`));
      if (what !== "text") lines.push(t("delete.cost.tune"));
    }
    if (p?.in_progress) lines.push(t("delete.in_progress", { n: p.in_progress }));
    return lines;
  }

  #summary(): string {
    const t = this.words.t.bind(this.words);
    const p = this.preview;
    if (!p) return this.problem || this.custom ? "" : t("delete.counting");
    const kept = p.kept ? ` ${t("delete.kept", { n: p.kept })}` : "";
    if (!p.count) return t("delete.none") + kept;
    return t("delete.summary", {
      n: p.count, length: duration(this.words, p.seconds * 1000), size: bytes(this.words, p.bytes),
      oldest: p.oldest ? this.clock.dateTime(p.oldest) : "", newest: p.newest ? this.clock.dateTime(p.newest) : "",
    }) + kept;
  }

  #trouble() {
    return this.problem ? html`<p class="bad" role="alert">${this.problem}</p>` : nothing;
  }

  #set(part: Selector): void {
    this.selector = Object.fromEntries(Object.entries({ ...this.selector, ...part }).filter(([, v]) => v !== undefined));
    void this.#look();
  }

  #period = (event: Event): void => {
    const period = value(event);
    this.custom = period === "custom";
    this.#set({ period: this.custom ? undefined : period, from: undefined, to: undefined });
    if (this.custom) this.#range();
  };

  #dates = (event: Event): void => {
    if ((event.target as HTMLElement).dataset["end"] === "first") this.first = value(event);
    else this.last = value(event);
    this.#range();
  };

  #range(): void {
    this.#set({
      from: this.first ? this.clock.midnight(this.first) : undefined,
      to: this.last ? this.clock.midnight(this.last, true) : undefined,
    });
  }

  #outcome = (event: Event): void => {
    const box = event.target as HTMLInputElement;
    const chosen = new Set(this.selector.outcomes);
    if (box.checked) chosen.add(box.value as Outcome);
    else chosen.delete(box.value as Outcome);
    this.#set({ outcomes: chosen.size ? [...chosen] : undefined });
  };

  /** Goes back to the choice, or ends where there was none. */
  back = (): void => {
    if (this.chosen) this.#begin(this.selector, "choose");
    else this.#cancel();
  };

  #cancel = (event?: Event): void => {
    event?.preventDefault();
    if (this.stage === "working") return;
    this.#turn++;
    this.dialog.close();
  };

  #submit = (event: Event): void => {
    event.preventDefault();
    if (this.stage === "done") this.dialog.close();
    else if (this.stage === "confirm") void this.delete().then(() => this.show());
    else if (this.stage === "choose" && this.preview?.count) {
      this.stage = "confirm";
      this.#ask();
    }
  };
}

const value = (event: Event): string => (event.target as HTMLInputElement | HTMLSelectElement).value;

define("earshot-delete-dialog", DeleteDialog);
