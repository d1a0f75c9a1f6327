/** What is done when a message cannot be opened: in steps, the mildest first. The last one is told in the conversation. */
import type { Code } from './fault';

export type Step = 'drop' | 'fetch' | 'restart';

/** What to do about a refusal, when `tried` has been done about it before. */
export function nextStep(refusal: Code, tried: Step | undefined): Step {
  const first = firstStep(refusal);
  // Old and repeated ones lose nothing; damaged and forged ones must never be a lever to restart anything.
  return first === 'drop' || tried === undefined || tried === 'drop' ? first : 'restart';
}

function firstStep(refusal: Code): Step {
  switch (refusal) {
    case 'message_replayed':
    case 'epoch_past':
    case 'message_damaged':
    case 'not_allowed':
      return 'drop';
    case 'group_over':
    case 'message_too_far':
    case 'welcome_unusable':
    case 'state_damaged':
      return 'restart';
    default:
      return 'fetch';
  }
}
