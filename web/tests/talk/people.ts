/** People with devices, for tests: who they are, and a directory that knows them. */
import { Identity } from '../../src/talk/certificate';
import { Newcomer, type Client } from '../../src/talk/engine/client';
import type { Suite } from '../../src/talk/engine/suite';
import { utf8, type Bytes } from '../../src/talk/layout';
import type { DirectoryView, Entry } from '../../src/talk/member';

export const NOW = Math.floor(Date.now() / 1000);

/** The secret of a person of this name. */
export const secretOf = (name: string): Bytes => new Uint8Array(32).fill(utf8(name)[0] ?? 0);

/** The id of a device called `asha.1`: the person, and which device. */
export const idOf = (who: string): string => {
  const [name, number] = who.split('.') as [string, string];
  return ((utf8(name)[0] ?? 0) ^ Number(number)).toString(16).padStart(2, '0').repeat(16);
};

export async function client(who: string, suite: Suite): Promise<Client> {
  const newcomer = await Newcomer.create(suite);
  const [name] = who.split('.') as [string];
  const identity = await Identity.of(secretOf(name));
  const device = { name, id: idOf(who), label: who, leafKey: newcomer.leafKey, issuedAt: 1n };
  return newcomer.certified(await identity.certify(device));
}

/** A directory of these devices. */
export async function directory(...devices: string[]): Promise<DirectoryView> {
  const view = new Map<string, Entry>();
  for (const who of devices) {
    const [name] = who.split('.') as [string];
    const known = view.get(name)?.devices ?? [];
    view.set(name, { identity: (await Identity.of(secretOf(name))).key, devices: new Set([...known, idOf(who)]) });
  }
  return view;
}
