/** A further device of a user, in the page: a new one shows its code and waits for the answer, an older one gives it. */
import type { Book } from './book';
import { handed } from './contact';
import { Fault } from './fault';
import { Newcomer, sealed, type Acquaintance, type Handover } from './handover';
import type { Bytes } from './layout';
import { ownNumber } from './safety';
import type { LinkShown } from './shapes';

export class Link {
  shown: LinkShown | undefined;
  private newcomer: Newcomer | undefined;

  /** Shows the code of this new device; it is good until this is over. */
  async ask(book: Book) {
    if (book.me) return this.refuse(new Fault('has_name'));
    this.newcomer ??= await Newcomer.of(crypto.getRandomValues(new Uint8Array(32)));
    this.shown = { code: this.newcomer.code };
  }

  /** Takes the answer of the older device; nothing where it is none. */
  async take(answer: string): Promise<Handover | undefined> {
    try {
      return await this.newcomer?.open(answer);
    } catch (error) {
      return this.refuse(error);
    }
  }

  /** The answer of this device to the code of a new one, for nobody else. */
  async answer(book: Book, code: string) {
    const { me, identity } = book;
    if (!me || !identity) return this.refuse(new Fault('no_name'));
    try {
      const answer = await sealed({ name: me.name, secret: me.secret, contacts: knownTo(book, me.name) }, code);
      this.shown = { answer, number: ownNumber({ name: me.name, identity: identity.key }) };
    } catch (error) {
      this.refuse(error);
    }
  }

  /** This device has come to a name. */
  linked(name: string, identity: Bytes) {
    this.newcomer = undefined;
    this.shown = { number: ownNumber({ name, identity }) };
  }

  end() {
    this.newcomer = undefined;
    this.shown = undefined;
  }

  private refuse(error: unknown): undefined {
    if (!(error instanceof Fault)) throw error;
    this.shown = { code: this.newcomer?.code, problem: error.code };
  }
}

function knownTo({ contacts }: Book, own: string): Acquaintance[] {
  return [...contacts].flatMap(([name, contact]) => {
    const known = name === own ? undefined : handed(contact);
    return known ? [{ name, ...known }] : [];
  });
}
