/** The session's jobs as the server tells of them. */
import { listen } from '../api/events';
import type { Job } from '../api/shapes';
import { uploads } from './uploads.svelte';

class Jobs {
  private byId = $state<Record<string, Job>>({});
  isConnected = $state(true);
  /** The newest first. */
  list = $derived(Object.values(this.byId).sort((a, b) => b.created_at_ms - a.created_at_ms || (a.id < b.id ? 1 : -1)));

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
    delete this.byId[id];
  }
}

export const jobs = new Jobs();
