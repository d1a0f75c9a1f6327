/**
 * Uploads on their way, one after the other. What is not finished is remembered by this browser: after a reload the same
 * file, chosen again, goes on where it stopped.
 */
import type { DetailedError, Upload as Tus } from 'tus-js-client';
import { problemOf, renewSession } from '../api/client';
import type { Options, Problem } from '../api/shapes';
import { keep, keptJson, onChange } from './keep';
import type { Local } from './local.svelte';

/** What is remembered of an upload. */
interface Note {
  url: string;
  name: string;
  size: number;
  modified: number;
  operation: string;
  options: Options;
  sent: number;
  poster?: string;
  /** When the tab that sends it last said so: milliseconds since 1970. */
  beat: number;
}

export type UploadState = 'waiting' | 'sending' | 'paused' | 'lost' | 'refused' | 'needs_file' | 'elsewhere' | 'finishing';

const KEY = 'uploads';
const BEAT = 1500;
/** A tab that has said nothing for this long is gone. */
const SILENT = 3 * BEAT;
/** Waits between tries; the last one is repeated while the page is open. */
const DELAYS = [300, 1000, 2000, 4000, 8000, ...Array<number>(500).fill(15_000)];
/** Refusals that may pass by themselves: others hold the room or the turn. */
const PASSING = new Set([408, 409, 423, 429, 460, 503, 507]);

let count = 0;

export class Upload {
  readonly key = `u${(count += 1)}`;
  state = $state<UploadState>('waiting');
  sent = $state(0);
  /** Bytes a second. */
  rate = $state(0);
  problem = $state<Problem>();
  url = $state<string>();
  local = $state<Local>();
  keptPoster: string | undefined;
  private tus: Tus | undefined;
  private marks: { at: number; sent: number }[] = [];

  constructor(
    readonly name: string,
    readonly size: number,
    readonly modified: number,
    readonly operation: string,
    readonly options: Options,
  ) {}

  get id() {
    return this.url?.split('/').pop();
  }

  get poster() {
    return this.local?.poster ?? this.keptPoster;
  }

  isOf(file: File) {
    return file.name === this.name && file.size === this.size && file.lastModified === this.modified;
  }

  /** Sends until the end, a pause, or a refusal; the end is told by the server's job of the same id. */
  async begin(done: (id: string) => void, over: () => void) {
    if (!this.local) return;
    this.state = 'sending';
    this.problem = undefined;
    this.marks = [];
    // Not part of the shell: it comes while the user is still choosing.
    const { Upload: Tus } = await import('tus-js-client');
    // Paused, or thrown away, in the meantime.
    if (this.state !== 'sending') return;
    const tus = new Tus(this.local.file, {
      endpoint: '/files/',
      ...(this.url ? { uploadUrl: this.url } : {}),
      metadata: { filename: this.name, operation: this.operation, options: JSON.stringify(this.options) },
      retryDelays: DELAYS,
      storeFingerprintForResuming: false,
      onUploadUrlAvailable: () => {
        if (tus.url) this.url = new URL(tus.url, location.href).pathname;
      },
      onProgress: (sent) => this.progress(sent),
      onShouldRetry: (error) => this.again(error),
      onSuccess: () => this.id && done(this.id),
      onError: (error) => {
        this.state = 'refused';
        this.problem = said(error);
        over();
      },
    });
    this.tus = tus;
    tus.start();
  }

  async stop(isForEver: boolean) {
    // At once: who is about to begin looks at it, and must not send what has just been thrown away.
    this.state = 'paused';
    await this.tus?.abort(false);
    if (isForEver && this.url) await fetch(this.url, { method: 'DELETE', headers: { 'tus-resumable': '1.0.0' } }).catch(() => {});
  }

  note(beat: number): Note | undefined {
    const { url, name, size, modified, operation, options, sent } = this;
    if (!url) return undefined;
    const note = { url, name, size, modified, operation, options: { ...options }, sent, beat };
    return this.poster ? { ...note, poster: this.poster } : note;
  }

  /** Whether this tab is the one that sends it. */
  get isOurs() {
    return this.state !== 'elsewhere' && this.state !== 'needs_file';
  }

  private progress(sent: number) {
    this.sent = sent;
    this.state = sent < this.size ? 'sending' : 'finishing';
    const now = performance.now();
    this.marks = [...this.marks.filter((mark) => now - mark.at < 4000 && mark.sent <= sent), { at: now, sent }];
    const first = this.marks[0];
    if (first && now - first.at > 300) this.rate = ((sent - first.sent) / (now - first.at)) * 1000;
  }

  private again(error: Error) {
    const status = answerTo(error)?.getStatus() ?? 0;
    if (status === 401) void renewSession().catch(() => {});
    const passes = status === 0 || status === 401 || status >= 500 || PASSING.has(status);
    if (passes && this.state !== 'paused') this.state = status === 429 || status === 507 ? 'waiting' : 'lost';
    this.problem = passes && status > 0 ? said(error) : undefined;
    this.rate = 0;
    this.marks = [];
    return passes;
  }
}

