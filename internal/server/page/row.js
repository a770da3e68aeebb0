import { icon, make } from "./dom.js";
import { outcomeWord, percent, seconds, wakeWord } from "./format.js";
import { Waveform } from "./waveform.js";

// Row is one recording of the list. context is {clock, player, role, names, remove}.
export class Row {
  constructor(entry, context) {
    this.entry = entry;
    this.context = context;
    this.waveform = null;
    const text = this.#title();
    const about = `${text}, ${context.clock.timeOf(entry.at)}`;
    this.play = entry.clip && context.role !== "read"
      ? make("button", { type: "button", class: "icon play", onclick: () => context.player.toggle(entry.id) })
      : null;
    this.about = about;
    if (this.play && entry.peaks) {
      this.waveform = new Waveform(entry, (position) => context.player.seek(entry.id, position));
    }
    this.element = make("li", { class: "entry" },
      this.play,
      make("h3", entry.transcript ? {} : { class: "note" }, entry.transcript ? `“${entry.transcript}”` : text),
      this.#facts(),
      context.role === "admin"
        ? make("button", { type: "button", class: "icon delete", "aria-label": `Delete ${about}`, title: "Delete", onclick: () => context.remove(entry) }, icon("delete"))
        : null,
      entry.reply ? make("p", { class: "reply" }, entry.reply) : null,
      entry.error ? make("p", { class: "error" }, entry.error.message) : null,
      this.waveform?.element ?? null,
    );
    this.refresh();
  }

  #title() {
    const { entry } = this;
    if (entry.transcript) return entry.transcript;
    if (entry.text_note) return entry.text_note;
    return entry.outcome === "recorded" ? "Recorded — no assistant is set up" : "No text";
  }

  #facts() {
    const { entry, context } = this;
    const where = context.names.get(entry.satellite) ?? (entry.area || entry.satellite);
    return make("p", { class: "about" },
      make("span", { class: `outcome ${entry.outcome}` }, outcomeWord(entry.outcome)),
      make("time", { datetime: entry.at, title: entry.at }, context.clock.timeOf(entry.at)),
      make("span", {}, where),
      make("span", { title: `It wakes from ${percent(entry.threshold)} on` }, `${wakeWord(entry.wake_word)} ${percent(entry.score)}`),
      make("span", {}, seconds(entry.duration_ms)),
      entry.kept ? make("span", {}, "Kept") : null,
    );
  }

  // refresh shows what the player does.
  refresh() {
    if (!this.play) return;
    const { player } = this.context;
    const mine = player.id === this.entry.id;
    const playing = mine && player.playing;
    this.element.classList.toggle("playing", mine);
    const state = playing ? "pause" : "play";
    if (this.play.dataset.state !== state) {
      this.play.dataset.state = state;
      this.play.setAttribute("aria-label", `${playing ? "Pause" : "Play"} ${this.about}`);
      this.play.replaceChildren(icon(state));
    }
    const position = mine ? player.position : 0;
    if (this.waveform && this.waveform.position !== position) this.waveform.show(position);
  }
}
