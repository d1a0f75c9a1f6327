/** What this browser remembers. A browser that refuses to is a browser that forgets, and nothing worse. */

const PREFIX = 'kinora.';

export function kept(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

export function keep(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, value);
  } catch {
    // Full, or forbidden.
  }
}

/** A remembered JSON value; what cannot be read any more counts as nothing. */
export function keptJson<T>(key: string, otherwise: T): T {
  try {
    return (JSON.parse(kept(key) ?? 'null') as T | null) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** Calls when another tab changes the value. */
export function onChange(key: string, act: () => void): void {
  addEventListener('storage', (event) => {
    if (event.key === PREFIX + key) act();
  });
}
