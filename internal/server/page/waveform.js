import { make } from "./dom.js";
import { seconds } from "./format.js";

const step = 0.05; // of the recording, per arrow key

// Waveform shows a recording's loudness over time, how far it has been played, and lets people choose where to play.
export class Waveform {
  constructor(entry, seek) {
    this.peaks = Uint8Array.from(atob(entry.peaks), (c) => c.charCodeAt(0));
    this.duration = entry.duration_ms;
    this.position = 0; // 0..1
    this.canvas = make("canvas");
    this.element = make("div", {
      class: "wave", role: "slider", tabindex: "0", "aria-label": "Position in the recording",
      "aria-valuemin": "0", "aria-valuemax": this.duration,
      onclick: (event) => {
        const box = this.element.getBoundingClientRect();
        seek((event.clientX - box.left) / box.width);
      },
      onkeydown: (event) => {
        const to = {
          ArrowLeft: this.position - step, ArrowRight: this.position + step, Home: 0, End: 1 - step,
        }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        seek(Math.min(Math.max(to, 0), 1));
      },
    }, this.canvas);
    this.show(0);
    sizes.observe(this.canvas);
    waveforms.set(this.canvas, this);
  }

  show(position) {
    this.position = position;
    this.element.setAttribute("aria-valuenow", Math.round(position * this.duration));
    this.element.setAttribute("aria-valuetext", `${seconds(position * this.duration)} of ${seconds(this.duration)}`);
    this.draw();
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    const width = this.canvas.clientWidth * ratio;
    const height = this.canvas.clientHeight * ratio;
    if (!width || !height) return;
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const style = getComputedStyle(this.canvas);
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const bars = Math.max(1, Math.min(this.peaks.length, Math.floor(width / (4 * ratio))));
    const slot = width / bars;
    for (let i = 0; i < bars; i++) {
      const from = Math.floor((i * this.peaks.length) / bars);
      const to = Math.max(from + 1, Math.floor(((i + 1) * this.peaks.length) / bars));
      const loudest = Math.max(...this.peaks.subarray(from, to)) / 255;
      const bar = Math.max(loudest * height, 2 * ratio);
      context.fillStyle = i / bars < this.position ? style.accentColor : style.color;
      context.fillRect(i * slot, (height - bar) / 2, Math.max(slot * 0.6, 1), bar);
    }
  }
}

const waveforms = new WeakMap();
const sizes = new ResizeObserver((changes) => changes.forEach((c) => waveforms.get(c.target)?.draw()));

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  document.querySelectorAll(".wave canvas").forEach((canvas) => waveforms.get(canvas)?.draw());
});
