import { expect, test } from 'vitest';
import { NOTHING, type Snapshot, type Told } from '../../src/talk/shapes';
import { Tabs, type Channel } from '../../src/talk/tabs';

/** Tabs of one browser: each hears what the others say. */
class Browser {
  readonly channels: Channel[] = [];

  tab(): { tabs: Tabs; told: Told[] } {
    const told: Told[] = [];
    const channel: Channel = {
      onmessage: null,
      postMessage: (word) => {
        for (const each of this.channels) if (each !== channel) each.onmessage?.({ data: structuredClone(word) } as MessageEvent);
      },
    };
    this.channels.push(channel);
    return { tabs: new Tabs(channel, (each) => told.push(each)), told };
  }
}

const person = { name: 'ravi', isHere: true, word: 'pinned', isWriting: false, unread: 2, last: 'hello', lastAt: 1 } as const;
const open = { peer: 'ravi', lines: [], word: 'pinned', isBlocked: false, number: [], transfers: [] } as const;
const here: Snapshot = { ...NOTHING, phase: 'here', me: 'asha', people: [person], open: { ...open, lines: [], number: [], transfers: [] } };

test('one tab talks, and the others show who is there and where', () => {
  const browser = new Browser();
  const [one, two] = [browser.tab(), browser.tab()];
  one.tabs.tab = 'A show';
  one.tabs.stand(false);
  one.tabs.say({ tell: 'snapshot', snapshot: here });
  // Who comes later asks.
  two.tabs.stand(true);
  expect(one.told).toEqual([{ tell: 'snapshot', snapshot: here }]);
  expect(two.told.at(-1)).toEqual({ tell: 'snapshot', snapshot: { ...here, phase: 'elsewhere', open: null, tab: 'A show' } });
  one.tabs.say({ tell: 'arrival', arrival: { peer: 'ravi', text: 'hi' } });
  expect(two.told.at(-1)).toEqual({ tell: 'arrival', arrival: { peer: 'ravi', text: 'hi' } });
});

test('a tab that talks itself shows nothing of another one', () => {
  const browser = new Browser();
  const [one, two] = [browser.tab(), browser.tab()];
  one.tabs.say({ tell: 'snapshot', snapshot: here });
  two.tabs.stand(false);
  one.tabs.say({ tell: 'snapshot', snapshot: here });
  expect(two.told).toEqual([]);
  // And who gave the talk away has nothing more to say about it.
  one.tabs.stand(true);
  const heard = one.told.length;
  browser.tab().tabs.stand(true);
  expect(one.told).toHaveLength(heard);
});
