/** What is said about backups, in every language; it comes with the talk, and not with the page. */
import type { Language } from './index.svelte';

const en = {
  title: 'Back up',
  what: 'Who you are, whom you know and what was said, in one file that only the passphrase opens. kinora chat restore and this page bring it back on another device.',
  passphrase: 'Passphrase, of several words',
  again: 'The same once more',
  differ: 'The two passphrases are not the same.',
  make: 'Download the backup',
  making: 'One moment …',
  made: (messages: number) => (messages === 1 ? 'The backup was made, with one message.' : `The backup was made, with ${messages} messages.`),
  restore: 'Bring back a backup',
  restores: 'This browser becomes one more device of yours. Your other devices let it into what goes on.',
  file: 'The file',
  words: 'Its passphrase',
  bring: 'Bring it back',
  problems: {
    passphrase_short: 'Take at least ten characters; several words are easy to remember.',
    wrong_passphrase: 'That is not the passphrase of this file.',
    backup_damaged: 'This file is no backup, or it is damaged.',
    backup_newer: 'This backup was made by a newer version.',
    backup_unavailable: 'The server cannot be reached.',
  } as Record<string, string>,
};

const ja: typeof en = {
  title: 'バックアップ',
  what: 'あなたの鍵、知り合い、会話の履歴を一つのファイルにまとめます。パスフレーズがなければ開けません。このページや kinora chat restore で、別の端末に戻せます。',
  passphrase: 'パスフレーズ（複数の単語）',
  again: 'もう一度',
  differ: '二つのパスフレーズが違います。',
  make: 'バックアップをダウンロード',
  making: 'お待ちください…',
  made: (messages) => `バックアップを作りました（メッセージ${messages}件）。`,
  restore: 'バックアップから戻す',
  restores: 'このブラウザーがあなたの端末に加わります。進行中の会話には、ほかの端末が招き入れます。',
  file: 'ファイル',
  words: 'そのパスフレーズ',
  bring: '戻す',
  problems: {
    passphrase_short: '10文字以上にしてください。複数の単語なら覚えやすくなります。',
    wrong_passphrase: 'このファイルのパスフレーズではありません。',
    backup_damaged: 'このファイルはバックアップではないか、壊れています。',
    backup_newer: 'このバックアップは新しい版で作られています。',
    backup_unavailable: 'サーバーに接続できません。',
  },
};

export const BACKUP: Record<Language, typeof en> = { en, ja };
