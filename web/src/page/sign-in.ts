import { css, html, LitElement, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import { SignInError, type Method, type SignIn } from "../core/session";
import type { Key, Words } from "../core/words";
import { define } from "../ui/define";
import { controls, tokens } from "../ui/theme";

/** The ways to sign in. It tells by the event "signed-in" that one has worked. */
export class SignInView extends LitElement {
  @property({ attribute: false }) words!: Words;
  @property({ attribute: false }) signIn!: SignIn;
  @property({ attribute: false }) methods: readonly Method[] = [];
  @property({ attribute: false }) problem: Key | "" = "";
  /** What is being asked of the bridge. */
  @state() private busy: "" | "code" | "session" = "";
  @state() private asked = false;

  static override styles = [tokens, controls, css`
    section, form {
      display: grid;
      gap: 0.8rem;
      justify-items: start;
    }
    section {
      max-inline-size: 28rem;
      margin: 10vh auto 0;
      gap: 1.2rem;
    }
    details {
      inline-size: 100%;
      border-block-start: 1px solid var(--line);
      padding-block: 0.4rem;
    }
    summary {
      display: flex;
      align-items: center;
      min-block-size: 40px;
      cursor: pointer;
    }
    form {
      padding-block: 0.4rem;
    }
    label {
      display: grid;
      gap: 0.3rem;
      inline-size: 100%;
    }
    .button {
      border-color: transparent;
      background: var(--accent);
      color: var(--on-accent);
    }
    .button:hover {
      background: var(--accent);
    }
  `];

  protected override render() {
    const t = this.words.t.bind(this.words);
    const has = (m: Method) => this.methods.includes(m);
    return html`<section>
      <h2>${t("sign.title")}</h2>
      <p class="muted">${t("sign.why")}</p>
      ${this.problem ? html`<p class="bad" role="alert">${t(this.problem)}</p>` : nothing}
      ${has("home_assistant") ? html`<a class="button" href=${this.signIn.url("home_assistant")}>${t("sign.home_assistant")}</a>` : nothing}
      ${has("code")
        ? html`<details ?open=${!has("home_assistant")}>
            <summary>${t("sign.code")}</summary>
            <form @submit=${this.#code}>
              <p class="muted">${t("sign.code_why")}</p>
              <button type="button" ?disabled=${this.busy === "code"} aria-pressed=${this.asked} @click=${this.#request}>${t("sign.code_request")}</button>
              <label>${t("sign.code_field")}
                <input name="secret" type="text" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]{8,}" required /></label>
              <button class="main" ?disabled=${this.busy === "session"}>${t("sign.do")}</button>
            </form>
          </details>`
        : nothing}
      ${has("token")
        ? html`<details>
            <summary>${t("sign.token")}</summary>
            <form @submit=${this.#token}>
              <label>${t("sign.token_field")} <input name="secret" type="password" autocomplete="off" required /></label>
              <button class="main" ?disabled=${this.busy === "session"}>${t("sign.do")}</button>
            </form>
          </details>`
        : nothing}
    </section>`;
  }

  #request = async (): Promise<void> => {
    this.asked = await this.#try("code", () => this.signIn.requestCode());
  };

  #code = (event: SubmitEvent): void => void this.#submit(event, (secret) => this.signIn.withCode(secret.replaceAll(" ", "")));

  #token = (event: SubmitEvent): void => void this.#submit(event, (secret) => this.signIn.withToken(secret));

  async #submit(event: SubmitEvent, signIn: (secret: string) => Promise<void>): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const secret = String(new FormData(form).get("secret") ?? "").trim();
    form.reset();
    if (await this.#try("session", () => signIn(secret))) this.dispatchEvent(new Event("signed-in"));
  }

  async #try(what: "code" | "session", act: () => Promise<void>): Promise<boolean> {
    this.busy = what;
    this.problem = "";
    try {
      await act();
      return true;
    } catch (error) {
      const code = error instanceof SignInError ? error.code : "";
      this.problem = code === "busy" ? "sign.busy" : code === "" ? "error.offline" : "sign.wrong";
      return false;
    } finally {
      this.busy = "";
    }
  }
}

define("earshot-sign-in", SignInView);
