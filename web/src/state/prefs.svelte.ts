/** Appearance, and which view is shown. */
import { keep, kept } from './keep';

export type Theme = 'system' | 'light' | 'dark';
export type View = 'work' | 'server';

class Prefs {
  theme = $state<Theme>((kept('theme') as Theme | null) ?? 'system');
  view = $state<View>(viewOf(location.pathname));

  constructor() {
    addEventListener('popstate', () => (this.view = viewOf(location.pathname)));
  }

  wear(theme: Theme) {
    this.theme = theme;
    keep('theme', theme === 'system' ? null : theme);
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
  }

  go(view: View) {
    if (view === this.view) return;
    this.view = view;
    history.pushState(null, '', view === 'server' ? '/server' : '/');
    scrollTo(0, 0);
  }
}

const viewOf = (path: string): View => (path === '/server' ? 'server' : 'work');

export const prefs = new Prefs();
