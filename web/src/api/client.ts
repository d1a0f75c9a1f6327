/** Asks the server, and turns every failure into a `Problem` in the server's words. */
import type { Job, OperationList, Options, Problem, Report } from './shapes';

/** What a request failed with. */
export class Refused extends Error {
  constructor(
    readonly problem: Problem,
    readonly status: number,
  ) {
    super(problem.description);
  }
}

/** Codes that the page makes itself, because no answer came. */
export const UNREACHABLE = 'unreachable';

export const operations = () => ask<OperationList>('GET', '/api/operations');

/** Whether the server would take these options; refused with its words if not. */
export const check = (operation: string, options: Options, signal: AbortSignal) =>
  ask<{ options: Options }>('POST', `/api/operations/${encodeURIComponent(operation)}`, options, signal);

/** Cancels a job, or deletes what it left. */
export const remove = (id: string) => ask<Job>('DELETE', `/api/jobs/${id}`);

/** Puts a result into the library; says which title it is there. */
export const keepResult = (id: string) => ask<{ name: string; title: string }>('POST', `/api/jobs/${id}/keep`);

export const report = (url: string) => ask<Report>('GET', url);

/** How the processor is divided, as a sentence. */
export const share = () => ask<{ processor: string }>('GET', '/api/status').then((status) => status.processor);

export async function metrics(signal: AbortSignal): Promise<string> {
  const response = await reach('/metrics', { signal });
  if (!response.ok) throw new Refused(await words(response), response.status);
  return response.text();
}

/** The content of a result, for another turn. */
export async function content(url: string): Promise<Blob> {
  const response = await reach(url);
  if (!response.ok) throw new Refused(await words(response), response.status);
  return response.blob();
}

/** Turns a token into a session of this browser. */
export const signIn = (token: string) => ask<unknown>('POST', '/api/sessions', { token });

/** Begins the page's session anew: the cookie comes with the page. */
export const renewSession = () => reach('/', { cache: 'no-store' });

/** Reads a problem from the text of an answer. */
export function problemOf(status: number, text: string): Problem {
  try {
    const body = JSON.parse(text) as Partial<Problem>;
    if (typeof body.code === 'string') {
      return { code: body.code, description: body.description ?? '', solution: body.solution ?? '' };
    }
  } catch {
    // Something between here and the server has answered in its own way.
  }
  return { code: `http_${status}`, description: text.slice(0, 200), solution: '' };
}

export async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const request: RequestInit = { method, headers: { accept: 'application/json' } };
  if (signal) request.signal = signal;
  if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers = { accept: 'application/json', 'content-type': 'application/json' };
  }
  const response = await reach(path, request);
  if (!response.ok) throw new Refused(await words(response), response.status);
  return (response.status === 204 ? null : await response.json()) as T;
}

async function reach(path: string, request?: RequestInit): Promise<Response> {
  try {
    return await fetch(path, request);
  } catch (error) {
    if (request?.signal?.aborted) throw error;
    throw new Refused({ code: UNREACHABLE, description: String(error), solution: '' }, 0);
  }
}

const words = async (response: Response) => problemOf(response.status, await response.text());
