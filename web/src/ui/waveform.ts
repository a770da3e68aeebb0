import { css, html, LitElement, type PropertyValues } from "lit";
import { property } from "lit/decorators.js";
import { duration } from "../core/format";
import type { Words } from "../core/words";
import { define } from "./define";

const step = 0.05; // of the recording, per arrow key

/** Redraws what changed its size or came into view; what is not seen is not drawn. */
const sizes = new ResizeObserver((changes) => changes.forEach((c) => (c.target as Waveform).draw()));

/**
 * A recording's loudness over time, with what came before the wake word set off, and a slider to choose where to play.
 * It tells of that by the event "seek", whose detail is the position, 0..1.
 */
export class Waveform extends LitElement {
  /** Loudness steps of 0..255 in base64. */
  @property() peaks = "";
  /** Of the recording, ms. */
  @property({ type: Number }) duration = 0;
  /** Where the wake word was heard, ms from the begin. */
  @property({ type: Number }) wake = 0;
  /** What has been played, 0..1. */
  @property({ type: Number }) position = 0;
  @property({ attribute: false }) words!: Words;
  /** Without: it is only looked at. */
  @property({ type: Boolean }) seekable = false;

  #loudness = new Uint8Array();

  static override styles = css`
    :host {
      display: block;
      block-size: 36px;
      cursor: pointer;
      border-radius: 4px;
      /* Names for colours: a canvas cannot resolve variables, but these have been when they are read. */
      color: var(--muted);
      caret-color: var(--accent);
      column-rule-color: color-mix(in srgb, var(--muted) 50%, var(--surface));
      text-decoration-color: var(--warn);
      touch-action: pan-y;
    }
    canvas {
      display: block;
      inline-size: 100%;
      block-size: 100%;
    }
  `;

  override connectedCallback(): void {
    super.connectedCallback();
    sizes.observe(this);
    this.addEventListener("click", this.#click);
    this.addEventListener("keydown", this.#key);
    looks.addEventListener("change", this.draw);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    sizes.unobserve(this);
    looks.removeEventListener("change", this.draw);
  }

  override willUpdate(changed: PropertyValues): void {
    if (changed.has("peaks")) this.#loudness = Uint8Array.from(atob(this.peaks), (c) => c.charCodeAt(0));
    if (!this.seekable) return;
    this.role = "slider";
    this.tabIndex = 0;
    this.ariaLabel = this.words.t("wave.label");
    this.ariaValueMin = "0";
    this.ariaValueMax = "100";
    this.ariaValueNow = String(Math.round(this.position * 100));
    this.ariaValueText = this.words.t("wave.position", { at: duration(this.words, this.position * this.duration), of: duration(this.words, this.duration) });
  }

  protected override render() {
    return html`<canvas part="canvas"></canvas>`;
  }

  protected override updated(): void {
    this.draw();
  }

  draw = (): void => {
    const canvas = this.renderRoot.querySelector("canvas");
    const context = canvas?.getContext("2d");
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(this.clientWidth * ratio);
    const height = Math.round(this.clientHeight * ratio);
    if (!canvas || !context || !width || !height) return;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.clearRect(0, 0, width, height);
    const { color: spoken, caretColor: played, columnRuleColor: before, textDecorationColor: mark } = getComputedStyle(this);
    const bars = Math.max(1, Math.min(this.#loudness.length, Math.floor(width / (4 * ratio))));
    const slot = width / bars;
    const wake = this.duration > 0 ? this.wake / this.duration : 0;
    for (let i = 0; i < bars; i++) {
      const from = Math.floor((i * this.#loudness.length) / bars);
      const to = Math.max(from + 1, Math.floor(((i + 1) * this.#loudness.length) / bars));
      let loudest = 0;
      for (let k = from; k < to; k++) loudest = Math.max(loudest, this.#loudness[k] ?? 0);
      const bar = Math.max((loudest / 255) * height, 2 * ratio);
      context.fillStyle = i / bars < this.position ? played : i / bars < wake ? before : spoken;
      context.fillRect(i * slot, (height - bar) / 2, Math.max(slot * 0.6, 1), bar);
    }
    if (wake > 0 && wake < 1) {
      context.fillStyle = mark;
      context.fillRect(wake * width - ratio, 0, 2 * ratio, height);
    }
  };

  #click = (event: MouseEvent): void => {
    const box = this.getBoundingClientRect();
    this.#seek((event.clientX - box.left) / box.width);
  };

  #key = (event: KeyboardEvent): void => {
    const to = {
      ArrowLeft: this.position - step, ArrowRight: this.position + step, Home: 0, End: 1 - step,
    }[event.key];
    if (to === undefined || !this.seekable) return;
    event.preventDefault();
    event.stopPropagation();
    this.#seek(to);
  };

  #seek(to: number): void {
    if (this.seekable) this.dispatchEvent(new CustomEvent("seek", { detail: Math.min(Math.max(to, 0), 1) }));
  }
}

const looks = matchMedia("(prefers-color-scheme: dark)");

define("earshot-waveform", Waveform);
