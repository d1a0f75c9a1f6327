/** What is being prepared: files that were chosen, what is wished for, and whether the server would take it. */
import { check, operations, Refused } from '../api/client';
import type { Operation, Options, Problem, Value } from '../api/shapes';
import type { Mistake } from '../logic/validate';
import { instead } from '../compose/form';
import { Local } from './local.svelte';
import { uploads } from './uploads.svelte';

/** What a form begins with: something sensible that can be started at once. */
const BEGIN: Record<string, Options> = {
  compress: { quality: 'near-original', for: 'compatible' },
  resize: { size: '720p' },
  aspect: { ratio: '9:16', fit: 'crop' },
  audio: { format: 'mp3' },
  convert: { format: 'mkv' },
};
/** Milliseconds after the last change before the server is asked. */
const PAUSE = 250;

class Compose {
  files = $state<Local[]>([]);
  shown = $state(0);
  operations = $state<Operation[]>([]);
  largest = $state(Number.POSITIVE_INFINITY);
  /** Whether results can be put into the library. */
  canKeep = $state(false);
  private chosen = $state('compress');
  private forms = $state<Record<string, Options>>({});
  mistakes = $state<Record<string, Mistake>>({});
  /** What the server has against it. */
  problem = $state<Problem>();

  operation = $derived(this.operations.find((each) => each.name === this.chosen) ?? this.operations[0]);
  options = $derived(this.forms[this.operation?.name ?? ''] ?? {});
  file = $derived(this.files[Math.min(this.shown, this.files.length - 1)]);
  tooLarge = $derived(this.files.filter((local) => local.file.size > this.largest));
  isReady = $derived(
    this.files.length > 0 && this.tooLarge.length === 0 && !this.problem && Object.keys(this.mistakes).length === 0,
  );

  async load() {
    const list = await operations();
    this.operations = list.operations;
    this.largest = list.largest_file;
    this.canKeep = list.can_keep;
    for (const { name } of list.operations) this.forms[name] ??= { ...BEGIN[name] };
  }

  /** Takes files in; those of an interrupted upload go on instead. */
  take(files: File[]) {
    for (const file of files) {
      const interrupted = uploads.interrupted(file);
      if (interrupted) uploads.resume(interrupted, new Local(file));
      else this.files.push(new Local(file));
    }
  }

  drop(local: Local) {
    this.files = this.files.filter((each) => each !== local);
    this.shown = Math.min(this.shown, Math.max(0, this.files.length - 1));
  }

  clear() {
    this.files = [];
    this.shown = 0;
    this.forget();
  }

  choose(name: string) {
    this.chosen = name;
    this.mistakes = {};
    this.problem = undefined;
  }

  /** Prepares the same order as another one. */
  repeat(operation: string, options: Options) {
    this.choose(operation);
    this.forms[operation] = { ...options };
  }

  set(name: string, value: Value | undefined) {
    const form = { ...this.options };
    if (value === undefined) delete form[name];
    else {
      form[name] = value;
      for (const other of instead(this.operation?.name ?? '', name)) {
        delete form[other];
        delete this.mistakes[other];
      }
    }
    if (this.operation) this.forms[this.operation.name] = form;
    delete this.mistakes[name];
  }

  fault(name: string, mistake: Mistake) {
    this.mistakes[name] = mistake;
  }

  start() {
    if (!this.isReady || !this.operation) return;
    for (const local of this.files) uploads.add(local, this.operation.name, { ...this.options });
    this.clear();
  }

  /** Asks the server whether it would take the order as it stands; call from an effect. */
  watch() {
    const [operation, options] = [this.operation?.name, { ...this.options }];
    if (!operation) return;
    const asked = new AbortController();
    const timer = setTimeout(async () => {
      try {
        await check(operation, options, asked.signal);
        this.problem = undefined;
      } catch (error) {
        if (error instanceof Refused && error.status === 422) this.problem = error.problem;
      }
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      asked.abort();
    };
  }

  /** A part of one video means nothing for the next. */
  private forget() {
    for (const form of Object.values(this.forms)) {
      delete form['start'];
      delete form['end'];
      delete form['duration'];
    }
  }
}

export const compose = new Compose();
