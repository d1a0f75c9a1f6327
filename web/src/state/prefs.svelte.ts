/** Appearance, and which view is shown. */
import { keep, kept } from './keep';

export type Theme = 'system' | 'light' | 'dark';
export type View = 'work' | 'library' | 'server';

const PATHS: Record<View, string> = { work: '/', library: '/library', server: '/server' };

export interface Watched {
  id: string;
  permission: string | null;
}

class Prefs {
  theme = $state<Theme>((kept('theme') as Theme | null) ?? 'system');
  view = $state<View>(viewOf(location.pathname));
  /** The title that is watched. */
  title = $state<Watched | null>(watchedOf(location.pathname));

  constructor() {
    addEventListener('popstate', () => this.follow());
  }

  /** Opens a title of the library. */
  watch(id: string) {
    history.pushState(null, '', `/library/${id}`);
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
    this.title = watchedOf(location.pathname);
  }
}

function viewOf(path: string): View {
  if (path === PATHS.server) return 'server';
  return /^\/(library|shared)(\/|$)/.test(path) ? 'library' : 'work';
}

/** A title has its address; who was sent a link has a permission in it, too. */
function watchedOf(path: string): Watched | null {
  const found = /^\/(?:library|shared\/([0-9a-f]+))\/([0-9a-f]{32})$/.exec(path);
  return found ? { permission: found[1] ?? null, id: found[2] as string } : null;
}

export const prefs = new Prefs();
