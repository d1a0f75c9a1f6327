/**
 * Sealed files on their way to the server and from it (docs/talk.md, "Files"): piece by piece, so that neither file is ever
 * in memory whole, and what broke off goes on with the same bytes.
 */
import { Opener, sealedSize, Sealer, type Attachment } from './attachment';
import { Fault } from './fault';
import { joined, type Bytes } from './layout';

const PLACE = '/api/talk/parcels';
/** Bytes that one request brings, and that are kept until they have arrived. */
const PIECE = 4 * 1024 * 1024;
/** A piece is tried so often, after pauses that double. */
const TRIES = 6;
const PAUSE_FIRST_MS = 500;

/** What the server said, by its code. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    /** Bytes that a file may have, where that is what was wrong. */
    readonly most?: number,
  ) {
    super(code);
    this.name = 'Refusal';
  }

  /** Whether the same may be taken later: nothing came back, the server stumbled, or the connection that gave the pass is gone. */
  get mayPass(): boolean {
    return this.status === 0 || this.status >= 500 || this.status === 429 || this.code === 'pass_required';
  }
}

/** What an act is watched and ended by. */
export interface Watch {
  /** So many bytes of the file are done. */
  progress(done: number): void;
  signal: AbortSignal;
}

export class Parcels {
  /** `pass` is what shows the server who asks; another one after each connection. */
  constructor(
    private readonly pass: () => string | undefined,
    private readonly ask: typeof fetch = (...all) => fetch(...all),
  ) {}

  /** Seals a file for somebody and leaves it at the server. Gives what its message has to say. */
  async send(to: string, file: File, described: Pick<Attachment, 'name' | 'mediaType'>, { progress, signal }: Watch): Promise<Attachment> {
    const key = crypto.getRandomValues(new Uint8Array(32));
    const sealer = new Sealer(key, file.size);
    const parcel = await this.reserve(to, sealedSize(file.size), signal);
    try {
      let [read, sent] = [0, 0];
      while (sealer.wants !== undefined) {
        signal.throwIfAborted();
        const piece = await sealed(sealer, file, read);
        read = piece.read;
        await this.bring(parcel, sent, piece.bytes, signal);
        sent += piece.bytes.length;
        progress(Math.min(read, file.size));
      }
    } catch (error) {
      // Nobody will ask for it.
      void this.part(parcel);
      throw error;
    }
    return { parcel, key, size: file.size, ...described };
  }

  /** Fetches a file and gives its content, chunk by chunk. It is whole when this is over. */
  async receive({ parcel, key, size }: Attachment, take: (content: Bytes) => Promise<void>, { progress, signal }: Watch): Promise<void> {
    const opener = new Opener(key, size);
    let [rest, done, fetched] = [new Uint8Array() as Bytes, 0, 0];
    for (let tries = 1; opener.wants !== undefined; tries += 1) {
      try {
        const headers: Record<string, string> = fetched > 0 ? { range: `bytes=${fetched}-` } : {};
        const { body } = await this.request('GET', `/${parcel}`, { headers, signal });
        for await (const bytes of pieces(body)) {
          signal.throwIfAborted();
          fetched += bytes.length;
          rest = joined(rest, bytes);
          while (opener.wants !== undefined && rest.length >= opener.wants) {
            const length = opener.wants;
            const content = await opener.open(rest.slice(0, length));
            rest = rest.slice(length);
            await take(content);
            progress((done += content.length));
            tries = 1;
          }
        }
        // It ended too early.
        if (opener.wants !== undefined) throw new Refusal('unreachable', 0);
      } catch (error) {
        await again(error, tries, signal);
      }
    }
  }

  /** This device has it, and needs it no more. When the server forgets it there is of no matter. */
  async part(parcel: string): Promise<void> {
    await this.request('DELETE', `/${parcel}`).catch(() => undefined);
  }

  private async reserve(to: string, size: number, signal: AbortSignal): Promise<string> {
    const headers = { 'content-type': 'application/json' };
    const answer = await this.request('POST', '', { headers, body: JSON.stringify({ to, size }), signal });
    const { id } = (await answer.json()) as { id?: unknown };
    if (typeof id !== 'string' || !/^[0-9a-f]{32}$/.test(id)) throw new Refusal('unreachable', 0);
    return id;
  }

  /** Brings a piece that begins there. What of it has arrived already is not sent again. */
  private async bring(parcel: string, begin: number, piece: Bytes, signal: AbortSignal): Promise<void> {
    let from = 0;
    for (let tries = 1; ; tries += 1) {
      try {
        if (tries > 1) from = (await this.offset(parcel, signal)) - begin;
        if (from < 0 || from > piece.length) throw new Refusal('offset_mismatch', 409);
        if (from === piece.length) return;
        const headers = { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(begin + from) };
        await this.request('PATCH', `/${parcel}`, { headers, body: piece.subarray(from), signal });
        return;
      } catch (error) {
        await again(error, tries, signal);
      }
    }
  }

  private async offset(parcel: string, signal: AbortSignal): Promise<number> {
    const { headers } = await this.request('HEAD', `/${parcel}`, { signal });
    return Number(headers.get('upload-offset') ?? Number.NaN);
  }

  private async request(method: string, path: string, more: RequestInit = {}): Promise<Response> {
    const pass = this.pass();
    if (!pass) throw new Refusal('pass_required', 401);
    const headers = { accept: 'application/json', ...(more.headers as Record<string, string>), 'talk-pass': pass };
    const response = await this.ask(PLACE + path, { ...more, method, headers }).catch((error: unknown) => {
      if (more.signal?.aborted) throw error;
      throw new Refusal('unreachable', 0);
    });
    if (response.ok) return response;
    const { code, most } = (await response.json().catch(() => ({}))) as { code?: unknown; most?: unknown };
    throw new Refusal(typeof code === 'string' ? code : 'unreachable', response.status, typeof most === 'number' ? most : undefined);
  }
}

/** As many chunks as one request brings. */
async function sealed(sealer: Sealer, file: File, from: number): Promise<{ bytes: Bytes; read: number }> {
  const chunks: Bytes[] = [];
  let [length, read] = [0, from];
  while (sealer.wants !== undefined && length < PIECE) {
    const content = await contentOf(file, read, sealer.wants);
    read += content.length;
    const chunk = await sealer.seal(content);
    chunks.push(chunk);
    length += chunk.length;
  }
  return { bytes: joined(...chunks), read };
}

async function contentOf(file: File, from: number, length: number): Promise<Bytes> {
  try {
    return new Uint8Array(await file.slice(from, from + length).arrayBuffer());
  } catch {
    // Moved or written to since it was chosen.
    throw new Fault('file_changed');
  }
}

async function* pieces(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  try {
    for (;;) {
      const found = await reader?.read().catch(() => {
        throw new Refusal('unreachable', 0);
      });
      if (!found || found.done) return;
      yield found.value;
    }
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}

/** Waits before another try; throws what cannot be helped by one. */
async function again(error: unknown, tries: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!(error instanceof Refusal) || !error.mayPass || tries >= TRIES) throw error;
  await new Promise((done) => setTimeout(done, PAUSE_FIRST_MS * 2 ** (tries - 1)));
  signal.throwIfAborted();
}
