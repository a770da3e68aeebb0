import { announce, byId, make } from "./dom.js";
import { recordings } from "./format.js";
import { Row } from "./row.js";

const pageSize = 50;

// List shows the history, newest first, in days.
export class List {
  #connection;
  #context;
  #rows = new Map(); // id -> Row
  #days = new Map(); // day -> {section, list, count}
  #cursor = null;
  #generation = 0; // of what is shown; answers to older questions are thrown away

  constructor(connection, context) {
    this.#connection = connection;
    this.#context = context;
    byId("older").addEventListener("click", () => this.#more());
    context.player.addEventListener("change", () => this.#rows.forEach((row) => row.refresh()));
  }

  // load subscribes before it asks, so that nothing falls in between.
  async load() {
    const generation = ++this.#generation;
    const early = [];
    let loaded = false;
    await this.#connection.subscribe("history/subscribe", (change) => {
      if (generation !== this.#generation) return;
      if (loaded) this.#apply(change);
      else early.push(change);
    });
    const page = await this.#connection.call("history/list", { limit: pageSize });
    if (generation !== this.#generation) return;
    this.#clear();
    this.#show(page);
    loaded = true;
    early.forEach((change) => this.#apply(change));
    const { player } = this.#context;
    if (player.id !== null && !this.#rows.has(player.id)) player.stop();
  }

  clear() {
    this.#generation++;
    this.#clear();
  }

  // again draws every row anew, as names of microphones have changed.
  again() {
    for (const row of [...this.#rows.values()]) this.#put(row.entry);
  }

  #clear() {
    this.#rows.clear();
    this.#days.clear();
    this.#cursor = null;
    byId("days").replaceChildren();
    byId("empty").hidden = true;
    byId("older").hidden = true;
  }

  #show(page) {
    page.entries.forEach((entry) => this.#put(entry));
    this.#cursor = page.next_cursor;
    this.#settle();
  }

  async #more() {
    const generation = this.#generation;
    const button = byId("older");
    button.disabled = true;
    try {
      const page = await this.#connection.call("history/list", { limit: pageSize, cursor: this.#cursor });
      if (generation === this.#generation) this.#show(page);
    } catch (error) {
      announce(error.message);
    } finally {
      button.disabled = false;
    }
  }

  #apply(change) {
    if (change.action === "deleted") change.ids.forEach((id) => this.#remove(id));
    for (const entry of change.entries ?? []) {
      if (change.action === "added" || this.#rows.has(entry.id)) this.#put(entry);
    }
    this.#settle();
    if (change.action === "added") announce(`New: ${recordings(change.entries.length)}`);
    if (change.action === "deleted") announce(`Deleted: ${recordings(change.ids.length)}`);
  }

  // put inserts an entry at its place, or draws it anew.
  #put(entry) {
    const row = new Row(entry, this.#context);
    const old = this.#rows.get(entry.id);
    this.#rows.set(entry.id, row);
    row.element.dataset.id = entry.id;
    if (old) {
      const focused = old.element.contains(document.activeElement) ? document.activeElement.className : null;
      old.element.replaceWith(row.element);
      if (focused !== null) row.element.getElementsByClassName(focused)[0]?.focus();
      return;
    }
    const { list } = this.#day(this.#context.clock.dayOf(new Date(entry.at)));
    // Ids begin with the time, so that they are in its order.
    const next = [...list.children].find((other) => other.dataset.id < entry.id);
    list.insertBefore(row.element, next ?? null);
  }

  #day(day) {
    const known = this.#days.get(day);
    if (known) return known;
    const list = make("ul");
    const name = make("strong");
    const count = make("span");
    const section = make("section", { class: "day" }, make("h2", {}, name, count), list);
    section.dataset.day = day;
    const made = { section, list, name, count };
    this.#days.set(day, made);
    const next = [...byId("days").children].find((other) => other.dataset.day < day);
    byId("days").insertBefore(section, next ?? null);
    return made;
  }

  #remove(id) {
    const row = this.#rows.get(id);
    if (!row) return;
    if (this.#context.player.id === id) this.#context.player.stop();
    const focused = row.element.contains(document.activeElement);
    const next = row.element.nextElementSibling ?? row.element.previousElementSibling;
    row.element.remove();
    this.#rows.delete(id);
    if (focused) (next?.querySelector("button") ?? byId("title")).focus();
  }

  // settle brings what depends on the rows in order.
  #settle() {
    for (const [day, { section, list, name, count }] of this.#days) {
      if (list.children.length === 0) {
        section.remove();
        this.#days.delete(day);
        continue;
      }
      name.textContent = this.#context.clock.dayName(day);
      count.textContent = recordings(list.children.length);
    }
    byId("older").hidden = this.#cursor === null;
    byId("empty").hidden = this.#rows.size > 0 || this.#cursor !== null;
  }
}
