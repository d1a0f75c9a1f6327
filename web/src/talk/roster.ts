/** Whose devices are whose, as far as that is believed: what the server lists and the identity certified, less what it removed. */
import { isSignedBy, readCertificate, type Device } from './certificate';
import type { Person } from './frame';
import type { Bytes } from './layout';
import { DEVICES_EVER_MAX } from './limits';
import { isRemovedBy, readRemoval, type Removal } from './removal';

/** A person of the directory. */
export interface Known {
  person: Person;
  /** Devices that may speak for them now. */
  devices: Map<string, Device>;
  /** Devices that they have removed. */
  removed: Map<string, Removal>;
  /** Devices that the server lists as if nobody had removed them. */
  withheld: Device[];
}

/** What of a list can be read. */
function readable<T>(all: Uint8Array[], read: (bytes: Uint8Array) => T): T[] {
  return all.flatMap((bytes) => {
    try {
      return [read(bytes)];
    } catch {
      // Not what it should be: nobody's.
      return [];
    }
  });
}

async function kept<T>(all: T[], is: (one: T) => Promise<boolean>): Promise<T[]> {
  const are = await Promise.all(all.map(is));
  return all.filter((_, at) => are[at]);
}

/** The removals of a person that are known from now on: those of keys that have been theirs, seen now or before. */
export async function removalsOf(person: Person, before: Removal[], keys: Bytes[]): Promise<Removal[]> {
  const seen = new Set(before.map((removal) => removal.id));
  const shown = readable(person.removals, readRemoval).filter((removal) => removal.name === person.name && !seen.has(removal.id));
  const isTheirs = async (removal: Removal) => (await Promise.all(keys.map((key) => isRemovedBy(removal, key)))).includes(true);
  // Twice as many as one key may have: a server that makes up keys fills no disk.
  return (await kept([...before, ...shown], isTheirs)).slice(0, 2 * DEVICES_EVER_MAX);
}

/** The person, by the key that is believed to be theirs. */
export async function known(person: Person, identity: Bytes | undefined, removals: Removal[]): Promise<Known> {
  const valid = identity ? await kept(removals, (removal) => isRemovedBy(removal, identity)) : [];
  const removed = new Map(valid.map((removal) => [removal.id, removal]));
  const certificates = readable(person.certificates, readCertificate).filter(({ device }) => device.name === person.name);
  const certified = identity ? await kept(certificates, (certificate) => isSignedBy(certificate, identity)) : [];
  const devices = certified.map(({ device }) => device);
  const told = new Set(readable(person.removals, readRemoval).map((removal) => removal.id));
  return {
    person,
    removed,
    devices: new Map(devices.filter(({ id }) => !removed.has(id)).map((device) => [device.id, device])),
    withheld: devices.filter(({ id }) => removed.has(id) && !told.has(id)),
  };
}
