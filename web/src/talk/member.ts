/**
 * Whether a member of a group is who it says it is: the one check that stands between MLS and people.
 *
 * MLS proves that a member holds its signature key, not whose it is, and ts-mls believes everybody unless it is told not
 * to. Every credential that a package, a Welcome or a commit brings goes through here first.
 */
import { isSignedBy, readCertificate, type Device } from './certificate';
import { Fault } from './fault';
import { same, type Bytes } from './layout';

/** A user as this client knows them. */
export interface Entry {
  /** The key that the name is bound to. After the first use it is the pinned one, whatever the server says. */
  identity: Bytes;
  /** Devices that may speak for the user now. */
  devices: ReadonlySet<string>;
}

/** The part of the directory that a check needs: users by name. */
export type DirectoryView = ReadonlyMap<string, Entry>;

/** Reads the certificate of a member and says whose device it is; refuses all that is not a device of the directory with this key. */
export async function checkMember(bytes: Uint8Array, leafKey: Uint8Array, view: DirectoryView): Promise<Device> {
  const certificate = readCertificate(bytes);
  const { device } = certificate;
  const entry = view.get(device.name);
  if (!entry) throw new Fault('unknown_user', device.name);
  if (!(await isSignedBy(certificate, entry.identity))) throw new Fault('certificate_forged', `${device.name} ${device.id}`);
  if (!same(device.leafKey, leafKey)) throw new Fault('leaf_mismatch', device.name);
  if (!entry.devices.has(device.id)) throw new Fault('unknown_device', `${device.name} ${device.id}`);
  return device;
}
