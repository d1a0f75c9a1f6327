/** Addresses of titles in this page: `/library/ID?t=751`, and with a permission for who was sent a link. */

export interface Watched {
  id: string;
  permission: string | null;
  /** Seconds from which to watch it; nothing, where one left it. */
  from: number | null;
}

const ADDRESS = /^\/(?:library|shared\/([0-9a-f]+))\/([0-9a-f]{32})$/;
const TIME = /[?&]t=(\d{1,7})(?:&|$)/;

/** Which title an address is of. */
export function watchedOf({ pathname, search }: Pick<Location, 'pathname' | 'search'>): Watched | null {
  const found = ADDRESS.exec(pathname);
  const from = TIME.exec(search)?.[1];
  return found ? { permission: found[1] ?? null, id: found[2] as string, from: from === undefined ? null : Number(from) } : null;
}

export const titlePath = (id: string, from?: number) => `/library/${id}${from === undefined ? '' : `?t=${Math.max(0, Math.floor(from))}`}`;

/** What somebody else calls a title may be anything. */
export const isTitle = (id: string) => /^[0-9a-f]{32}$/.test(id);
