import { Words, type Text } from "../core/words";

/** The texts of trying and tuning wake words, which are fetched with that. */
export const en = {
  threshold_help: "Higher: fewer mistakes. Lower: hears you from further away.",
  testing: "Say “{word}” now. Nothing is recorded.",
  test_stop: "Stop",
  test_heard: "Heard: {word}, {score}.",
  test_best: "Not heard. The best was {score}; {limit} is needed.",
  curve: "Scores of the last seconds",
  tune: "Tune by marked recordings",
  tuning: "Hearing them again…",
  tune_set: "Set {cutoff}",
  tune_done: "Set.",
  tune_curve: "What each cutoff would have done",
  cutoff: "Cutoff",
  mistakes_left: "Mistakes left",
  correct_left: "Correct left",
  now: "now",
  recommended: "recommended",
  second: "For the second look",
  own: "Make a wake word",
} satisfies Record<string, Text>;

export const de: Record<keyof typeof en, Text> = {
  threshold_help: "Höher: weniger Fehlauslösungen. Niedriger: hört dich auch von weiter weg.",
  testing: "Sag jetzt „{word}“. Nichts wird aufgenommen.",
  test_stop: "Beenden",
  test_heard: "Gehört: {word}, {score}.",
  test_best: "Nicht gehört. Höchstens {score} erkannt, {limit} sind nötig.",
  curve: "Verlauf der Erkennung in den letzten Sekunden",
  tune: "An markierten Aufnahmen einstellen",
  tuning: "Sie werden noch einmal gehört…",
  tune_set: "Auf {cutoff} setzen",
  tune_done: "Gesetzt.",
  tune_curve: "Was jede Schwelle bewirkt hätte",
  cutoff: "Schwelle",
  mistakes_left: "Übrige Fehlauslösungen",
  correct_left: "Übrige richtige",
  now: "jetzt",
  recommended: "empfohlen",
  second: "Für das zweite Hinhören",
  own: "Aktivierungswort machen",
};

/** These texts in the language of others. */
export function wakeWords(words: Words): Words<keyof typeof en> {
  return new Words(words.locale, words.locale.startsWith("de") ? de : en);
}
