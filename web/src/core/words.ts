import { en } from "./en";

/** A text, or its forms by number; {name} stands for a value. */
export type Text = string | { one: string; other: string };
export type Key = keyof typeof en;
export type Catalogue = Record<Key, Text>;

/** The languages there are beside English, each fetched when it is needed. */
const others: Record<string, () => Promise<Catalogue>> = {
  de: async () => (await import("./de")).de,
};

/** Words tells things in one language, and writes its numbers. */
export class Words<K extends string = Key> {
  #plural: Intl.PluralRules;
  #number: Intl.NumberFormat;

  constructor(readonly locale = "en", private catalogue: Record<K, Text> = en as unknown as Record<K, Text>) {
    this.#plural = new Intl.PluralRules(locale);
    this.#number = new Intl.NumberFormat(locale);
  }

  /** In the best language of a list as navigator.languages is; English when there is none of them, or it cannot be fetched. */
  static async load(languages: readonly string[]): Promise<Words> {
    for (const locale of languages) {
      const language = locale.split("-")[0]!.toLowerCase();
      if (language === "en") return new Words(locale);
      const load = others[language];
      if (load) return load().then((catalogue) => new Words(locale, catalogue), () => new Words());
    }
    return new Words();
  }

  /** The text of a key. The value n chooses between the forms by number. */
  t(key: K, values: Record<string, string | number> = {}): string {
    const text: Text = this.catalogue[key];
    const form = typeof text === "string" ? text : this.#plural.select(Number(values["n"])) === "one" ? text.one : text.other;
    return form.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name] ?? "";
      return typeof value === "number" ? this.#number.format(value) : value;
    });
  }
}
