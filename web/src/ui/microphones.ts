import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { Clock, percent } from "../core/format";
import type { Transport } from "../core/transport";
import type { Satellite, WakeWord } from "../core/types";
import type { Words } from "../core/words";
import { define } from "./define";
import { explain } from "./explain";
import { icon } from "./icons";
import { controls, tokens } from "./theme";
import { mayChange } from "./view";
import type { Enroll } from "./enroll";
import type { MicrophoneTest } from "./microphone-test";
import "./microphone-test";
import "./tune";
import { wakeWords } from "./wake-words";

/** What satellites/subscribe tells. */
interface News {
  satellites?: Satellite[];
  levels?: Record<string, number>;
}

/** Where the level meter begins, dBFS: a quiet room. */
const quiet = -70;

/** Each microphone: whether and what it hears, and what it listens for. */
export class Microphones extends LitElement {
  @property({ attribute: false }) transport!: Transport;
  @property({ attribute: false }) words!: Words;
  /** Fetches the element that makes wake words, where the transport can do what that needs. */
  @property({ attribute: false }) enroll?: () => Promise<unknown>;
  @state() private satellites?: readonly Satellite[];
  @state() private levels: Record<string, number> = {};
  @state() private problem = "";
  private clock!: Clock;
  #unwatch?: () => void;
  #unsubscribe?: () => void;

