/** The text form of Prometheus, as far as the operator's view needs it. */

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** All samples of a page; lines that are none are passed over. */
export function parse(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    const [, name, inner, number] = found ?? [];
    if (name === undefined || number === undefined || Number.isNaN(Number(number))) return [];
    const labels = [...(inner ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]);
    return [{ name, labels: Object.fromEntries(labels) as Record<string, string>, value: Number(number) }];
  });
}

/** The sum over all samples of a name with these labels; nothing when there are none. */
export function sum(samples: Sample[], name: string, labels: Record<string, string> = {}): number | undefined {
  const wanted = Object.entries(labels);
  const found = samples.filter(
    (sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value),
  );
  return found.length === 0 ? undefined : found.reduce((total, sample) => total + sample.value, 0);
}

/** How fast a count grew, per second. A server that began anew has grown by nothing. */
export function rate(before: number | undefined, after: number | undefined, seconds: number): number {
  if (before === undefined || after === undefined || seconds <= 0) return 0;
  return Math.max(0, after - before) / seconds;
}
