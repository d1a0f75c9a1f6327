/** Files to a server and back, over connections that break, with a pass that changes, and a server that is not honest. */
import { expect, test } from 'vitest';
import { joined, type Bytes } from '../../src/talk/layout';
import { Parcels, Refusal } from '../../src/talk/parcels';
import { mayBePicture, pictureType } from '../../src/talk/picture';
import { Transfers } from '../../src/talk/transfers';
import type { TransferShown } from '../../src/talk/shapes';

const ID = 'ab'.repeat(16);

/** What docs/talk.md says of parcels, in memory; each request may be spoilt. */
class Depot {
  bytes: Bytes = new Uint8Array();
  size = 0;
  pass = 'one';
  asked: string[] = [];
  /** Bytes of the next pieces that arrive before their connections break. */
  breaks: number[] = [];
  /** Bytes that an answer brings before it breaks. */
  cuts: number[] = [];
  /** What this refuses everything with. */
  refusal: { status: number; code: string; most?: number } | undefined;

  ask = async (path: RequestInfo | URL, { method = 'GET', headers, body }: RequestInit = {}): Promise<Response> => {
    const field = new Headers(headers);
    this.asked.push(`${method} ${String(path).replace('/api/talk/parcels', '')}`);
    if (this.refusal) return Response.json(this.refusal, { status: this.refusal.status });
    if (field.get('talk-pass') !== this.pass) return Response.json({ code: 'pass_required' }, { status: 403 });
    switch (method) {
      case 'POST':
        this.size = (JSON.parse(body as string) as { size: number }).size;
        return Response.json({ id: ID, size: this.size }, { status: 201 });
      case 'HEAD':
        return new Response(null, { headers: { 'upload-offset': String(this.bytes.length) } });
      case 'PATCH': {
        if (Number(field.get('upload-offset')) !== this.bytes.length) return Response.json({ code: 'offset_mismatch' }, { status: 409 });
        const cut = this.breaks.shift();
        this.bytes = joined(this.bytes, (body as Bytes).subarray(0, cut ?? Number.POSITIVE_INFINITY));
        if (cut !== undefined) throw new TypeError('the network is down');
        return new Response(null, { status: 204 });
      }
      case 'DELETE':
        return new Response(null, { status: 204 });
      default: {
        const from = Number(/=(\d+)-/.exec(field.get('range') ?? '=0-')?.[1]);
        const rest = this.bytes.slice(from);
        const cut = this.cuts.shift();
        const stream = new ReadableStream<Uint8Array>({
          start: (out) => {
            // In odd pieces.
            for (let at = 0; at < Math.min(cut ?? rest.length, rest.length); at += 40_001) out.enqueue(rest.slice(at, Math.min(at + 40_001, cut ?? rest.length)));
            if (cut === undefined) out.close();
            else out.error(new TypeError('the network is down'));
          },
        });
        return new Response(stream, { status: from ? 206 : 200 });
      }
    }
  };
}

const content = (length: number) => Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 9)) & 0xff);
const noted = () => {
  const seen: number[] = [];
  return { seen, watch: { progress: (done: number) => void seen.push(done), signal: new AbortController().signal } };
};

async function received(parcels: Parcels, file: Parameters<Parcels['receive']>[0]): Promise<Bytes> {
  const parts: Bytes[] = [];
  await parcels.receive(file, async (part) => void parts.push(part), noted().watch);
  return joined(...parts);
}

test.each([0, 1, 65_536, 5_000_000])('a file of %d bytes arrives as it was, however often the line breaks', async (length) => {
  const depot = new Depot();
  depot.breaks = length > 1_000_000 ? [0, 1_000_000] : [17];
  depot.cuts = [0, 30_000];
  const parcels = new Parcels(() => depot.pass, depot.ask);
  const { seen, watch } = noted();
  const bytes = content(length);
  const sent = await parcels.send('ravi', new File([bytes], 'a.bin'), { name: 'a.bin', mediaType: '' }, watch);
  expect(sent).toMatchObject({ parcel: ID, size: length, name: 'a.bin' });
  expect(depot.bytes.length).toBe(depot.size);
  expect(seen.at(-1)).toBe(length);
  expect(Buffer.compare(await received(parcels, sent), bytes)).toBe(0);
});

