/** Whether the number that another device shows is the one that is shown here. */

/** `incomplete`: it is no number of this kind at all. */
export type Verdict = 'same' | 'different' | 'incomplete';

const DIGITS = 60;

/** `text` as it was scanned or pasted: whatever stands between the digits is left out, in whichever width they were typed. */
export function compareNumbers(groups: string[], text: string): Verdict {
  const digits = text.normalize('NFKC').replace(/\D/g, '');
  if (digits.length !== DIGITS) return 'incomplete';
  return digits === groups.join('') ? 'same' : 'different';
}
