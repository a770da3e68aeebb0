import { ServiceError, type Transport } from "../core/transport";

/**
 * Plays one recording at a time. Nothing is fetched before somebody plays.
 *
 * Events: "change" when another one plays, or it starts, pauses or fails; "progress" while it plays.
 */
export class Player extends EventTarget {
  /** The id of the recording that plays or is paused; empty for none. */
  current = "";
  playing = false;
  /** The id of the recording that could not be played. */
  failed = "";

  #audio = new Audio();
  #frame = 0;
  #start = 0;

  constructor(private transport: Transport) {
    super();
    this.#audio.preload = "none";
    this.#audio.addEventListener("play", () => this.#set(true));
    this.#audio.addEventListener("pause", () => this.#set(false));
    this.#audio.addEventListener("ended", () => {
      this.#audio.currentTime = 0;
      this.#set(false);
    });
    this.#audio.addEventListener("loadedmetadata", () => {
      if (this.#start > 0) this.#audio.currentTime = this.#start * this.#audio.duration;
    });
    this.#audio.addEventListener("error", () => this.#fail());
  }

  /** Share of the recording that has been played, 0..1. */
  get position(): number {
    return this.#audio.duration > 0 ? this.#audio.currentTime / this.#audio.duration : this.#start;
  }

  async toggle(id: string): Promise<void> {
    if (id === this.current && this.playing) this.#audio.pause();
    else if (id === this.current && !this.failed) await this.#audio.play().catch(() => this.#fail());
    else await this.#load(id, 0);
  }

  /** Plays a recording from a position of 0..1. */
  async seek(id: string, position: number): Promise<void> {
    if (id !== this.current || this.failed) {
      await this.#load(id, position);
      return;
    }
    if (this.#audio.duration > 0) this.#audio.currentTime = position * this.#audio.duration;
    else this.#start = position;
    this.dispatchEvent(new Event("progress"));
  }

  stop(): void {
    if (!this.current) return;
    this.current = "";
    this.#audio.removeAttribute("src");
    this.#audio.load();
    this.#set(false);
  }

  async #load(id: string, start: number): Promise<void> {
    this.#audio.pause();
    this.current = id;
    this.failed = "";
    this.#start = start;
    this.#changed();
    try {
      const { url } = await this.transport.call<{ url: string }>("clips/sign", { entry_id: id });
      if (this.current !== id) return; // another one was chosen meanwhile
      this.#audio.src = this.transport.url(url);
      await this.#audio.play();
    } catch (error) {
      // A pause or another recording ends the call to play with an AbortError.
      if (this.current === id && (error instanceof ServiceError || (error as Error).name !== "AbortError")) this.#fail();
    }
  }

  #fail(): void {
    if (!this.current || !this.#audio.hasAttribute("src") && this.playing) return;
    this.failed = this.current;
    this.#set(false);
  }

  #set(playing: boolean): void {
    this.playing = playing;
    cancelAnimationFrame(this.#frame);
    if (playing) this.#tick();
    this.#changed();
  }

  #tick = (): void => {
    this.dispatchEvent(new Event("progress"));
    this.#frame = requestAnimationFrame(this.#tick);
  };

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
