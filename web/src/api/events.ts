/** Listens to what becomes of the session's jobs, and comes back after every loss. */
import { renewSession } from './client';
import type { Job } from './shapes';

export interface Listener {
  job(job: Job): void;
  gone(id: string): void;
  connected(is: boolean): void;
}

/** Milliseconds before a stream that was refused is asked for again; one that broke off returns by itself. */
const AGAIN = 3000;

/** Listens until the returned function is called. */
export function listen(listener: Listener): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    source = new EventSource('/api/events');
    source.addEventListener('open', () => listener.connected(true));
    source.addEventListener('job', (event) => listener.job(JSON.parse(event.data) as Job));
    source.addEventListener('gone', (event) => listener.gone((JSON.parse(event.data) as { id: string }).id));
    source.addEventListener('error', () => {
      listener.connected(false);
      if (source.readyState === EventSource.CLOSED) {
        // Refused outright: perhaps the session is over.
        timer = setTimeout(() => renewSession().then(open, open), AGAIN);
      }
    });
  };
  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
