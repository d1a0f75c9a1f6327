/** The words of the language that is spoken now. Another language is one more file and one more row here. */
import { en, type Words } from './en';
import { ja } from './ja';
import { keep, kept } from '../state/keep';

export const LANGUAGES = { en: 'English', ja: '日本語' } as const;
export type Language = keyof typeof LANGUAGES;

const ALL: Record<Language, Words> = { en, ja };
const KEY = 'language';

/** The first language of the browser that the page speaks. */
export function preferred(wanted: readonly string[], chosen: string | null): Language {
  const known = [chosen ?? '', ...wanted].map((tag) => tag.split('-')[0]?.toLowerCase());
  return (known.find((tag) => tag !== undefined && tag in ALL) as Language | undefined) ?? 'en';
}

class Speech {
  language = $state<Language>(preferred(navigator.languages, kept(KEY)));
  words = $derived(ALL[this.language]);

  choose(language: Language) {
    this.language = language;
    keep(KEY, language);
  }
}

export const speech = new Speech();

/** A word that the server names: ours if we have it, else its own. */
export function named(table: Record<string, string>, name: string): string {
  return Object.hasOwn(table, name) ? (table[name] as string) : name;
}
