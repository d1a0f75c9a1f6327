/** The session's jobs as the server tells of them. */
import { listen } from '../api/events';
import type { Job } from '../api/shapes';
import { keep, keptJson } from './keep';
import { uploads } from './uploads.svelte';

/** Jobs that the user does not want to see any more; older ones the server has forgotten itself. */
const MOST_HIDDEN = 200;

class Jobs {
  private hidden = $state(keptJson<string[]>('hidden', []));
  private byId = $state<Record<string, Job>>({});
  isConnected = $state(true);
  /** The newest first. */
  list = $derived(
    Object.values(this.byId)
      .filter((job) => !this.hidden.includes(job.id))
      .sort((a, b) => b.created_at_ms - a.created_at_ms || (a.id < b.id ? 1 : -1)),
  );

  start(): () => void {
    return listen({
      job: (job) => this.put(job),
      gone: (id) => delete this.byId[id],
      connected: (is) => (this.isConnected = is),
    });
  }

  put(job: Job) {
    this.byId[job.id] = job;
    uploads.became(job.id);
  }

  hide(id: string) {
    this.hidden = [...this.hidden, id].slice(-MOST_HIDDEN);
    keep('hidden', JSON.stringify(this.hidden));
  }
}

export const jobs = new Jobs();
