/** `kinora chat` on the whole screen, as somebody at a terminal sees it: a pseudo-terminal, and its screen as text. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const [ROWS, COLUMNS] = [32, 100];
/** A control sequence, one that is not whole yet, a control character, or a letter. */
const PARTS = /\x1b\[([?>]?)([\d;]*)([@-~])|\x1b\][^\x07]*\x07|\x1b[()].|\x1b[=>78c]|(\x1b.*$)|[\x00-\x1a\x1c-\x1f]|[^\x00-\x1f]/gsu;

/** What a terminal shows: as much of it as a program needs that says where each letter stands. */
export class Picture {
  private cells = blank();
  private rest = '';
  private row = 0;
  private column = 0;

  feed(text: string) {
    const all = this.rest + text;
    this.rest = '';
    for (const [part, mark, numbers, letter, begun] of all.matchAll(PARTS)) {
      if (begun !== undefined) this.rest = begun;
      else if (letter !== undefined) this.control(letter, mark ?? '', (numbers ?? '').split(';').map(Number));
      else if (!part.startsWith('\x1b')) this.put(part);
    }
  }

  get text(): string {
    return this.cells.map((row) => row.join('').trimEnd()).join('\n');
  }

  private put(letter: string) {
    if (letter === '\r') this.column = 0;
    else if (letter === '\b') this.column = Math.max(0, this.column - 1);
    else if (letter === '\n') this.feedLine();
    else if (letter >= ' ') {
      const row = this.cells[this.row];
      if (row && this.column < COLUMNS) row[this.column] = letter;
      this.column += 1;
    }
  }

  private feedLine() {
    this.row += 1;
    if (this.row < ROWS) return;
    this.row = ROWS - 1;
    this.cells = [...this.cells.slice(1), Array.from({ length: COLUMNS }, () => ' ')];
  }

  private control(letter: string, mark: string, [one = 0, two = 0]: number[]) {
    if (mark === '?' && one === 1049) this.cells = blank();
    if (mark) return;
    const by = Math.max(1, one);
    if (letter === 'H' || letter === 'f') [this.row, this.column] = [by - 1, Math.max(1, two) - 1];
    else if (letter === 'G') this.column = by - 1;
    else if (letter === 'd') this.row = by - 1;
    else if (letter === 'A') this.row -= by;
    else if (letter === 'B') this.row += by;
    else if (letter === 'C') this.column += by;
    else if (letter === 'D') this.column -= by;
    else if (letter === 'J' && one === 2) this.cells = blank();
    else if (letter === 'J') this.cells = this.cells.map((row, at) => (at > this.row ? row.map(() => ' ') : at === this.row ? this.cut(row) : row));
    else if (letter === 'K') this.cells = this.cells.map((row, at) => (at === this.row ? this.cut(row) : row));
  }

  private cut(row: string[]): string[] {
    return row.map((cell, at) => (at >= this.column ? ' ' : cell));
  }
}

const blank = () => Array.from({ length: ROWS }, () => Array.from({ length: COLUMNS }, () => ' '));

/** A program in a terminal. */
export class Screen {
  private readonly picture = new Picture();
  private readonly child: ChildProcess;
  private readonly over: Promise<unknown[]>;
  private isOver = false;
  private waiting: (() => void)[] = [];

  /** `script` has been everywhere for forty years; it makes the terminal, and ends with the program's own code. */
  constructor(program: string, options: string[], variables: Record<string, string>) {
    const command = `stty rows ${ROWS} cols ${COLUMNS}; exec "$PROGRAM" ${options.map((each) => `'${each}'`).join(' ')}`;
    const env = { ...process.env, SHELL: '/bin/sh', TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', PROGRAM: program, ...variables };
    this.child = spawn('script', ['-qefc', command, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.over = once(this.child, 'close');
    void this.over.then(() => this.wake((this.isOver = true)));
    const decoder = new StringDecoder();
    (this.child.stdout as Readable).on('data', (bytes: Buffer) => {
      this.picture.feed(decoder.write(bytes));
      this.wake();
    });
  }

  get text(): string {
    return this.picture.text;
  }

  /** What is seen, once all of this is. */
  async until(...wanted: (string | RegExp)[]): Promise<string> {
    const isSeen = (each: string | RegExp) => (typeof each === 'string' ? this.text.includes(each) : each.test(this.text));
    for (;;) {
      if (wanted.every(isSeen)) return this.text;
      if (this.isOver) throw new Error(`it ended, and ${String(wanted.filter((each) => !isSeen(each)))} was not seen:\n${this.text}`);
      await new Promise<void>((wake) => this.waiting.push(wake));
    }
  }

  press(keys: string) {
    (this.child.stdin as Writable).write(keys);
  }

  type(line: string) {
    this.press(`${line}\r`);
  }

  /** The code that it ends with. */
  async end(): Promise<number> {
    const [code] = await this.over;
    return code as number;
  }

  stop() {
    this.child.kill('SIGHUP');
  }

  private wake(_ = false) {
    for (const wake of this.waiting.splice(0)) wake();
  }
}
