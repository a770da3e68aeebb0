import { Words, type Text } from "../core/words";

/** The texts of making a wake word, which are fetched with that. */
export const en = {
  title: "A wake word of your own",
  word: "Word",
  about: "A wake word hears best those it was made from: let everybody who will use it say it, three times each. "
    + "Nothing is kept unless you want it: closing this, or leaving the page, forgets what was said.",
  replace: "Replace my word of that name",
  start: "Start",
  say: "Say only “{word}” each time, and then nothing for a second.",
  near: "From about a metre:",
  usual: "From where you usually are:",
  far: "From across the room, or with the radio on:",
  record: "Record",
  listening: "Listening: say it now",
  heard: "Heard.",
  progress: "{n} of {of} recordings",
  enough: "That is enough: make the word now.",
  recordings: "Recordings",
  voice: "Voice",
  room: "Room",
  loud: "Too loud for the microphone; a little further away is better.",
  undo: "Take back the newest",
  keep: "Keep the recordings in the history",
  make: "Make the word",
  making: "The word is being made. A small machine may take a minute.",
  made: "“{word}” was made",
  expected: "Expected, from recordings that it did not learn from: {quiet} missed in a quiet room, {noise} over noise 10 dB below the voice; "
    + "at most {n} false triggers in an hour of other people talking without a pause. Voices that it was not made from are missed more often.",
  unlike: {
    one: "Recording {numbers} does not sound like the others. If something else was said in it, make the word again.",
    other: "Recordings {numbers} do not sound like the others. If something else was said in them, make the word again.",
  },
  kept: { one: "{n} recording is in the history.", other: "{n} recordings are in the history." },
  snippet: "For the configuration",
  copy: "Copy",
  copied: "Copied.",
  again: "Make it again",
  closed: "The word was not made, and what was said is forgotten.",
  lost: "The connection to Earshot was lost, and what was said is forgotten. Begin again.",
  unsure: "The word may have been made all the same: when you begin again, Earshot says whether there is one.",
} satisfies Record<string, Text>;

export const de: Record<keyof typeof en, Text> = {
  title: "Ein eigenes Aktivierungswort",
  word: "Wort",
  about: "Ein Aktivierungswort hört die am besten, mit deren Stimmen es gemacht wurde: Alle, die es benutzen werden, sollten es je dreimal sagen. "
    + "Nichts wird behalten, wenn du es nicht willst: Wird dies geschlossen oder die Seite verlassen, ist das Gesagte vergessen.",
  replace: "Mein Wort dieses Namens ersetzen",
  start: "Beginnen",
  say: "Sag jedes Mal nur „{word}“ und dann eine Sekunde lang nichts.",
  near: "Aus etwa einem Meter:",
  usual: "Von da, wo du meistens bist:",
  far: "Quer durch den Raum oder bei laufendem Radio:",
  record: "Aufnehmen",
  listening: "Ich höre: Sag es jetzt",
  heard: "Gehört.",
  progress: "{n} von {of} Aufnahmen",
  enough: "Das genügt: Jetzt kann das Wort gemacht werden.",
  recordings: "Aufnahmen",
  voice: "Stimme",
  room: "Raum",
  loud: "Zu laut für das Mikrofon; etwas weiter weg ist besser.",
  undo: "Die neueste zurücknehmen",
  keep: "Die Aufnahmen im Verlauf behalten",
  make: "Das Wort machen",
  making: "Das Wort wird gemacht. Ein kleiner Rechner braucht vielleicht eine Minute.",
  made: "„{word}“ ist gemacht",
  expected: "Zu erwarten, nach Aufnahmen, aus denen es nicht gelernt hat: {quiet} überhört in einem stillen Raum, {noise} bei Geräusch 10 dB unter der Stimme; "
    + "höchstens {n} Fehlauslösungen in einer Stunde, in der andere pausenlos reden. Andere Stimmen werden öfter überhört.",
  unlike: {
    one: "Aufnahme {numbers} klingt nicht wie die anderen. Wurde darin etwas anderes gesagt, mach das Wort noch einmal.",
    other: "Die Aufnahmen {numbers} klingen nicht wie die anderen. Wurde darin etwas anderes gesagt, mach das Wort noch einmal.",
  },
  kept: { one: "{n} Aufnahme ist im Verlauf.", other: "{n} Aufnahmen sind im Verlauf." },
  snippet: "Für die Konfiguration",
  copy: "Kopieren",
  copied: "Kopiert.",
  again: "Noch einmal machen",
  closed: "Das Wort wurde nicht gemacht, und das Gesagte ist vergessen.",
  lost: "Die Verbindung zu Earshot ging verloren, und das Gesagte ist vergessen. Beginn noch einmal.",
  unsure: "Vielleicht wurde das Wort trotzdem gemacht: Wenn du noch einmal beginnst, sagt Earshot, ob es eines gibt.",
};

/** These texts in the language of others. */
export function enrollWords(words: Words): Words<keyof typeof en> {
  return new Words(words.locale, words.locale.startsWith("de") ? de : en);
}
