/** What can be wrong. The codes are those of every client; what people read of them stands in the words of the page. */

export type Code =
  | 'name_invalid'
  | 'name_reserved'
  | 'certificate_damaged'
  | 'certificate_forged'
  | 'removal_damaged'
  | 'leaf_mismatch'
  | 'unknown_user'
  | 'unknown_device'
  | 'text_too_long'
  | 'payload_damaged'
  | 'payload_newer'
  | 'file_damaged'
  | 'file_changed'
  | 'package_unusable'
  | 'welcome_unusable'
  | 'message_damaged'
  | 'message_replayed'
  | 'message_too_far'
  | 'epoch_ahead'
  | 'epoch_past'
  | 'not_allowed'
  | 'commit_pending'
  | 'group_over'
  | 'state_damaged'
  | 'engine_failed'
  | 'code_unusable'
  | 'answer_unusable'
  | 'no_name'
  | 'has_name'
  | 'backup_damaged'
  | 'backup_newer'
  | 'backup_unavailable'
  | 'passphrase_short'
  | 'wrong_passphrase'
  /** Another tab of this browser writes now. */
  | 'not_writer';

/** Why something was refused. `detail` is for the one who looks closer, never for a decision. */
export class Fault extends Error {
  constructor(
    readonly code: Code,
    readonly detail = '',
  ) {
    super(detail ? `${code}: ${detail}` : code);
    this.name = 'Fault';
  }
}

/** What the step gives, or this refusal where it fails for a reason that has no code of its own. */
export async function or<T>(code: Code, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw error instanceof Fault ? error : new Fault(code, String(error));
  }
}
