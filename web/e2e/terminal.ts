/** `kinora chat` in plain lines, as somebody types into it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { file, world } from './harness';
import type { Server } from './server';

export class Terminal {
  private readonly lines: string[] = [];
  private readonly child: ChildProcess;
  private waiting: (() => void)[] = [];

  /** `kinora chat` with these options, at a home of this name. */
  constructor(server: Server | undefined, home: string, ...options: string[]) {
    const place = ['--server', `127.0.0.1:${server?.mmp}`, '--plain'];
    this.child = spawn(world?.binary ?? '', ['chat', ...options, ...place], { env: homed(home), stdio: 'pipe' });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      createInterface({ input: stream as Readable }).on('line', (line) => {
        this.lines.push(line);
        for (const wake of this.waiting.splice(0)) wake();
      });
    }
  }

  /** Somebody who is there. */
  static async start(server: Server | undefined, name: string, home = name): Promise<Terminal> {
    const terminal = new Terminal(server, home, '--line', '--name', name);
    await terminal.until(/^you are /);
    await terminal.until(/ people, /);
    return terminal;
  }

  type(line: string) {
    (this.child.stdin as Writable).write(`${line}\n`);
  }

  /** The first line like this. */
  async until(like: RegExp): Promise<string> {
    for (;;) {
      const found = this.lines.find((line) => like.test(line));
      if (found !== undefined) return found;
      await new Promise<void>((wake) => this.waiting.push(wake));
    }
  }

  /** From the first line like this to the first one behind it like that. */
  async between(first: RegExp, last: RegExp): Promise<string> {
    await this.until(last);
    const begin = this.lines.findIndex((line) => first.test(line));
    const end = this.lines.findIndex((line, at) => at > begin && last.test(line));
    return this.lines.slice(begin, end + 1).join('\n');
  }

  /** The code that it ends with by itself. */
  async over(): Promise<number | null> {
    if (this.child.exitCode === null) await new Promise((done) => this.child.once('exit', done));
    return this.child.exitCode;
  }

  /** Says what it showed. */
  describe() {
    console.log(`a terminal:\n${this.lines.join('\n')}`);
  }

  end() {
    this.child.stdin?.end();
  }
}

/** Where somebody's own things lie. */
export const homed = (home: string): NodeJS.ProcessEnv => ({ ...process.env, XDG_DATA_HOME: file(`home-${home}`) });
