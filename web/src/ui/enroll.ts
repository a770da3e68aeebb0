import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { percent } from "../core/format";
import { ServiceError, type Transport } from "../core/transport";
import type { Words } from "../core/words";
import { define } from "./define";
import { enrollWords } from "./enroll-words";
import { explain } from "./explain";
import { icon } from "./icons";
import { controls, dialog, tokens } from "./theme";

/** What wake_words/enroll answers. */
interface Begun {
  enrolment: string;
  wake_word: string;
  /** Recordings that the word takes, and that it should be made from. */
  least: number;
  good: number;
}

/** What wake_words/record answers. */
interface Sample {
  number: number;
  level_dbfs: number;
  noise_dbfs: number;
  clipped: boolean;
}

/** What wake_words/finish answers, as far as it is shown. Shares are 0..1. */
interface Made {
  wake_word: string;
  false_accepts: number;
  missed_quiet: number;
  missed_noise: number;
  unlike: number[];
  kept: number;
  sentence: string;
}

/** How long making a word may take on a small machine, ms. */
const patience = 15 * 60_000;

/** Where the level meters begin, dBFS: a quiet room. */
const quiet = -70;

/** From where people speak, for the thirds of the recordings: words that were said in one way only are heard in that way only. */
const ways = ["near", "usual", "far"] as const;

/** Makes a wake word of the household's own from what people say to a satellite. Whatever ends it makes the bridge forget the recordings. */
export class Enroll extends LitElement {
  @property({ attribute: false }) transport!: Transport;
  @property({ attribute: false }) words!: Words;
  @property({ attribute: false }) satellite = "";
  /** What the microphone hears now, dBFS. */
  @property({ attribute: false }) level = quiet;
  @state() private phrase = "";
  @state() private replace = false;
  @state() private keep = false;
  /** The bridge did not want to begin; there may be such a word. */
  @state() private refused = false;
  @state() private begun?: Begun;
  @state() private samples: readonly Sample[] = [];
  @state() private made?: Made;
  @state() private doing: "" | "starting" | "listening" | "undoing" | "making" = "";
  @state() private problem = "";
  @state() private copied = false;
  /** What is told after it was closed. */
  @state() private told = "";
  @query("dialog") private dialog!: HTMLDialogElement;
  #end?: () => void;
  #unwatch?: () => void;
  #turn = 0; // answers of an earlier one come too late

