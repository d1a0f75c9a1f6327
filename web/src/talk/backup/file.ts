/**
 * The file of a backup: [age](https://age-encryption.org/v1) behind a passphrase, as the terminal writes and reads it. Any
 * program of age opens it. It is loaded in a worker of its own (`worker.ts`), when somebody wants a backup.
 */
import { Decrypter, Encrypter } from 'age-encryption';
import { Fault } from '../fault';
import { text, type Bytes } from '../layout';
import { PASSPHRASE_CHARS_MIN, PASSPHRASE_WORK } from '../limits';

const FAMILY = 'age-encryption.org/';
/** What a file begins with that a passphrase opens, and nothing else. */
const OURS = `${FAMILY}v1\n-> scrypt `;
/** How the library says that no passphrase fits. */
const NO_MATCH = /no identity matched/;

/** Seals a backup. `work` are its steps as a power of two. */
export async function sealed(content: Bytes, passphrase: string, work = PASSPHRASE_WORK): Promise<Bytes> {
  if ([...passphrase].length < PASSPHRASE_CHARS_MIN) throw new Fault('passphrase_short');
  const age = new Encrypter();
  age.setPassphrase(passphrase);
  age.setScryptWorkFactor(work);
  return Uint8Array.from(await age.encrypt(content));
}

/** Opens one that somebody chose, whatever it is. */
export async function opened(file: Bytes, passphrase: string): Promise<Bytes> {
  const begin = text(file.slice(0, OURS.length)) ?? '';
  if (begin !== OURS) throw new Fault(begin.startsWith(FAMILY) && !begin.startsWith(`${FAMILY}v1\n`) ? 'backup_newer' : 'backup_damaged');
  const age = new Decrypter();
  age.addPassphrase(passphrase);
  try {
    return Uint8Array.from(await age.decrypt(file));
  } catch (error) {
    throw new Fault(NO_MATCH.test(String(error)) ? 'wrong_passphrase' : 'backup_damaged', String(error));
  }
}
