/** Links to titles, for whoever runs the server. */
import { ask } from './client';

export interface Link {
  id: string;
  /** Of the title. */
  name: string;
  /** Whose token asked for it. */
  holder: string | null;
  expires_at_s: number;
}

export const links = () => ask<{ links: Link[] }>('GET', '/api/links');

/** From now on it opens nothing. */
export const revoke = (id: string) => ask<null>('DELETE', `/api/links/${encodeURIComponent(id)}`);