test('a pass that is over is followed by the next one', async () => {
  const depot = new Depot();
  let passes = ['old', 'one'];
  const parcels = new Parcels(() => (passes.length > 1 ? passes.shift() : passes[0]), depot.ask);
  const reserved = parcels.send('ravi', new File([content(9)], 'x'), { name: 'x', mediaType: '' }, noted().watch);
  await expect(reserved).rejects.toThrow('pass_required');
  const sent = await parcels.send('ravi', new File([content(9)], 'x'), { name: 'x', mediaType: '' }, noted().watch);
  passes = ['old', 'one'];
  expect(await received(parcels, sent)).toEqual(content(9));
});

test('what was changed at the server does not open, and is not tried again', async () => {
  const depot = new Depot();
  const parcels = new Parcels(() => depot.pass, depot.ask);
  const sent = await parcels.send('ravi', new File([content(200_000)], 'x'), { name: 'x', mediaType: '' }, noted().watch);
  depot.bytes[150_000] = (depot.bytes[150_000] ?? 0) ^ 1;
  depot.asked = [];
  await expect(received(parcels, sent)).rejects.toThrow('file_damaged');
  expect(depot.asked).toEqual([`GET /${ID}`]);
});

test('what goes wrong is shown with its reason, until somebody has seen it; what is stopped is forgotten', async () => {
  const depot = new Depot();
  let shown: TransferShown[] = [];
  const transfers: Transfers = new Transfers(new Parcels(() => depot.pass, depot.ask), () => (shown = transfers.of('ravi')));
  depot.refusal = { status: 413, code: 'file_too_large', most: 268_435_456 };
  expect(await transfers.send('ravi', new File([content(9)], '../../x.bin'))).toBeUndefined();
  expect(shown).toEqual([{ key: 1, name: 'x.bin', size: 9, done: 0, problem: { code: 'file_too_large', most: 268_435_456 } }]);
  expect(transfers.of('mala')).toEqual([]);
  transfers.stop(1);
  expect(shown).toEqual([]);
  depot.refusal = undefined;
  const sending = transfers.send('ravi', new File([content(9_000_000)], 'x'));
  transfers.stop(2);
  expect(await sending).toBeUndefined();
  expect(shown).toEqual([]);
  const sent = await transfers.send('ravi', new File([content(9)], 'x'));
  const got = await transfers.fetch('ravi', 4, sent as NonNullable<typeof sent>);
  expect(new Uint8Array(await (got as Blob).arrayBuffer())).toEqual(content(9));
  expect(new Refusal('x', 503).mayPass).toBe(true);
  expect(new Refusal('unknown_parcel', 404).mayPass).toBe(false);
});

test('a picture is what begins like one, and a drawing that can hold programs never is', () => {
  const type = (text: string) => pictureType(Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
  expect(type('\x89PNG\r\n\x1a\n....')).toBe('image/png');
  expect(type('RIFF1234WEBPVP8 ')).toBe('image/webp');
  expect(type('GIF89a..........')).toBe('image/gif');
  expect(type('\xff\xd8\xff\xe0......')).toBe('image/jpeg');
  for (const text of ['<svg xmlns="http', '<?xml version="1', 'RIFF1234WAVEfmt ', '']) expect(type(text)).toBeUndefined();
  expect(mayBePicture({ mediaType: 'image/svg+xml', size: 10 })).toBe(false);
  expect(mayBePicture({ mediaType: 'IMAGE/PNG', size: 10 })).toBe(true);
  expect(mayBePicture({ mediaType: 'image/png', size: 17 * 1024 * 1024 })).toBe(false);
});

test('what was written to a disk whole is parted with, unless it is drawn again; what failed is not', async () => {
  const depot = new Depot();
  const parcels = new Parcels(() => depot.pass, depot.ask);
  const transfers = new Transfers(parcels, () => {});
  const sent = await parcels.send('ravi', new File([content(200_000)], 'x'), { name: 'x', mediaType: 'video/mp4' }, noted().watch);
  const written: Bytes[] = [];
  const disk = { createWritable: async () => ({ write: async (part: Bytes) => void written.push(part), close: async () => {}, abort: async () => {} }) };
  const save = async (file: typeof sent) => {
    depot.asked = [];
    await transfers.save('ravi', 1, file, disk as unknown as FileSystemFileHandle);
    return depot.asked;
  };
  expect(await save({ ...sent, mediaType: 'image/png' })).toEqual([`GET /${ID}`]);
  expect(await save({ ...sent, key: new Uint8Array(32) })).toEqual([`GET /${ID}`]);
  written.length = 0;
  expect(await save(sent)).toEqual([`GET /${ID}`, `DELETE /${ID}`]);
  expect(Buffer.compare(joined(...written), content(200_000))).toBe(0);
});
