/** Ways to sign in that a bridge offers. */
export type Method = "home_assistant" | "code" | "token";

/** Who uses the page. */
export interface Session {
  signed_in: boolean;
  name: string;
  methods: Method[];
}

/** Why the bridge refused: its code, as in the services. */
export class SignInError extends Error {
  constructor(readonly code: string, message: string) {
    super(message);
  }
}

/** Signing in at the bridge. The session is a cookie that no script can read. */
export class SignIn {
  constructor(private base: string = document.baseURI) {}

  /** What the bridge knows of this browser; rejects with a TypeError while it cannot be reached. */
  async session(): Promise<Session> {
    const answer = await fetch(this.url("session"), { credentials: "same-origin", cache: "no-store" });
    return (await answer.json()) as Session;
  }

  requestCode(): Promise<void> {
    return this.#post("code/request", {});
  }

  withCode(code: string): Promise<void> {
    return this.#post("code", { code });
  }

  withToken(token: string): Promise<void> {
    return this.#post("token", { access_token: token });
  }

  signOut(): Promise<void> {
    return this.#post("sign_out", {});
  }

  url(path: string): string {
    return new URL(`auth/${path}`, this.base).href;
  }

  async #post(path: string, body: object): Promise<void> {
    const answer = await fetch(this.url(path), {
      method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    if (answer.ok) return;
    const { code, message } = (await answer.json().catch(() => ({}))) as { code?: string; message?: string };
    throw new SignInError(code ?? "unknown_error", message ?? answer.statusText);
  }
}
