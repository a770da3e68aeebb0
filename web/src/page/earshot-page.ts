import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import { SignIn, type Session } from "../core/session";
import { SocketTransport } from "../core/transport-ws";
import { Words, type Key } from "../core/words";
import { define } from "../ui/define";
import { icon, type Icon } from "../ui/icons";
import { controls, tokens } from "../ui/theme";
import "../ui/earshot-history";

/** The parts of the page. All but the history are fetched when somebody goes there. */
const parts = {
  history: { icon: "history", load: async () => {} },
  microphones: { icon: "microphone", load: () => import("../ui/microphones") },
  privacy: { icon: "shield", load: () => import("../ui/privacy") },
  access: { icon: "list", load: () => import("../ui/access-log") },
} as const satisfies Record<string, { icon: Icon; load(): Promise<unknown> }>;
type Part = keyof typeof parts;

/** Making a wake word, which is fetched when somebody wants to. */
const enroll = () => import("../ui/enroll");

/** What pairing/subscribe tells; name is empty when nobody asks. */
interface Pairing {
  name: string;
  code: string;
}

/** How long to wait before the bridge is asked again who we are, ms. */
const patience = 3000;

/** The bridge's own page: who is signed in, where one is, and the way to the bridge. */
export class EarshotPage extends LitElement {
  @state() private words = new Words();
  @state() private session?: Session;
  @state() private place: Part = "history";
  @state() private loaded: ReadonlySet<string> = new Set(["history"]);
  /** The part that could not be fetched. */
  @state() private missing?: Part;
  @state() private problem: Key | "" = "";
  /** A program that wants to use the bridge, with the code that allows it. */
  @state() private pairing?: Pairing;

  private signIn = new SignIn();
  private transport = new SocketTransport();
  #timer?: ReturnType<typeof setTimeout>;

  static override styles = [tokens, controls, css`
    :host {
      display: block;
      max-inline-size: 60rem;
      margin-inline: auto;
      padding-inline: 0.75rem;
      --earshot-sticky: 3.5rem;
    }
    header {
      position: sticky;
      inset-block-start: 0;
      z-index: 4;
      display: flex;
      align-items: center;
      gap: 0.5rem;
      block-size: 3.5rem;
      background: var(--surface);
    }
    h1 {
      margin: 0;
      font-size: 1.2rem;
    }
    nav {
      display: flex;
      flex: 1;
      gap: 0.25rem;
      justify-content: flex-end;
    }
    nav a {
      display: inline-flex;
      align-items: center;
      gap: 0.35rem;
      min-block-size: 40px;
      padding-inline: 0.6rem;
      border-radius: 0.6rem;
      color: var(--muted);
      text-decoration: none;
    }
    nav a:hover {
      background: var(--raised);
    }
    nav a[aria-current] {
      color: var(--accent);
      box-shadow: inset 0 -2px var(--accent);
      border-radius: 0;
    }
    main {
      padding-block-end: 5rem;
    }
    .pairing {
      padding: 0.75rem;
      border: 1px solid var(--accent);
      border-radius: 0.6rem;
    }
    footer {
      padding-block: 1rem;
      color: var(--muted);
      font-size: 0.875rem;
    }
    @media (max-width: 699px) {
      nav {
        justify-content: space-between;
      }
      nav a {
        flex-direction: column;
        gap: 0;
        padding-inline: 0.2rem;
        font-size: 0.7rem;
      }
      h1 {
        position: absolute;
        clip-path: inset(50%);
        inline-size: 1px;
        overflow: hidden;
      }
    }
  `];

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("hashchange", this.#go);
    this.transport.watch(() => {
      const { link, role } = this.transport;
      if (link === "refused") void this.#ask();
      if (link !== "ready") this.pairing = undefined; // somebody else may sign in, who may not see the code
      else {
        if (role === "admin") void this.#followPairing();
        if (this.missing) void this.#go();
      }
      this.requestUpdate();
    });
    void this.#start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("hashchange", this.#go);
    clearTimeout(this.#timer);
    this.transport.close();
  }

  async #start(): Promise<void> {
    const words = Words.load(navigator.languages);
    const failed = new URLSearchParams(location.search).get("sign_in");
    if (failed) {
      this.problem = ({ refused: "sign.refused", expired: "sign.expired" } as const)[failed] ?? "sign.failed";
      history.replaceState(null, "", location.pathname + location.hash);
    }
    this.words = await words;
    document.documentElement.lang = this.words.locale;
    await this.#takeToken();
    this.#go();
    await this.#ask();
  }

