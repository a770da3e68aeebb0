import { announce, byId, make } from "./dom.js";
import { bytes, recordings, seconds } from "./format.js";

const periods = [
  ["last_hour", "Last hour"], ["today", "Today"], ["yesterday", "Yesterday"], ["this_week", "This week"],
  ["last_7_days", "Last 7 days"], ["this_month", "This month"], ["last_30_days", "Last 30 days"], ["all", "Everything"],
];
const countPage = 500;
const deleteAtOnce = 1000; // a message has room for about twice as many ids

// DeleteDialog asks before anything is deleted: what was counted and shown is what goes.
export class DeleteDialog {
  #connection;
  #satellites;
  #counting = 0; // of the count that is shown; older ones are thrown away
  #entries = [];

  constructor(connection, satellites) {
    this.#connection = connection;
    this.#satellites = satellites;
    byId("dialog-period").append(...periods.map(([value, name]) => make("option", { value }, name)));
    byId("dialog-cancel").addEventListener("click", () => byId("dialog").close());
    byId("dialog-period").addEventListener("change", () => this.#count());
    byId("dialog-satellite").addEventListener("change", () => this.#count());
    byId("dialog").addEventListener("close", () => this.#counting++);
    byId("dialog-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#delete();
    });
  }

  one(entry) {
    this.#open("Delete this recording?", false);
    this.#state([entry], entry.kept ? 1 : 0);
  }

  period() {
    byId("dialog-satellite").replaceChildren(make("option", { value: "" }, "All microphones"),
      ...this.#satellites().map((s) => make("option", { value: s.id }, s.name)));
    this.#open("Delete recordings", true);
    this.#count();
  }

  #open(title, choices) {
    byId("dialog-title").textContent = title;
    byId("dialog-choices").hidden = !choices;
    this.#problem("");
    byId("dialog").showModal();
    byId(choices ? "dialog-period" : "dialog-cancel").focus();
  }

  #problem(text) {
    byId("dialog-problem").textContent = text;
    byId("dialog-problem").hidden = text === "";
  }

  async #count() {
    const counting = ++this.#counting;
    const confirm = byId("dialog-confirm");
    confirm.disabled = true;
    confirm.textContent = "Delete";
    byId("dialog-text").textContent = "Counting…";
    this.#problem("");
    const fields = { period: byId("dialog-period").value, limit: countPage };
    if (byId("dialog-satellite").value) fields.satellite = byId("dialog-satellite").value;
    const found = [];
    try {
      do {
        const page = await this.#connection.call("history/list", fields);
        if (counting !== this.#counting) return;
        found.push(...page.entries);
        fields.cursor = page.next_cursor;
      } while (fields.cursor);
    } catch (error) {
      if (counting !== this.#counting) return;
      byId("dialog-text").textContent = "";
      this.#problem(error.message);
      return;
    }
    this.#state(found.filter((e) => !e.kept), found.filter((e) => e.kept).length);
  }

  // state says what the button does.
  #state(entries, kept) {
    this.#entries = entries;
    const goes = entries.filter((e) => !e.kept);
    const confirm = byId("dialog-confirm");
    confirm.disabled = goes.length === 0;
    confirm.textContent = goes.length === 1 ? "Delete 1 recording" : `Delete ${recordings(goes.length)}`;
    const stays = kept === 0 ? "" : `${recordings(kept)} that you keep will stay. `;
    if (goes.length === 0) {
      byId("dialog-text").textContent = stays || "There is nothing to delete.";
      return;
    }
    const length = goes.reduce((sum, e) => sum + e.duration_ms, 0);
    const size = goes.reduce((sum, e) => sum + (e.clip?.bytes ?? 0), 0);
    byId("dialog-text").textContent =
      `${recordings(goes.length)}, ${seconds(length)}, ${bytes(size)}.\n` +
      `Audio and text will be deleted. This cannot be undone.${stays && "\n"}${stays}`;
  }

  async #delete() {
    const confirm = byId("dialog-confirm");
    confirm.disabled = true;
    this.#problem("");
    const ids = this.#entries.map((e) => e.id);
    let deleted = 0;
    try {
      for (let i = 0; i < ids.length; i += deleteAtOnce) {
        const receipt = await this.#connection.call("history/delete", { ids: ids.slice(i, i + deleteAtOnce) });
        deleted += receipt.deleted;
      }
      byId("dialog").close();
      announce(`${recordings(deleted)} deleted`);
    } catch (error) {
      this.#problem(deleted > 0 ? `${error.message} ${recordings(deleted)} were deleted before.` : error.message);
      confirm.disabled = false;
    }
  }
}
