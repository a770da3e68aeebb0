import { css, html, LitElement, nothing, svg } from "lit";
import { property, state } from "lit/decorators.js";
import { percent } from "../core/format";
import type { Transport } from "../core/transport";
import type { Satellite, WakeWord } from "../core/types";
import type { Words } from "../core/words";
import { define } from "./define";
import { explain } from "./explain";
import { tokens, controls } from "./theme";
import { wakeWords } from "./wake-words";

/** What satellites/test tells, about ten times a second. */
interface Heard {
  action: "scores" | "wake" | "end";
  /** Since the test began. */
  at_ms: number;
  /** Probability of each wake word, 0..1. */
  scores?: Record<string, number>;
  wake_word?: string;
  score?: number;
}

/** How long a test listens, s. */
const length = 20;

/** Says how well a microphone hears the wake words: a curve of their scores, with the threshold they have to pass. Nothing is recorded. */
export class MicrophoneTest extends LitElement {
  @property({ attribute: false }) transport!: Transport;
  @property({ attribute: false }) words!: Words;
  @state() private running = false;
  @state() private points: readonly Heard[] = [];
  @state() private heard?: Heard;
  @state() private problem = "";
  @state() private listened: readonly WakeWord[] = [];
  #stop?: () => void;

  static override styles = [tokens, controls, css`
    :host {
      display: block;
    }
    section {
      display: grid;
      gap: 0.5rem;
    }
    svg {
      display: block;
      inline-size: 100%;
      block-size: 120px;
      border: 1px solid var(--line);
      border-radius: 0.6rem;
    }
    .curve {
      fill: none;
      stroke: var(--accent);
      stroke-width: 2;
      vector-effect: non-scaling-stroke;
    }
    .limit {
      stroke: var(--warn);
      stroke-dasharray: 6 4;
      vector-effect: non-scaling-stroke;
    }
    .wake {
      stroke: var(--good);
      stroke-width: 3;
      vector-effect: non-scaling-stroke;
    }
  `];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#end();
  }

  async start(satellite: Satellite): Promise<void> {
    this.#end();
    this.listened = satellite.wake_words.filter((w) => w.active !== false);
    this.points = [];
    this.heard = undefined;
    this.problem = "";
    this.running = true;
    try {
      this.#stop = await this.transport.subscribe<Heard>("satellites/test", { satellite: satellite.id, seconds: length }, this.#hear);
      if (!this.isConnected) this.#end();
    } catch (error) {
      this.running = false;
      this.problem = explain(this.words, error);
    }
  }

  #hear = (heard: Heard): void => {
    if (heard.action === "end") this.#end();
    else if (heard.action === "wake") this.heard = heard;
    else this.points = [...this.points, heard];
  };

  #end = (): void => {
    this.#stop?.();
    this.#stop = undefined;
    this.running = false;
  };

  protected override render() {
    const words = wakeWords(this.words);
    const t = words.t.bind(words);
    if (this.problem) return html`<p class="bad" role="alert">${this.problem}</p>`;
    if (!this.running && !this.points.length) return nothing;
    const x = (p: Heard) => Math.min(p.at_ms / (length * 10), 100);
    const y = (score: number) => 100 - score * 98 - 1;
    const [first] = this.listened;
    return html`<section>
      <div class="bar"><p class="grow" role="status">${this.#state()}</p>
        ${this.running ? html`<button @click=${this.#end}>${t("test_stop")}</button>` : nothing}</div>
      <svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label=${t("curve")}>
        ${this.listened.map((w) => svgLine("curve", this.points.map((p) => `${x(p)},${y(p.scores?.[w.id] ?? 0)}`)))}
        ${first ? svgLine("limit", [`0,${y(first.threshold)}`, `100,${y(first.threshold)}`]) : nothing}
        ${this.heard ? svgLine("wake", [`${x(this.heard)},0`, `${x(this.heard)},100`]) : nothing}
      </svg>
    </section>`;
  }

  #state(): string {
    const words = wakeWords(this.words);
    const t = words.t.bind(words);
    const phrase = (id = "") => this.listened.find((w) => w.id === id)?.phrase ?? id;
    if (this.heard) return t("test_heard", { word: phrase(this.heard.wake_word), score: percent(this.words, this.heard.score ?? 0) });
    if (this.running) return t("testing", { word: this.listened[0]?.phrase ?? "" });
    const best = Math.max(0, ...this.points.flatMap((p) => Object.values(p.scores ?? {})));
    return t("test_best", { score: percent(this.words, best), limit: percent(this.words, this.listened[0]?.threshold ?? 0) });
  }
}

function svgLine(name: string, points: string[]) {
  return svg`<polyline class=${name} fill="none" points=${points.join(" ")} />`;
}

define("earshot-microphone-test", MicrophoneTest);