class Uploads {
  all = $state<Upload[]>([]);
  /** Files of this tab by the job that became of them. */
  readonly locals = new Map<string, Local>();

  constructor() {
    this.recall();
    onChange(KEY, () => this.recall());
    setInterval(() => {
      this.remember();
      this.recall();
    }, BEAT);
    addEventListener('online', () => this.next());
    // Nobody sends it any more once this page is gone.
    addEventListener('pagehide', () => this.remember(0));
  }

  add(local: Local, operation: string, options: Options) {
    const { name, size, lastModified } = local.file;
    const upload = new Upload(name, size, lastModified, operation, options);
    upload.local = local;
    this.all.push(upload);
    this.next();
  }

  /** Goes on with the file that the user has chosen once more. */
  resume(upload: Upload, local?: Local) {
    if (local) upload.local = local;
    upload.state = 'waiting';
    this.next();
  }

  /** An interrupted upload of exactly this file. */
  interrupted(file: File) {
    return this.all.find((upload) => upload.state === 'needs_file' && upload.isOf(file));
  }

  async pause(upload: Upload) {
    await upload.stop(false);
    this.next();
  }

  async drop(upload: Upload) {
    this.forget(upload);
    await upload.stop(true);
    this.next();
  }

  /** The server has made a job of it. */
  became(id: string) {
    const upload = this.all.find((each) => each.id === id);
    if (!upload) return;
    if (upload.local) this.locals.set(id, upload.local);
    if (upload.poster) posters.put(id, upload.poster);
    this.forget(upload);
    this.next();
  }

  private forget(upload: Upload) {
    this.all = this.all.filter((each) => each !== upload);
    const notes = keptJson<Note[]>(KEY, []).filter((note) => note.url !== upload.url);
    keep(KEY, JSON.stringify(notes));
  }

  /** Begins the next one when none is on its way. */
  private next() {
    const isBusy = this.all.some((each) => ['sending', 'lost', 'finishing'].includes(each.state));
    const next = this.all.find((each) => each.state === 'waiting' && each.local);
    if (!isBusy && next) void next.begin((id) => this.became(id), () => this.next());
  }

  private remember(beat = Date.now()) {
    const ours = this.all.filter((upload) => upload.isOurs).flatMap((upload) => upload.note(beat) ?? []);
    const urls = new Set(ours.map((note) => note.url));
    const others = keptJson<Note[]>(KEY, []).filter((note) => !urls.has(note.url));
    if (ours.length > 0) keep(KEY, JSON.stringify([...others, ...ours]));
  }

  /** Takes up what other tabs, and this one before a reload, have left. */
  private recall() {
    const notes = keptJson<Note[]>(KEY, []);
    for (const note of notes) {
      const isSent = Date.now() - note.beat < SILENT;
      const known = this.all.find((upload) => upload.url === note.url);
      if (known?.isOurs) continue;
      const upload = known ?? this.recalled(note);
      upload.sent = note.sent;
      const state = isSent ? 'elsewhere' : 'needs_file';
      if (upload.state !== state) {
        upload.state = state;
        if (state === 'needs_file') void this.verify(upload);
      }
    }
    const urls = new Set(notes.map((note) => note.url));
    const isLeft = (upload: Upload) => upload.isOurs || (upload.url !== undefined && urls.has(upload.url));
    if (!this.all.every(isLeft)) this.all = this.all.filter(isLeft);
  }

  private recalled(note: Note) {
    const upload = new Upload(note.name, note.size, note.modified, note.operation, note.options);
    upload.url = note.url;
    upload.keptPoster = note.poster;
    this.all.push(upload);
    return upload;
  }

  /** Asks the server how much it has, and whether it still has it at all. */
  private async verify(upload: Upload) {
    const { url } = upload;
    if (!url) return;
    const answer = await fetch(url, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } }).catch(() => undefined);
    if (answer?.ok) upload.sent = Number(answer.headers.get('upload-offset') ?? upload.sent);
    else if (answer?.status === 404) this.forget(upload);
  }
}

/** Small pictures of jobs, so that a list looks the same after a reload. */
class Posters {
  private all = keptJson<[string, string][]>('posters', []);
  private static readonly MOST = 40;

  put(id: string, poster: string) {
    this.all = [...this.all.filter(([each]) => each !== id), [id, poster] as [string, string]].slice(-Posters.MOST);
    keep('posters', JSON.stringify(this.all));
  }

  of(id: string) {
    return this.all.find(([each]) => each === id)?.[1];
  }
}

const answerTo = (error: Error | DetailedError) => ('originalResponse' in error ? error.originalResponse : null);

function said(error: Error | DetailedError): Problem {
  const response = answerTo(error);
  return response ? problemOf(response.getStatus(), response.getBody()) : { code: 'unreachable', description: error.message, solution: '' };
}

export const posters = new Posters();
export const uploads = new Uploads();
