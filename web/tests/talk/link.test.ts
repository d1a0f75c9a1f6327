/** A further device in the page: it shows a code, an older one answers, and it goes on as one more device of that name. */
import { afterEach, expect, test } from 'vitest';
import { Newcomer } from '../../src/talk/handover';
import { MemoryDisk, Post, Sitter } from './post';

let sitters: Sitter[] = [];
afterEach(() => {
  for (const each of sitters) each.stop();
  sitters = [];
});

const at = (post: Post, disk = new MemoryDisk()) => {
  const sitter = new Sitter(post, disk);
  sitters.push(sitter);
  return sitter;
};

/** Two who know each other, one of whom compared; and a browser of hers that has no name yet. */
async function three() {
  const post = new Post();
  const [asha, ravi] = [await at(post).begin('asha'), await at(post).begin('ravi')];
  await Promise.all([asha.open('ravi'), ravi.open('asha')]);
  await asha.say('ravi', 'before');
  await ravi.reads('before');
  await asha.desk?.command({ do: 'compared', peer: 'ravi', number: asha.snapshot?.open?.number.join('') ?? '' });
  const phone = await at(post).sit();
  await phone.desk?.command({ do: 'link' });
  return { post, asha, ravi, phone, code: phone.snapshot?.link?.code as string };
}

const typo = (text: string, at: number) => `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;

const answered = async (by: Sitter, code: string) => {
  await by.desk?.command({ do: 'answer', code });
  return by.snapshot?.link?.answer as string;
};

test('a browser becomes a further device: it knows whom the older one knows, and nothing of what was said', async () => {
  const { asha, ravi, phone, code } = await three();
  expect(code).toMatch(/^KINORA-LINK-([A-Z2-7]{4}-){14}[A-Z2-7]{4}$/);
  const answer = await answered(asha, code);
  const number = asha.snapshot?.link?.number;
  expect(number).toHaveLength(6);
  await phone.desk?.command({ do: 'adopt', answer, label: 'phone' });
  expect(phone.snapshot?.link).toEqual({ number });
  await phone.until(({ phase, me, devices }) => phase === 'here' && me === 'asha' && devices.length === 2);
  // Before it is let in it knows that he was compared, by the key that was compared.
  await phone.open('ravi');
  await phone.until(({ open }) => open?.word === 'verified' && open.number.length === 12);
  expect(phone.snapshot?.open?.lines).toEqual([]);
  await ravi.say('asha', 'to both of you');
  await phone.reads('to both of you');
  await phone.say('ravi', 'from the phone');
  await ravi.reads('before', 'to both of you', 'from the phone');
  await asha.reads('before', 'to both of you', 'from the phone');
  expect(ravi.snapshot?.open?.lines.filter(({ note }) => note).map(({ note, text }) => [note, text])).toEqual([['added', 'phone']]);
  expect(asha.snapshot?.open?.lines.find(({ note }) => note === 'own_added')?.text).toBe('phone');
  expect(asha.desk?.book.identity?.key).toEqual(phone.desk?.book.identity?.key);
  await phone.desk?.command({ do: 'linked' });
  expect(phone.snapshot?.link).toBeUndefined();
});

test('codes and answers that are none are refused by name, and the next one may be right', async () => {
  const { asha, phone, code } = await three();
  for (const wrong of ['', 'nonsense', code.slice(0, -1), typo(code, 20), `${code}AAAA`]) {
    await asha.desk?.command({ do: 'answer', code: wrong });
    expect(asha.snapshot?.link, wrong).toEqual({ code: undefined, problem: 'code_unusable' });
  }
  const other = await Newcomer.of(new Uint8Array(32).fill(2));
  const foreign = await answered(asha, other.code);
  const answer = await answered(asha, code);
  for (const wrong of ['', foreign, answer.slice(0, -40), typo(answer, 100), answer.toLowerCase()]) {
    await phone.desk?.command({ do: 'adopt', answer: wrong, label: 'phone' });
    expect(phone.snapshot, wrong).toMatchObject({ phase: 'nobody', problem: null, link: { code, problem: 'answer_unusable' } });
  }
  // Asked once more it is the same one: it may be on another screen already.
  await phone.desk?.command({ do: 'link' });
  expect(phone.snapshot?.link).toEqual({ code });
  await phone.desk?.command({ do: 'adopt', answer, label: 'phone' });
  await phone.until(({ phase, me }) => phase === 'here' && me === 'asha');
});

test('who has no name gives no answer, and who has one takes no other', async () => {
  const { asha, phone, code } = await three();
  await phone.desk?.command({ do: 'answer', code });
  expect(phone.snapshot?.link).toEqual({ code, problem: 'no_name' });
  const before = asha.desk?.book.me;
  await asha.desk?.command({ do: 'link' });
  expect(asha.snapshot?.link).toEqual({ code: undefined, problem: 'has_name' });
  await asha.desk?.command({ do: 'adopt', answer: await answered(asha, code), label: 'again' });
  expect(asha.desk?.book.me).toEqual(before);
});

test('the device and whom it knows are on the disk together, before the server hears of it', async () => {
  const { post, asha, phone, code } = await three();
  await phone.desk?.command({ do: 'adopt', answer: await answered(asha, code), label: 'phone' });
  phone.stop();
  const again = at(post, phone.disk);
  await again.sit();
  await again.open('ravi');
  await again.until(({ me, open }) => me === 'asha' && open?.word === 'verified');
});