  static override styles = [tokens, controls, css`
    :host {
      display: grid;
      gap: 1rem;
      padding-block: 1rem;
    }
    article {
      display: grid;
      gap: 0.7rem;
      padding: 1rem;
      border: 1px solid var(--line);
      border-radius: 1rem;
    }
    .head {
      justify-content: space-between;
    }
    meter {
      inline-size: 100%;
      block-size: 14px;
    }
    .word {
      display: grid;
      grid-template-columns: minmax(0, 1fr) minmax(6rem, 1fr) 4rem;
      align-items: center;
      gap: 0 0.8rem;
    }
    earshot-tune {
      grid-column: 1 / -1;
    }
    .word output {
      text-align: end;
    }
    dl {
      display: grid;
      grid-template-columns: auto minmax(0, 1fr);
      gap: 0.2rem 1rem;
      font-size: 0.9rem;
    }
    .warn {
      color: var(--warn);
    }
    dt {
      color: var(--muted);
    }
    dd {
      overflow-wrap: anywhere;
    }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#unwatch = this.transport.watch(() => void this.#follow());
    void this.#follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unwatch?.();
    this.#unsubscribe?.();
  }

  async #follow(): Promise<void> {
    this.requestUpdate();
    this.clock = new Clock(this.words, this.transport.timeZone);
    if (this.transport.link !== "ready") return;
    try {
      this.#unsubscribe = await this.transport.subscribe<News>("satellites/subscribe", { levels: true }, (news) => {
        if (news.satellites) this.satellites = news.satellites;
        if (news.levels) this.levels = news.levels;
      });
      if (!this.isConnected) this.#unsubscribe();
    } catch (error) {
      this.problem = explain(this.words, error);
    }
  }

  protected override render() {
    const t = this.words.t.bind(this.words);
    return html`
      <h2>${t("page.microphones")}</h2>
      ${this.transport.link === "ready" ? nothing : html`<p role="status">${t("link.offline")}</p>`}
      ${this.problem ? html`<p class="bad" role="alert">${this.problem}</p>` : nothing}
      ${this.satellites === undefined ? html`<p class="muted" role="status">${t("list.loading")}</p>` : nothing}
      ${this.satellites?.length === 0 ? html`<p>${t("mic.none")}</p>` : nothing}
      ${this.satellites?.map((s) => this.#card(s))}
    `;
  }

  #card(s: Satellite): TemplateResult {
    const t = this.words.t.bind(this.words);
    const change = mayChange(this.transport.role);
    const online = this.transport.link === "ready";
    const hears = s.microphone.state === "listening";
    const level = this.levels[s.id] ?? s.microphone.level_dbfs;
    return html`<article aria-labelledby=${`name-${s.id}`}>
      <div class="bar head">
        <div>
          <h3 id=${`name-${s.id}`}>${s.name}</h3>
          <p class=${s.microphone.state === "lost" ? "bad" : "muted"} role="status">
            ${s.state === "idle" || !hears ? t(`mic.state.${s.microphone.state}`) : t(`mic.doing.${s.state}`)}${s.area && s.area !== s.name ? ` · ${s.area}` : ""}</p>
        </div>
        ${change
          ? html`<div class="bar">
              <button ?disabled=${!online || !hears} @click=${(e: Event) => this.#test(e, s)}>${icon("microphone")}${t("mic.test")}</button>
              <button aria-pressed=${s.muted} ?disabled=${!online} @click=${() => this.#call("satellites/mute", { satellite: s.id, muted: !s.muted })}>
                ${icon("muted")}${t(s.muted ? "mic.unmute" : "mic.mute")}</button>
            </div>`
          : nothing}
      </div>
      ${s.microphone.reason ? html`<p class="bad">${s.microphone.reason}</p>` : nothing}
      ${s.microphone.findings?.map((f) => html`<p class="warn" role="status">${f.text}</p>`)}
      ${hears
        ? html`<meter min=${quiet} max="0" high="-3" .value=${level} aria-label=${t("mic.level")}
            aria-valuetext=${t("mic.dbfs", { n: Math.round(level) })} title=${t("mic.dbfs", { n: Math.round(level) })}></meter>`
        : nothing}
      <earshot-microphone-test .transport=${this.transport} .words=${this.words} .satellite=${s}></earshot-microphone-test>
      ${s.wake_words.map((w) => this.#word(s, w, change && online))}
      ${change && s.wake_words.length ? html`<p class="muted">${wakeWords(this.words).t("threshold_help")}</p>` : nothing}
      ${change && this.enroll
        ? html`<div><button ?disabled=${!online || !hears} @click=${(e: Event) => this.#enroll(e)}>${wakeWords(this.words).t("own")}</button></div>
            <earshot-enroll .transport=${this.transport} .words=${this.words} .satellite=${s.id} .level=${level}></earshot-enroll>`
        : nothing}
      <dl>
        <dt>${t("mic.last_heard")}</dt><dd>${s.last_heard ? this.clock.dateTime(s.last_heard) : t("mic.never")}</dd>
        <dt>${t("mic.device")}</dt><dd>${s.microphone.device}</dd>
      </dl>
      ${s.microphone.dropped ? html`<p class="muted">${t("mic.dropped", { n: s.microphone.dropped })}</p>` : nothing}
    </article>`;
  }

  #word(s: Satellite, w: WakeWord, change: boolean): TemplateResult {
    const t = this.words.t.bind(this.words);
    const update = (fields: object) => this.#call("wake_words/update", { satellite: s.id, wake_word: w.id, ...fields });
    const checked = (e: Event) => (e.target as HTMLInputElement).checked;
    const number = (e: Event) => (e.target as HTMLInputElement).valueAsNumber;
    return html`<div class="word">
      <label class="choice"><input type="checkbox" .checked=${w.active} ?disabled=${!change} @change=${(e: Event) => update({ active: checked(e) })} />
        ${t("mic.active", { word: w.phrase })}</label>
      ${w.threshold === 0
        ? nothing // it is decided elsewhere
        : html`<input type="range" min="0.05" max="0.99" step="0.01" .value=${String(w.threshold)} ?disabled=${!change}
              aria-label=${t("mic.threshold", { word: w.phrase })} aria-valuetext=${percent(this.words, w.threshold)}
              @change=${(e: Event) => update({ threshold: number(e) })} />
            <output>${percent(this.words, w.threshold)}</output>
            ${change ? html`<earshot-tune .transport=${this.transport} .words=${this.words} .satellite=${s.id} .word=${w.id}></earshot-tune>` : nothing}`}
    </div>`;
  }

  #test(event: Event, s: Satellite): void {
    const card = (event.target as HTMLElement).closest("article");
    void card?.querySelector<MicrophoneTest>("earshot-microphone-test")?.start(s);
  }

  async #enroll(event: Event): Promise<void> {
    const card = (event.target as HTMLElement).closest("article");
    this.problem = "";
    try {
      await this.enroll!();
    } catch {
      this.problem = this.words.t("error.offline");
      return;
    }
    void card?.querySelector<Enroll>("earshot-enroll")?.open();
  }

  async #call(type: string, fields: object): Promise<void> {
    this.problem = "";
    try {
      await this.transport.call(type, fields);
    } catch (error) {
      this.problem = explain(this.words, error);
      this.requestUpdate("satellites"); // what was chosen is not so
    }
  }
}

define("earshot-microphones", Microphones);
