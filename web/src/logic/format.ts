/** Numbers as people read them, in their language. */

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes with three digits and decimal units, as file managers and the server count. */
export function bytes(count: number, language: string): string {
  let value = count;
  let unit = 0;
  // What would be rounded to 1000 is one of the next unit.
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.max(value, 1))));
  return `${number(value, language, digits)} ${BYTE_UNITS[unit]}`;
}

/** A time in a video: `1:02:03.4`. */
export function clock(seconds: number, decimals = 0): string {
  const scale = 10 ** decimals;
  const rounded = Math.round(Math.max(0, seconds) * scale);
  const whole = Math.floor(rounded / scale);
  const part = decimals > 0 ? `.${String(rounded % scale).padStart(decimals, '0')}` : '';
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  const front = hours > 0 ? `${hours}:${two(minutes)}` : `${minutes}`;
  return `${front}:${two(rest)}${part}`;
}

/** A time that is still to pass, no more exact than it is known. */
export function span(seconds: number, language: string): string {
  const unit = seconds < 60 ? 'second' : seconds < 5400 ? 'minute' : 'hour';
  const value = { second: seconds, minute: seconds / 60, hour: seconds / 3600 }[unit];
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: unit === 'hour' ? 1 : 0,
  }).format(Math.max(1, value));
}

/** 0 to 1 as per cent. */
export function percent(fraction: number, language: string, digits = 0): string {
  const options = { style: 'percent', maximumFractionDigits: digits } as const;
  return new Intl.NumberFormat(language, options).format(fraction);
}

/** A number with so many digits after the point. */
export function number(value: number, language: string, digits = 0): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language, options).format(value);
}

/** What the result saves: 0.6 when it has 40 of 100 bytes. Negative when it has grown. */
export function saving(before: number, after: number): number {
  return before > 0 ? 1 - after / before : 0;
}
