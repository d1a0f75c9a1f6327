/** Lines for small charts, as SVG paths in a box of 100 by 100. */

export interface Dot {
  x: number;
  y: number;
}

/** A path through all dots; `x` and `y` are in the units of `span` and `from` to `to`. */
export function line(dots: Dot[], span: number, from: number, to: number): string {
  if (dots.length === 0 || span <= 0 || to <= from) return '';
  const place = ({ x, y }: Dot) => {
    const across = (x / span) * 100;
    const down = 100 - ((Math.min(Math.max(y, from), to) - from) / (to - from)) * 100;
    return `${round(across)} ${round(down)}`;
  };
  return `M${dots.map(place).join('L')}`;
}

/** The same as an area down to the floor. */
export function area(dots: Dot[], span: number, from: number, to: number): string {
  const path = line(dots, span, from, to);
  const [first, last] = [dots[0], dots[dots.length - 1]];
  if (path === '' || !first || !last) return '';
  return `${path}L${round((last.x / span) * 100)} 100L${round((first.x / span) * 100)} 100Z`;
}

const round = (value: number) => Math.round(value * 100) / 100;
