// Player plays one recording at a time.
//
// Events: "change" (another recording, playing or not, or another position), "problem" (detail is a sentence).
export class Player extends EventTarget {
  #connection;
  #audio = new Audio();
  #start = 0; // where to begin, 0..1, once the length is known
  id = null;

  constructor(connection) {
    super();
    this.#connection = connection;
    this.#audio.preload = "auto";
    for (const name of ["play", "pause", "timeupdate", "ended"]) {
      this.#audio.addEventListener(name, () => this.#changed());
    }
    this.#audio.addEventListener("loadedmetadata", () => {
      if (this.#start > 0) this.#audio.currentTime = this.#start * this.#audio.duration;
    });
    this.#audio.addEventListener("error", () => {
      if (this.id === null) return;
      this.stop();
      this.dispatchEvent(new CustomEvent("problem", { detail: "The recording could not be played." }));
    });
  }

  get playing() {
    return this.id !== null && !this.#audio.paused && !this.#audio.ended;
  }

  // position is how far the recording has been played, 0..1.
  get position() {
    return this.#audio.duration > 0 ? this.#audio.currentTime / this.#audio.duration : 0;
  }

  async toggle(id) {
    if (id !== this.id) await this.#load(id, 0);
    else if (this.playing) this.#audio.pause();
    else await this.#play();
  }

  async seek(id, position) {
    if (id !== this.id) {
      await this.#load(id, position);
      return;
    }
    if (this.#audio.duration > 0) this.#audio.currentTime = position * this.#audio.duration;
    this.#changed();
  }

  stop() {
    this.id = null;
    this.#audio.pause();
    this.#audio.removeAttribute("src");
    this.#audio.load(); // lets go of what was loaded
    this.#changed();
  }

  async #load(id, position) {
    this.stop();
    this.id = id;
    this.#start = position;
    try {
      const { url } = await this.#connection.call("clips/sign", { entry_id: id });
      if (this.id !== id) return;
      const link = new URL(url, document.baseURI);
      link.searchParams.set("format", this.#audio.canPlayType("audio/flac") ? "flac" : "wav");
      this.#audio.src = link;
      await this.#play();
    } catch (error) {
      if (this.id !== id) return;
      this.stop();
      this.dispatchEvent(new CustomEvent("problem", { detail: error.message }));
    }
  }

  async #play() {
    try {
      await this.#audio.play();
    } catch (error) {
      // Stopped before it began: that was wanted. What cannot be loaded is told by the error event.
      if (error.name !== "AbortError" && error.name !== "NotSupportedError") throw error;
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
