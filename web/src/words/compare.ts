/** What is said where two people compare their numbers, in every language; it comes with the talk, and not with the page. */
import type { Language } from './index.svelte';

const en = {
  standings: {
    new: 'No key of this person has been seen yet.',
    pinned: 'Encrypted with the key that was seen first. You have not compared it yet.',
    verified: 'You have compared this number. Nobody but the two of you reads this conversation.',
    changed: 'This person’s key is another one than before. A new device does not change it: the name was set up anew, or somebody stands between you. Compare before you go on.',
    wall: 'This person’s key is another one than the one you had compared. Nothing is sent until you compare again or go on without.',
  },
  changedAgain: 'The key has changed again since this number was shown.',
  lookAgain: 'Show the new number',
  howToCompare: (name: string) => `Read these numbers to ${name} over the telephone, or side by side. If they are the same, nobody stands between you.`,
  same: 'They are the same',
  code: 'The same number as a QR code, for the other device to scan',
  theirs: (name: string) => `The number that ${name} sees`,
  check: 'Compare',
  scan: 'Scan their code',
  scanning: 'Hold the other device’s code in front of the camera.',
  notScan: 'Stop scanning',
  noCamera: 'There is no camera here, or this page may not use it. Read the numbers to each other, or paste theirs.',
  verdicts: {
    same: 'The numbers are the same: verified.',
    different: 'The numbers are different. Somebody may stand between you: say nothing secret here, and compare again another way.',
    incomplete: 'This is no safety number: it has 60 digits.',
  },
  accept: 'Go on without comparing',
};

const ja: typeof en = {
  standings: {
    new: 'この人の鍵はまだ届いていません。',
    pinned: '最初に届いた鍵で暗号化しています。鍵はまだ比べていません。',
    verified: 'この番号は確認済みです。この会話を読めるのはお二人だけです。',
    changed: 'この人の鍵が以前と違います。端末を増やしても鍵は変わりません。名前が作り直されたか、誰かが間に入っています。続ける前に番号を比べてください。',
    wall: 'この人の鍵が、確認済みの鍵と違います。もう一度比べるか、比べずに続けると決めるまで、何も送信しません。',
  },
  changedAgain: 'この番号を表示したあとで、鍵がもう一度変わりました。',
  lookAgain: '新しい番号を表示',
  howToCompare: (name) => `電話や対面で、${name}さんとこの番号を読み合わせてください。同じなら、間に入っている人はいません。`,
  same: '同じだった',
  code: '同じ番号のQRコード（相手の端末で読み取れます）',
  theirs: (name) => `${name}さんに見えている番号`,
  check: '比べる',
  scan: '相手のコードを読み取る',
  scanning: '相手の端末のコードをカメラに向けてください。',
  notScan: '読み取りをやめる',
  noCamera: 'カメラがないか、このページでは使えません。番号を読み合わせるか、相手の番号を貼り付けてください。',
  verdicts: {
    same: '番号は同じです。確認済みになりました。',
    different: '番号が違います。誰かが間に入っているかもしれません。秘密は書かず、別の方法でもう一度比べてください。',
    incomplete: 'これは安全番号ではありません。安全番号は60桁です。',
  },
  accept: '比べずに続ける',
};

export const COMPARE: Record<Language, typeof en> = { en, ja };
