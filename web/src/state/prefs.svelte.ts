/** Appearance, and which view is shown. */
import { titlePath, watchedOf, type Watched } from '../logic/address';
import { keep, kept } from './keep';

export type Theme = 'system' | 'light' | 'dark';
export type View = 'work' | 'library' | 'server';

const PATHS: Record<View, string> = { work: '/', library: '/library', server: '/server' };

class Prefs {
  theme = $state<Theme>((kept('theme') as Theme | null) ?? 'system');
  view = $state<View>(viewOf(location.pathname));
  /** The title that is watched. */
  title = $state.raw<Watched | null>(watchedOf(location));

  constructor() {
    addEventListener('popstate', () => this.follow());
  }

  /** Opens a title of the library, or goes to that time in it. */
  watch(id: string, from?: number) {
    history.pushState(null, '', titlePath(id, from));
    this.follow();
    scrollTo(0, 0);
  }

  wear(theme: Theme) {
    this.theme = theme;
    keep('theme', theme === 'system' ? null : theme);
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
  }

  go(view: View) {
    if (view === this.view && this.title === null) return;
    history.pushState(null, '', PATHS[view]);
    this.follow();
    scrollTo(0, 0);
  }

  private follow() {
    this.view = viewOf(location.pathname);
    this.title = watchedOf(location);
  }
}

function viewOf(path: string): View {
  if (path === PATHS.server) return 'server';
  return /^\/(library|shared)(\/|$)/.test(path) ? 'library' : 'work';
}

export const prefs = new Prefs();