  static override styles = [tokens, controls, dialog, css`
    label.field {
      display: grid;
      gap: 0.2rem;
    }
    #record {
      min-block-size: 4rem;
      font-size: 1.2rem;
    }
    meter, progress {
      inline-size: 100%;
    }
    ol {
      display: grid;
      gap: 0.5rem;
      margin: 0;
      padding-inline-start: 1.6rem;
      max-block-size: 30vh;
      overflow-y: auto;
    }
    .level {
      display: grid;
      grid-template-columns: 4rem minmax(0, 1fr) 5rem;
      align-items: center;
      gap: 0.5rem;
      font-size: 0.9rem;
      line-height: 1.2;
    }
    .number {
      text-align: end;
    }
    .warn {
      color: var(--warn);
    }
    input[readonly] {
      flex: 1 1 16rem;
      font-family: monospace;
    }
  `];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#leave();
  }

  /** Asks for the word. */
  async open(): Promise<void> {
    await this.updateComplete;
    this.#unwatch?.();
    this.#unwatch = this.transport.watch(this.#follow);
    addEventListener("beforeunload", this.#warn);
    this.#begin("", false);
    this.keep = false;
    this.told = "";
    this.dialog.showModal();
    this.#focus("#word");
  }

  #begin(phrase: string, replace: boolean): void {
    this.#forget();
    this.phrase = phrase;
    this.replace = this.refused = replace;
    this.made = undefined;
    this.problem = "";
  }

  /** Ends the subscription, if there is one: the bridge forgets the recordings. */
  #forget(): void {
    this.#turn++;
    this.#end?.();
    this.#end = undefined;
    this.begun = undefined;
    this.samples = [];
    this.doing = "";
  }

  #leave(): void {
    this.#forget();
    this.#unwatch?.();
    removeEventListener("beforeunload", this.#warn);
  }

  #warn = (event: Event): void => {
    if (this.samples.length) event.preventDefault();
  };

  #follow = (): void => {
    if (this.transport.link === "ready" || !this.begun) return;
    const t = enrollWords(this.words);
    this.problem = t.t("lost") + (this.doing === "making" ? ` ${t.t("unsure")}` : "");
    this.#forget();
    this.#focus("#word");
  };

  #start = (): Promise<void> =>
    this.#do("starting", async (current) => {
      let begun: Begun | undefined;
      this.phrase = this.phrase.trim();
      const fields = { satellite: this.satellite, phrase: this.phrase, replace: this.replace };
      this.refused = this.replace;
      const end = await this.transport.subscribe<never, Begun>("wake_words/enroll", fields, () => {}, (answer) => (begun = answer));
      if (!current()) return end();
      this.#end = end;
      this.begun = begun;
      this.#focus("#record");
    });

  #record = (): Promise<void> =>
    this.#do("listening", async (current) => {
      const sample = await this.transport.call<Sample>("wake_words/record", { enrolment: this.begun!.enrolment });
      if (current()) this.samples = [...this.samples, sample];
    });

  #undo = (): Promise<void> =>
    this.#do("undoing", async (current) => {
      const left = await this.transport.call<{ samples: number }>("wake_words/undo", { enrolment: this.begun!.enrolment });
      if (current()) this.samples = this.samples.slice(0, left.samples);
      this.#focus("#record");
    });

  #make = (): Promise<void> =>
    this.#do("making", async (current) => {
      this.#focus("h2");
      const made = await this.transport.call<Made>("wake_words/finish", { enrolment: this.begun!.enrolment, keep: this.keep }, patience);
      if (!current()) return;
      this.#forget();
      this.made = made;
      this.copied = false;
      this.#focus("h2");
    });

  /** Does one thing at a time, and explains what went wrong unless all is over by then. */
  async #do(doing: Enroll["doing"], what: (current: () => boolean) => Promise<void>): Promise<void> {
    if (this.doing) return;
    const turn = this.#turn;
    const current = () => turn === this.#turn;
    this.doing = doing;
    this.problem = "";
    try {
      await what(current);
    } catch (error) {
      if (!current()) return;
      this.problem = explain(this.words, error);
      this.refused ||= !this.begun && (error as ServiceError).code === "not_allowed";
      if ((error as ServiceError).code === "not_found") this.#forget(); // the bridge knows it no more
      this.#focus(this.begun ? "#record" : "#word");
    } finally {
      if (current()) this.doing = "";
    }
  }

  #focus(what: string): void {
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(what)?.focus());
  }

  #submit = (event: Event): void => {
    event.preventDefault();
    if (this.made) this.dialog.close();
    else if (this.begun) void this.#record();
    else if (this.phrase.trim()) void this.#start();
  };

  #cancel = (event: Event): void => {
    event.preventDefault();
    if (this.doing !== "making") this.dialog.close();
  };

  /** Also when the browser closes it without asking. */
  #closed = (): void => {
    if (this.begun) this.told = enrollWords(this.words).t(this.doing === "making" ? "unsure" : "closed");
    this.#leave();
  };

  protected override render() {
    return html`
      <p role="status" ?hidden=${!this.told}>${this.told}</p>
      <dialog aria-labelledby="title" @cancel=${this.#cancel} @close=${this.#closed}>
        <form @submit=${this.#submit}>${this.made ? this.#result(this.made) : this.begun ? this.#recordings(this.begun) : this.#choice()}</form>
      </dialog>
    `;
  }

  #choice(): TemplateResult {
    const own = enrollWords(this.words);
    const t = own.t.bind(own);
    return html`
      <h2 id="title" tabindex="-1">${t("title")}</h2>
      <p>${t("about")}</p>
      <label class="field">${t("word")}
        <input id="word" autocomplete="off" required .value=${this.phrase} @input=${(e: Event) => (this.phrase = (e.target as HTMLInputElement).value)} /></label>
      ${this.#trouble()}
      ${this.refused ? this.#choose(t("replace"), this.replace, (on) => (this.replace = on)) : nothing}
      <div class="bar buttons">
        <button type="button" @click=${this.#cancel}>${this.words.t("cancel")}</button>
        <button class="main" ?disabled=${this.doing !== "" || !this.phrase.trim()}>${t("start")}</button>
      </div>`;
  }

  #recordings({ least, good }: Begun): TemplateResult {
    const own = enrollWords(this.words);
    const t = own.t.bind(own);
    const n = this.samples.length;
    const making = this.doing === "making";
    const done = t("progress", { n, of: good });
    return html`
      <h2 id="title" tabindex="-1">${t("title")}</h2>
      <p>${t("say", { word: this.phrase })}</p>
      <p><strong>${t(ways[Math.min(Math.floor((3 * n) / good), 2)]!)}</strong></p>
      <button id="record" class="main" ?disabled=${making} aria-disabled=${this.doing === "listening"}>
        ${icon("microphone")}${t(this.doing === "listening" ? "listening" : "record")}</button>
      ${this.#meter(this.words.t("mic.level"), this.level)}
      ${this.#trouble()}
      <p role="status">${making ? t("making") : this.doing === "listening" ? t("listening") : n >= good ? t("enough") : n && !this.problem ? t("heard") : ""}</p>
      ${making ? html`<progress aria-label=${t("making")}></progress>` : html`<div><progress aria-label=${t("recordings")} max=${good} .value=${Math.min(n, good)}></progress>${done}</div>`}
      ${n
        ? html`<ol tabindex="0" aria-label=${t("recordings")}>${this.samples.map((s) => html`<li value=${s.number}>
            ${this.#meter(t("voice"), s.level_dbfs)}${this.#meter(t("room"), s.noise_dbfs)}
            ${s.clipped ? html`<p class="warn">${t("loud")}</p>` : nothing}
          </li>`)}</ol>`
        : nothing}
      ${this.#choose(t("keep"), this.keep, (on) => (this.keep = on), making)}
      <div class="bar buttons">
        <button type="button" ?disabled=${making} @click=${this.#cancel}>${this.words.t("cancel")}</button>
        <button type="button" ?disabled=${this.doing !== "" || !n} @click=${this.#undo}>${t("undo")}</button>
        <button type="button" class=${n >= good ? "main" : ""} ?disabled=${this.doing !== "" || n < least} @click=${this.#make}>${t("make")}</button>
      </div>`;
  }

  #result(made: Made): TemplateResult {
    const own = enrollWords(this.words);
    const t = own.t.bind(own);
    const numbers = new Intl.ListFormat(this.words.locale).format(made.unlike.map(String));
    const share = (x: number) => percent(this.words, x);
    return html`
      <h2 id="title" tabindex="-1">${t("made", { word: this.phrase })}</h2>
      <p>${t("expected", { quiet: share(made.missed_quiet), noise: share(made.missed_noise), n: made.false_accepts })}</p>
      ${made.unlike.length ? html`<p class="warn">${t("unlike", { n: made.unlike.length, numbers })}</p>` : nothing}
      ${this.keep ? html`<p>${t("kept", { n: made.kept })}</p>` : nothing}
      <p>${made.sentence}</p>
      <div class="bar">
        <input type="text" readonly aria-label=${t("snippet")} .value=${`{model: ${made.wake_word}, engine: own}`} />
        <button type="button" @click=${this.#copy}>${t("copy")}</button>
      </div>
      <p role="status">${this.copied ? t("copied") : ""}</p>
      <div class="bar buttons">
        <button type="button" @click=${this.#again}>${t("again")}</button>
        <button class="main">${this.words.t("close")}</button>
      </div>`;
  }

  #trouble() {
    return this.problem ? html`<p class="bad" role="alert">${this.problem}</p>` : nothing;
  }

  #choose(text: string, on: boolean, chosen: (on: boolean) => void, disabled = false): TemplateResult {
    return html`<label class="choice"><input type="checkbox" .checked=${on} ?disabled=${disabled}
      @change=${(e: Event) => chosen((e.target as HTMLInputElement).checked)} />${text}</label>`;
  }

  #meter(name: string, level: number): TemplateResult {
    const text = this.words.t("mic.dbfs", { n: Math.round(level) });
    return html`<div class="level"><span>${name}</span>
      <meter min=${quiet} max="0" high="-3" .value=${level} aria-label=${name} aria-valuetext=${text}></meter><span class="number">${text}</span></div>`;
  }

  #again = (): void => {
    this.#begin(this.phrase, true);
    this.#focus("#word");
  };

  #copy = async (): Promise<void> => {
    const field = this.renderRoot.querySelector<HTMLInputElement>("input[readonly]")!;
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      this.copied = true;
    } catch {
      this.copied = document.execCommand("copy"); // there is no other way on a page that came by plain HTTP
    }
  };
}

define("earshot-enroll", Enroll);
