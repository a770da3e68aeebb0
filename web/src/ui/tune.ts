import { css, html, LitElement, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import type { Transport } from "../core/transport";
import type { Words } from "../core/words";
import { define } from "./define";
import { explain } from "./explain";
import { controls, tokens } from "./theme";
import { wakeWords } from "./wake-words";

interface Curve {
  current: number;
  curve: { cutoff: number; mistakes_left: number; correct_left: number }[];
}

/** What wake_words/tune answers. */
interface Tuned {
  threshold: Curve;
  second_threshold: Curve | null;
  recommended: { field: "threshold" | "second_threshold"; cutoff: number } | null;
  sentence: string;
}

/** How long hearing 500 recordings may take on a small machine, ms. */
const patience = 15 * 60_000;

/** Says what other cutoffs would have done to the recordings that people have marked, and sets the one that is better. */
export class Tune extends LitElement {
  @property({ attribute: false }) transport!: Transport;
  @property({ attribute: false }) words!: Words;
  @property({ attribute: false }) satellite = "";
  @property({ attribute: false }) word = "";
  @state() private running = false;
  @state() private tuned?: Tuned;
  @state() private problem = "";
  @state() private done = false;

  static override styles = [tokens, controls, css`
    :host {
      display: grid;
      gap: 0.5rem;
      justify-items: start;
    }
    table {
      border-spacing: 1rem 0;
      margin-inline-start: -1rem;
      font-variant-numeric: tabular-nums;
    }
    th {
      font-weight: normal;
    }
    td {
      text-align: end;
    }
  `];

  protected override render() {
    const words = wakeWords(this.words);
    const t = words.t.bind(words);
    const better = this.tuned?.recommended;
    return html`
      <button ?disabled=${this.running} @click=${this.#tune}>${t("tune")}</button>
      <p role="status" ?hidden=${!this.running && !this.tuned && !this.done}>${this.running ? t("tuning") : this.done ? t("tune_done") : this.tuned?.sentence}</p>
      ${this.problem ? html`<p class="bad" role="alert">${this.problem}</p>` : nothing}
      ${better ? html`<button @click=${this.#set}>${t("tune_set", { cutoff: this.#number(better.cutoff) })}</button>` : nothing}
      ${this.tuned ? this.#curve(this.tuned) : nothing}
    `;
  }

  #curve(tuned: Tuned) {
    const words = wakeWords(this.words);
    const { current, curve } = tuned.second_threshold ?? tuned.threshold;
    return html`<details>
      <summary>${words.t("tune_curve")}</summary>
      ${tuned.second_threshold ? html`<p class="muted">${words.t("second")}</p>` : nothing}
      <table>
        <tr><th scope="col">${words.t("cutoff")}</th><th scope="col">${words.t("mistakes_left")}</th><th scope="col">${words.t("correct_left")}</th></tr>
        ${curve.map((p) => html`<tr>
          <th scope="row">${this.#number(p.cutoff)} ${p.cutoff === current ? words.t("now") : p.cutoff === tuned.recommended?.cutoff ? words.t("recommended") : ""}</th>
          <td>${p.mistakes_left}</td><td>${p.correct_left}</td>
        </tr>`)}
      </table>
    </details>`;
  }

  #number(cutoff: number): string {
    return new Intl.NumberFormat(this.words.locale, { minimumFractionDigits: 2 }).format(cutoff);
  }

  #tune = (): Promise<void> =>
    this.#run(async () => {
      this.done = false;
      this.tuned = undefined;
      this.tuned = await this.transport.call<Tuned>("wake_words/tune", { satellite: this.satellite, wake_word: this.word }, patience);
    });

  #set = (): Promise<void> =>
    this.#run(async () => {
      const { field, cutoff } = this.tuned!.recommended!;
      await this.transport.call("wake_words/update", { satellite: this.satellite, wake_word: this.word, [field]: cutoff });
      this.tuned = undefined;
      this.done = true;
    });

  async #run(what: () => Promise<void>): Promise<void> {
    this.running = true;
    this.problem = "";
    try {
      await what();
    } catch (error) {
      this.problem = explain(this.words, error);
    } finally {
      this.running = false;
    }
  }
}

define("earshot-tune", Tune);
