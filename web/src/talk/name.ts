/**
 * Names of people: how they are folded, which are taken, and what they look like (Unicode Technical Standard 39).
 *
 * The browser knows nothing of lookalikes, and has a Unicode of its own age. What differs from one to the next stands in
 * `unicode.json`, which the other engine's tests write, so that both take and refuse the same names.
 */
import { Fault } from './fault';
import { utf8 } from './layout';
import { NAME_CHARS_MAX, NAME_CHARS_MIN, NAME_TYPED_MAX } from './limits';
import written from './unicode.json';

/** Stand between letters or digits, one at a time. */
const SEPARATORS = /[.\-_]/;
const SEPARATORS_ALL = /[.\-_]/g;
/** Names with which somebody could speak for the service. */
const RESERVED = ['admin', 'administrator', 'everyone', 'kinora', 'moderator', 'operator', 'root', 'security', 'server', 'support', 'system'];

interface Tables {
  kinds: string[];
  alphabet: string;
  fold: Record<string, string>;
  look: Record<string, string>;
}

const tables: Tables = written;

/** The folded form of a name as it was typed. */
export function named(typed: string): string {
  if (utf8(typed).length > NAME_TYPED_MAX) throw new Fault('name_invalid', 'it is too long');
  const name = fold(typed);
  check(name);
  const looks = skeleton(name);
  if (RESERVED.some((each) => skeleton(each) === looks)) throw new Fault('name_reserved');
  return name;
}

/** A name that has to be folded already, as certificates carry it. */
export function folded(text: string): string {
  if (named(text) !== text) throw new Fault('name_invalid', 'it is not in its folded form');
  return text;
}

/** What a name looks like: equal for names that people confuse. To be compared, never to be shown. */
export function skeleton(name: string): string {
  // Folding makes new lookalikes (a nought looks like O, which folds to o), and is therefore done between two looks.
  return look(look(name)).replace(SEPARATORS_ALL, '-');
}

function look(text: string): string {
  const prototypes = Array.from(text.normalize('NFD'), (char) => tables.look[char] ?? char).join('');
  return fold(prototypes.normalize('NFD'));
}

/** Compatible forms become one (NFKC), and so do cases; until nothing changes, for the one may undo the other. */
function fold(text: string): string {
  let now = text;
  for (let round = 0; round < 4; round += 1) {
    const cased = Array.from(now.normalize('NFKC'), (char) => tables.fold[char] ?? char.toLowerCase()).join('');
    now = cased.normalize('NFKC');
  }
  return now;
}

function check(name: string) {
  const chars = Array.from(name);
  if (chars.length < NAME_CHARS_MIN || chars.length > NAME_CHARS_MAX) throw new Fault('name_invalid', 'it has not 2 to 32 characters');
  const kinds = chars.map(kindOf);
  if (!kinds.every((kind) => kind !== undefined)) throw new Fault('name_invalid', 'it has a character that names cannot have');
  const isBare = (part: string) => part === '' || kindOf(Array.from(part)[0] as string)?.isMark !== false;
  if (name.split(SEPARATORS).some(isBare)) throw new Fault('name_invalid', "a letter or digit must stand on both sides of '.', '-' and '_'");
  if (!/^[\0-\x7f]*$/.test(name) && !isOfOneScript(kinds)) throw new Fault('name_invalid', 'it mixes scripts');
}

/** A character that names may have. `scripts` are those that it is written in, or nothing where it is in all. */
interface Kind {
  scripts: Set<string> | undefined;
  isMark: boolean;
}

/** One script, or Latin beside what Chinese, Japanese or Korean is written in ("highly restrictive"). */
function isOfOneScript(kinds: Kind[]): boolean {
  const all = kinds.map((kind) => kind.scripts).filter((scripts) => scripts !== undefined);
  const [first, ...rest] = all;
  if (!first || Array.from(first).some((script) => rest.every((scripts) => scripts.has(script)))) return true;
  const others = all.filter((scripts) => !scripts.has('Latn'));
  return WRITINGS.some((writing) => others.every((scripts) => writing.some((script) => scripts.has(script))));
}

const WRITINGS = [
  ['Hani', 'Bopo'],
  ['Hani', 'Hira', 'Kana'],
  ['Hani', 'Hang'],
];

/** Ranges of characters, ascending. */
interface Range {
  first: number;
  last: number;
  kind: Kind;
}

let alphabet: Range[] | undefined;

function kindOf(char: string): Kind | undefined {
  alphabet ??= unpacked();
  const code = char.codePointAt(0) as number;
  let [low, high] = [0, alphabet.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((alphabet[middle] as Range).last < code) low = middle + 1;
    else high = middle;
  }
  const found = alphabet[low];
  return found && found.first <= code ? found.kind : undefined;
}

/** Each range stands as its distance to the one before, how many follow its first, and its kind; in base 36. */
function unpacked(): Range[] {
  const kinds = tables.kinds.map((kind): Kind => {
    const scripts = kind.replace('^', '');
    return { scripts: scripts === '*' ? undefined : new Set(scripts.split(' ')), isMark: kind.startsWith('^') };
  });
  let at = 0;
  return tables.alphabet.split(' ').map((range) => {
    const [gap, more, kind] = range.split(',').map((digits) => Number.parseInt(digits, 36)) as [number, number, number];
    const first = at + gap;
    at = first + more;
    return { first, last: at, kind: kinds[kind] as Kind };
  });
}