  /** The token of a link is exchanged for a session, and leaves the address bar and the browser's history. */
  async #takeToken(): Promise<void> {
    const token = new URLSearchParams(location.hash.slice(1)).get("token");
    if (!token) return;
    history.replaceState(null, "", location.pathname + location.search);
    try {
      await this.signIn.withToken(token);
    } catch {
      this.problem = "sign.wrong";
    }
  }

  /** Asks the bridge who we are, and connects as that. */
  #ask = async (): Promise<void> => {
    clearTimeout(this.#timer);
    const session = this.signIn.session();
    this.transport.open(session.then((s) => s.signed_in, () => false));
    try {
      this.session = await session;
      if (this.session.signed_in) {
        this.problem = "";
        return;
      }
      this.transport.close();
      await import("./sign-in");
      this.loaded = new Set([...this.loaded, "sign-in"]);
    } catch {
      this.transport.close();
      this.#timer = setTimeout(this.#ask, patience); // the bridge is not there yet, or not any more
    }
  };

  async #followPairing(): Promise<void> {
    try {
      await this.transport.subscribe<Pairing>("pairing/subscribe", {}, (pairing) => (this.pairing = pairing));
    } catch {
      // The code is in the bridge's log, too.
    }
  }

  #go = async (): Promise<void> => {
    if (new URLSearchParams(location.hash.slice(1)).has("token")) {
      await this.#takeToken();
      await this.#ask();
    }
    const name = location.hash.replace(/^#\/?/, "");
    this.place = name in parts ? (name as Part) : "history";
    if (this.loaded.has(this.place)) return;
    const part = this.place;
    try {
      await parts[part].load();
      this.loaded = new Set([...this.loaded, part]);
    } catch {
      this.missing = part; // tried again when the bridge is back
    }
  };

  #signOut = async (): Promise<void> => {
    this.transport.close();
    await this.signIn.signOut().catch(() => {});
    await this.#ask();
  };

  protected override render() {
    const t = this.words.t.bind(this.words);
    if (!this.session) return html`<header><h1>Earshot</h1></header>`;
    if (!this.session.signed_in) {
      return html`<header><h1>Earshot</h1></header>
        <main>${this.loaded.has("sign-in")
          ? html`<earshot-sign-in .words=${this.words} .signIn=${this.signIn} .methods=${this.session.methods} .problem=${this.problem}
              @signed-in=${this.#ask}></earshot-sign-in>`
          : nothing}</main>`;
    }
    const shown = (Object.keys(parts) as Part[]).filter((p) => p !== "access" || this.transport.role === "admin");
    return html`
      <header>
        <h1>Earshot</h1>
        <nav aria-label=${t("page.sections")}>
          ${shown.map((p) => html`<a href="#/${p}" aria-current=${p === this.place ? "page" : nothing}>${icon(parts[p].icon)}<span>${t(`page.${p}`)}</span></a>`)}
          <button class="icon" aria-label=${t("page.sign_out")} title=${t("page.sign_out")} @click=${this.#signOut}>${icon("leave")}</button>
        </nav>
      </header>
      ${this.pairing?.name ? html`<p class="pairing" role="status">${t("pair.code", { name: this.pairing.name, code: this.pairing.code })}</p>` : nothing}
      <main>${this.#content()}</main>
      <footer>${t("page.signed_in", { name: this.session.name })} · Earshot ${this.transport.version}</footer>
    `;
  }

  #content(): TemplateResult | typeof nothing {
    const { words, transport, place } = this;
    if (!this.loaded.has(place)) return this.missing === place ? html`<p class="bad" role="alert">${words.t("error.part")}</p>` : nothing;
    switch (place) {
      case "history":
        return html`<h2 class="heard">${words.t("page.history")}</h2><earshot-history .transport=${transport} .words=${words}></earshot-history>`;
      case "microphones":
        return html`<earshot-microphones .transport=${transport} .words=${words} .enroll=${enroll}></earshot-microphones>`;
      case "privacy":
        return html`<earshot-privacy .transport=${transport} .words=${words}></earshot-privacy>`;
      case "access":
        return html`<earshot-access-log .transport=${transport} .words=${words}></earshot-access-log>`;
    }
  }
}

define("earshot-page", EarshotPage);
