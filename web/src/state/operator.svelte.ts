/** What the server counts, sampled while somebody looks, with a few minutes of the past. */
import { metrics, Refused, share } from '../api/client';
import { parse, rate, sum, type Sample } from '../logic/metrics';

const EVERY = 2000;
/** Five minutes. */
const MOST = 150;

/** One moment; rates are per second since the moment before. */
export interface Moment {
  at: number;
  queue: number;
  running: number;
  received: number;
  sent: number;
  /** Processor seconds per second, of FFmpeg processes that have ended: cores. */
  cores: number;
}

class Operator {
  samples = $state.raw<Sample[]>([]);
  history = $state.raw<Moment[]>([]);
  isAway = $state(false);
  /** How the processor is divided, in the server's words. */
  share = $state('');
  private last: { at: number; samples: Sample[] } | undefined;

  /** Asks until the returned function is called. */
  watch(): () => void {
    const asked = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const look = async () => {
      try {
        this.take(performance.now(), parse(await metrics(asked.signal)));
        this.isAway = false;
      } catch (error) {
        if (asked.signal.aborted) return;
        this.isAway = error instanceof Refused && [401, 403, 404].includes(error.status);
      }
      timer = setTimeout(() => void look(), EVERY);
    };
    void look();
    share().then(
      (words) => (this.share = words),
      () => {},
    );
    return () => {
      asked.abort();
      clearTimeout(timer);
      this.last = undefined;
    };
  }

  count(name: string, labels?: Record<string, string>): number | undefined {
    return sum(this.samples, name, labels);
  }

  private take(at: number, samples: Sample[]) {
    const { last } = this;
    const speed = (name: string) =>
      last ? rate(sum(last.samples, name), sum(samples, name), (at - last.at) / 1000) : 0;
    const moment: Moment = {
      at: at / 1000,
      queue: sum(samples, 'kinora_queue_length') ?? 0,
      running: sum(samples, 'kinora_jobs', { state: 'processing' }) ?? 0,
      received: speed('kinora_received_bytes_total'),
      sent: speed('kinora_sent_bytes_total'),
      cores: speed('kinora_ffmpeg_cpu_seconds_total'),
    };
    this.last = { at, samples };
    this.samples = samples;
    this.history = [...this.history, moment].slice(-MOST);
  }
}

export const operator = new Operator();
