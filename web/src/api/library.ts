/** The library as the server tells it. */
import { ask } from './client';

export interface Title {
  id: string;
  name: string;
  duration_ms: number;
  /** Pixels on the screen. */
  width: number;
  height: number;
  size: number;
  added_at_ms: number;
  codecs: string[];
  languages: string[];
  /** What begins with this may be fetched by whoever has the address. */
  url: string;
  expires_at_s: number | null;
  hls_url: string | null;
  staged_url: string | null;
  poster_url: string | null;
  storyboard_url: string | null;
  /** Why it cannot be played yet. */
  obstacle: string | null;
  /** 0 to 1 of the renditions that are being made; null when nothing is. */
  progress: number | null;
  /** Until that is made, with all before it; null when it cannot be told. */
  remaining_seconds: number | null;
  /** People's jobs come first. */
  is_waiting: boolean;
  /** Titles before it that are worked on first; null when its turn has come. */
  ahead: number | null;
}

export interface TitleList {
  titles: Title[];
  total: number;
  is_there: boolean;
}

export type Sort = 'name' | 'added' | 'duration';

export const titles = (search: string, sort: Sort, offset: number, limit: number, signal?: AbortSignal) =>
  ask<TitleList>('GET', `/api/library?${new URLSearchParams({ search, sort, offset: String(offset), limit: String(limit) })}`, undefined, signal);

export const title = (id: string) => ask<Title>('GET', `/api/library/${encodeURIComponent(id)}`);

/** The same for who has nothing but a link. */
export const shared = (permission: string, id: string) =>
  ask<Title>('GET', `/watch/${encodeURIComponent(permission)}/${encodeURIComponent(id)}/title`);
