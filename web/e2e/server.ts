/** A real server on ports of its own, with what it says in a file. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface Server {
  port: number;
  /** Of the other door, which comes first. */
  mmp: number;
  stop(): Promise<void>;
}

/** Starts a server whose data lies in `place` under this name. */
export async function serve(binary: string, place: string, name: string, settings: string[]): Promise<Server> {
  const ports = ['--http-listen', '127.0.0.1:0', '--mmp-listen', '127.0.0.1:0', '--data', join(place, name)];
  const all = [...ports, ...settings.flatMap((setting) => ['--set', setting])];
  const path = join(place, `${name}.log`);
  const log = openSync(path, 'w');
  const server = spawn(binary, ['serve', ...all], { stdio: ['ignore', 'pipe', log] });
  closeSync(log);
  const over = new Promise<void>((done) => server.once('exit', () => done()));
  let mmp = 0;
  for await (const line of createInterface({ input: server.stdout as Readable })) {
    mmp = Number(/^listening mmp .*:(\d+)$/.exec(line)?.[1] ?? mmp);
    const found = /^listening http .*:(\d+)$/.exec(line);
    if (!found) continue;
    const stop = () => {
      server.kill('SIGTERM');
      return over;
    };
    return { port: Number(found[1]), mmp, stop };
  }
  throw new Error(`the server has ended before it listened:\n${readFileSync(path, 'utf8')}`);
}
