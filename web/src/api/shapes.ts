/** What the server says, as far as the page reads it. The whole description is at `/api/docs`. */

export type Value = string | number | boolean;
export type Options = Record<string, Value>;

export type OptionKind =
  | 'integer'
  | 'number'
  | 'seconds'
  | 'bytes'
  | 'flag'
  | 'choice'
  | 'choice_or_integer'
  | 'text';

export interface Option {
  name: string;
  kind: OptionKind;
  help: string;
  least?: number;
  most?: number;
  words?: string[];
  shape?: string;
}

export interface Operation {
  name: string;
  summary: string;
  example: Options;
  options: Option[];
}

export interface OperationList {
  operations: Operation[];
  /** Whether results can be put into the library. */
  can_keep: boolean;
  /** Bytes. */
  largest_file: number;
}

export interface Problem {
  code: string;
  description: string;
  solution: string;
}

export type JobState = 'queued' | 'processing' | 'completed' | 'failed' | 'cancelled' | 'expired';

export interface Result {
  url: string;
  file_name: string;
  media_type: string;
  size: number;
  kept_original: boolean;
  notes: string[];
  report_url: string | null;
}

export interface Job {
  id: string;
  state: JobState;
  operation: string;
  options: Options;
  file_name: string | null;
  input_size: number;
  /** 0 to 1. */
  progress: number;
  stage: string;
  speed: number | null;
  remaining_seconds: number | null;
  place: number | null;
  attempt: number;
  created_at_ms: number;
  finished_at_ms: number | null;
  expires_at_ms: number | null;
  result: Result | null;
  problem: Problem | null;
}

export interface Levels {
  mean: number;
  scene: number;
  worst5: number;
}

/** How a compression was chosen, and what it measures. */
export interface Report {
  status: 'held' | 'best_effort' | 'kept_original';
  reason: string;
  duration_s: number;
  encoder: { codec: string; name: string };
  metric: { name: string; model: string; condition: string; caveat: string };
  goal: Levels | null;
  measured: (Levels & { worst_second: number; worst_second_at: number }) | null;
  timeline: { at_s: number; mean: number; least: number }[];
  worst: { at_s: number; score: number }[];
}
