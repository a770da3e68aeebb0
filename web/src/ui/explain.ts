import { ServiceError } from "../core/transport";
import type { Words } from "../core/words";

/** What went wrong, for people: the bridge's own sentence where it has one. */
export function explain(words: Words, error: unknown): string {
  if (!(error instanceof ServiceError)) throw error;
  switch (error.code) {
    case "offline":
      return words.t("error.offline");
    case "timeout":
      return words.t("error.timeout");
    case "unauthorized":
      return words.t("error.unauthorized");
    default:
      return error.message;
  }
}
