/** Every bound of the talk in the browser. The numbers are those of the other engine (crates/chat/src/limits.rs), reasons there. */

export const NAME_TYPED_MAX = 256;
export const NAME_CHARS_MIN = 2;
export const NAME_CHARS_MAX = 32;
export const NAME_BYTES_MAX = 128;

export const LABEL_BYTES_MAX = 64;
export const CERTIFICATE_BYTES_MAX = 512;
export const REMOVAL_BYTES_MAX = 512;

export const SAFETY_ROUNDS = 5_200;

export const TEXT_BYTES_MAX = 64 * 1024;
export const RECEIPTS_MAX = 256;
export const TITLE_ID_MAX = 64;
export const CARD_TITLE_MAX = 512;
export const PADDED_MIN = 256;
export const PADDED_MAX = 128 * 1024;

/** Of what goes over to a new device: people, bytes at least, characters of the text. */
export const HANDED_CONTACTS_MAX = 4_096;
export const HANDED_MIN = 1_024;
export const ANSWER_CHARS_MAX = 2 * 1024 * 1024;

export const CHUNK_BYTES = 64 * 1024;
export const FILE_BYTES_MAX = 2 ** 40;
export const FILE_NAME_MAX = 200;
export const MEDIA_TYPE_MAX = 255;

export const MLS_BYTES_MAX = 1024 * 1024;
export const GROUP_MEMBERS_MAX = 32;
export const PACKAGES_MAX = 100;
export const PACKAGE_LIFETIME_S = 30 * 24 * 3_600;
export const PACKAGE_EARLY_S = 3_600;
export const PAST_EPOCHS = 2;
export const REORDER_MAX = 64;
export const FORWARD_MAX = 2_000;

/** Of the wire (docs/talk.md). */
export const FRAME_BYTES_MAX = 768 * 1024;
export const ENVELOPE_BYTES_MAX = 256 * 1024;
export const SIGNAL_BYTES_MAX = 1024;
export const PACKAGE_BYTES_MAX = 8 * 1024;
export const DEVICES_MAX = 16;
export const DEVICES_EVER_MAX = 64;
export const PEOPLE_MAX = 64;
export const NAMES_MAX = 256;
export const HOST_BYTES_MAX = 272;
export const CODE_BYTES_MAX = 64;
export const SENTENCE_BYTES_MAX = 512;

/** Of a conversation over time. */
export const UPDATE_EVERY_S = 600;
export const UPDATE_EVERY_MESSAGES = 64;
export const IDLE_S = 7 * 24 * 3_600;
/** Messages of one conversation that are on their way at once. */
export const WINDOW = 16;
export const GAPS_MAX = 64;
export const RECEIPTS_EVERY_MS = 2_000;
export const RECEIPTS_DELAY_MS = 3_000;
export const SIGNALS_EVERY_MS = 3_000;
export const SIGNAL_SHOWN_MS = 6_000;

/** Of backups, as the terminal has them: characters of a new passphrase, its work as a power of two, bytes of a record. */
export const PASSPHRASE_CHARS_MIN = 10;
export const PASSPHRASE_WORK = 18;
export const RECORD_BYTES_MAX = 512 * 1024;
/** A file that a browser reads as a whole: years of talk. */
export const BACKUP_BYTES_MAX = 256 * 1024 * 1024;
