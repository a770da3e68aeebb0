import { html, LitElement, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import { HassTransport, localeOf, type Hass } from "../core/transport-hass";
import type { Receipt } from "../core/types";
import { Words } from "../core/words";
import type { DeleteDialog } from "../ui/delete-dialog";
import { askByFrontend } from "./ask";

/** What earshot/bridges tells of each. */
export interface Bridge {
  id: string;
  name: string;
}

/** What the card and the panel share: the bridges that this user may see, the one that is shown, and the words for it. */
export abstract class House extends LitElement {
  @state() protected bridges?: readonly Bridge[];
  @state() protected transport?: HassTransport;
  @state() protected words?: Words;
  #hass?: Hass;
  #wanted = "";

  /** Home Assistant sets this with each change of any state; nothing is drawn anew for what does not concern us. */
  set hass(hass: Hass) {
    const before = this.#hass;
    this.#hass = hass;
    if (before && localeOf(before) === localeOf(hass) && before.themes?.darkMode === hass.themes?.darkMode && before.connection === hass.connection) return;
    this.style.colorScheme = hass.themes?.darkMode ? "dark" : "light";
    void Words.load([localeOf(hass)]).then((words) => (this.words = words));
    if (!before || before.connection !== hass.connection) void this.#find();
  }

  get hass(): Hass {
    return this.#hass!;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.bridges) this.choose(this.#wanted);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.transport?.close();
    this.transport = undefined;
  }

  /** Shows a bridge; the first one where it is not there. */
  protected choose(wanted: string): void {
    this.#wanted = wanted;
    const bridge = this.bridges?.find((b) => b.id === wanted) ?? this.bridges?.[0];
    if (!bridge || !this.isConnected || this.transport?.bridge === bridge.id) return;
    this.transport?.close();
    this.transport = new HassTransport(this.hass, bridge.id);
    this.transport.watch(() => this.requestUpdate());
    this.transport.open();
  }

  async #find(): Promise<void> {
    try {
      this.bridges = (await this.hass.callWS<{ bridges: Bridge[] }>({ type: "earshot/bridges" })).bridges;
    } catch {
      this.bridges = []; // the integration is not set up
    }
    this.choose(this.#wanted);
  }

  /** Asks as Home Assistant does. */
  protected ask = (event: CustomEvent<DeleteDialog>): void => {
    event.preventDefault();
    void askByFrontend(this, this.words!, event.detail);
  };

  /** Tells of a deletion in Home Assistant's own way. */
  protected deleted = (event: CustomEvent<Receipt>): void => {
    const message = this.words!.t("receipt.title", { n: event.detail.deleted });
    this.dispatchEvent(new CustomEvent("hass-notification", { detail: { message }, bubbles: true, composed: true }));
  };

  /** What stands there when no history can; undefined when one can. */
  protected instead(): TemplateResult | undefined {
    const { words } = this;
    if (!words || !this.bridges) return html``;
    if (this.transport?.link === "refused" || (this.bridges.length === 0 && !this.hass.user?.is_admin)) return html`<p>${words.t("hass.none_for_you")}</p>`;
    if (!this.transport) return html`<p>${words.t("hass.none")}</p>`;
    return undefined;
  }
}
