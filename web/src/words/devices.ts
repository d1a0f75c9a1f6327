/** What is said about the devices of one person, in every language; it comes with the talk, and not with the page. */
import type { Language } from './index.svelte';

const en = {
  title: 'My devices',
  this: 'this one',
  since: (day: string) => `since ${day}`,
  remove: 'Remove',
  sure: (label: string) => `Remove “${label}” for good?`,
  means: 'It is let in no more and reads nothing of what is said from then on; nothing takes that back. What it has read it has. If somebody has taken the keys out of it, this is not enough: they can make another device in your name, of which you and all others are told.',
  yes: 'Remove for good',
  no: 'Keep it',
  going: 'being removed…',
  removed: (label: string) => `“${label}” is removed: it is let in no more, and reads nothing of what is said from now on.`,
  stays: (label: string) => `“${label}” was not removed.`,
  problems: {
    no_such_device: 'You have no such device any more.',
    store_failed: 'The server could not keep it. Try again.',
  } as Record<string, string>,
};

const ja: typeof en = {
  title: '自分の端末',
  this: 'この端末',
  since: (day) => `${day}から`,
  remove: '外す',
  sure: (label) => `「${label}」を外しますか。`,
  means: 'この端末はもう入れず、このあとの会話を読めません。元には戻せません。すでに読んだものは残ります。端末から鍵を取り出した人がいる場合、外すだけでは足りません。その人はあなたの名前で別の端末を作れますが、作られればあなたにも全員にも知らされます。',
  yes: '外す（元に戻せません）',
  no: '残す',
  going: '外しています…',
  removed: (label) => `「${label}」を外しました。もう入れず、このあとの会話も読めません。`,
  stays: (label) => `「${label}」は外せませんでした。`,
  problems: {
    no_such_device: 'その端末はもうありません。',
    store_failed: 'サーバーに保存できませんでした。もう一度お試しください。',
  },
};

export const DEVICES: Record<Language, typeof en> = { en, ja };
