/** What is said about a further device, in every language; it comes with the talk, and not with the page. */
import type { Language } from './index.svelte';

const en = {
  have: 'I have a name on another device',
  how: 'Give this code to a device that has your name: in the page under “My devices”, or in kinora chat with /link. It answers with a text for this browser alone, which belongs below.',
  code: 'The code of this browser',
  codeAsQr: 'The same code as a QR code',
  good: 'The code is good until this page is closed.',
  answer: 'The answer of the other device',
  take: 'Go on with my name',
  linked: (name: string) => `This browser is a device of ${name} now. What was said before stays where it was; conversations go on here as soon as one of your devices, or of theirs, lets this one in.`,
  number: 'Your key, the same on both devices:',
  add: 'Add a device',
  whose: (name: string) => `The device whose code this is becomes one of ${name}: it can read and write all that ${name} can from now on. Take the code from your own screen, and from nobody else.`,
  theirs: 'The code that the new device shows',
  give: 'Answer it',
  paste: 'Paste these lines there. They may go over any way, for nobody else can open them.',
  lines: 'The answer to the new device',
  linesAsQr: 'The same answer as a QR code',
  tooLong: 'It is too long for a QR code: you know many people.',
  copy: 'Copy',
  copied: 'Copied.',
  done: 'All right',
  problems: {
    code_unusable: 'This is no code of a new device, or a letter of it is wrong. Copy all of what it shows.',
    answer_unusable: 'This is no answer for this device, or a letter of it is wrong. Give its code to the other one once more.',
    no_name: 'You have no name here yet.',
    has_name: 'This browser has a name already.',
  } as Record<string, string>,
};

const ja: typeof en = {
  have: 'ほかの端末に名前があります',
  how: 'あなたの名前がある端末に、このコードを渡してください。ページなら「自分の端末」、kinora chat なら /link で答えが出ます。答えはこのブラウザーだけが開ける文字列です。下に貼り付けてください。',
  code: 'このブラウザーのコード',
  codeAsQr: '同じコードのQRコード',
  good: 'コードはこのページを閉じるまで有効です。',
  answer: 'もう一方の端末の答え',
  take: 'その名前で続ける',
  linked: (name) => `このブラウザーは${name}の端末になりました。以前の会話は元の端末に残ります。あなたか相手の端末のどれかがこの端末を迎え入れると、会話がここで続きます。`,
  number: 'あなたの鍵（どちらの端末でも同じです）:',
  add: '端末を追加',
  whose: (name) => `このコードを表示している端末は${name}の端末になり、これから${name}が読み書きできるものをすべて読み書きできます。コードは自分の画面で見たものだけを使ってください。`,
  theirs: '新しい端末に表示されているコード',
  give: '答える',
  paste: 'この文字列を新しい端末に貼り付けてください。ほかの誰にも開けないので、どの方法で送ってもかまいません。',
  lines: '新しい端末への答え',
  linesAsQr: '同じ答えのQRコード',
  tooLong: '知り合いが多いため、QRコードには収まりません。',
  copy: 'コピー',
  copied: 'コピーしました。',
  done: '閉じる',
  problems: {
    code_unusable: '新しい端末のコードではないか、文字が違います。表示されているものをすべてコピーしてください。',
    answer_unusable: 'この端末への答えではないか、文字が違います。もう一度コードを渡してください。',
    no_name: 'ここにはまだ名前がありません。',
    has_name: 'このブラウザーにはもう名前があります。',
  },
};

export const LINK: Record<Language, typeof en> = { en, ja };
