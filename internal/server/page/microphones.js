import { byId, make } from "./dom.js";

const every = 3000; // ms between looks, while the page is seen

const words = {
  idle: "Listening for the wake word",
  listening: "Hearing a command…",
  processing: "Working…",
  responding: "Answering…",
};

// Microphones shows how the microphones are, and mutes them.
export class Microphones extends EventTarget {
  #connection;
  #role = "read";
  #timer = 0;
  #cards = new Map(); // id -> {element, name, state, mute}
  list = [];

  constructor(connection) {
    super();
    this.#connection = connection;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#timer) this.#look();
    });
  }

  async start(role) {
    this.#role = role;
    await this.#look();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = 0;
  }

  async #look() {
    clearTimeout(this.#timer);
    try {
      const { satellites } = await this.#connection.call("satellites/list");
      this.#show(satellites);
    } catch {
      return; // the connection was lost; the next one starts this again
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (document.hidden ? 0 : this.#look()), every);
  }

  #show(satellites) {
    const names = (list) => list.map((s) => `${s.id}\n${s.name}`).join("\n");
    const renamed = names(this.list) !== names(satellites);
    this.list = satellites;
    if (renamed) {
      this.#cards.clear();
      byId("microphones").replaceChildren(...satellites.map((s) => this.#card(s)));
      this.dispatchEvent(new Event("names"));
    }
    satellites.forEach((s) => this.#update(s));
  }

  #card(satellite) {
    const state = make("p", { class: "state" });
    const mute = make("button", {
      type: "button", class: "switch", role: "switch", "aria-label": `Mute ${satellite.name}`,
      onclick: () => this.#mute(satellite.id),
    }, "Mute");
    const element = make("div", { class: "microphone" }, make("h2", {}, satellite.name), state, mute);
    this.#cards.set(satellite.id, { element, state, mute });
    return element;
  }

  #update(satellite) {
    const { element, state, mute } = this.#cards.get(satellite.id);
    const lost = satellite.microphone.state === "lost";
    element.classList.toggle("lost", lost);
    const text = this.#words(satellite);
    if (state.textContent !== text) state.textContent = text;
    mute.setAttribute("aria-checked", satellite.muted);
    mute.disabled = this.#role !== "admin";
  }

  #words({ muted, state, microphone }) {
    if (muted) return "Muted: the microphone is closed";
    switch (microphone.state) {
      case "lost": return microphone.reason || "Microphone problem";
      case "opening": return "Opening the microphone…";
      case "ended": return "The recording has been played to its end";
      default: return words[state] ?? state;
    }
  }

  async #mute(id) {
    const { mute } = this.#cards.get(id);
    mute.disabled = true;
    try {
      await this.#connection.call("satellites/mute", { satellite: id, muted: mute.getAttribute("aria-checked") !== "true" });
      await this.#look();
    } catch (error) {
      this.dispatchEvent(new CustomEvent("problem", { detail: error.message }));
    } finally {
      mute.disabled = this.#role !== "admin";
    }
  }
}
