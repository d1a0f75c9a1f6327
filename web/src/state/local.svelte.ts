/** A file that was chosen here: what the browser itself can tell of it, before anything is sent. */
import type { Size } from '../logic/fit';

/** Milliseconds after which a browser that says nothing about a file is taken not to know it. */
const PATIENCE = 8000;
/** Where the picture of a file is taken, as a share of its length: past black beginnings. */
const POSTER_AT = 0.15;
const POSTER_WIDTH = 320;

export type Seen = 'loading' | 'shown' | 'unknown';

export class Local {
  readonly url: string;
  seen = $state<Seen>('loading');
  /** Seconds; 0 while it is not known. */
  duration = $state(0);
  size = $state<Size>({ width: 0, height: 0 });
  /** A small picture of it, as a data URL. */
  poster = $state<string>();

  constructor(readonly file: File) {
    this.url = URL.createObjectURL(file);
    void this.look();
  }

  get isShown() {
    return this.seen === 'shown';
  }

  private async look() {
    try {
      const video = await opened(this.url);
      this.duration = Number.isFinite(video.duration) ? video.duration : 0;
      this.size = { width: video.videoWidth, height: video.videoHeight };
      if (video.videoWidth > 0) {
        await sought(video, this.duration * POSTER_AT);
        this.poster = drawn(video, POSTER_WIDTH).toDataURL('image/jpeg', 0.7);
      }
      this.seen = video.videoWidth > 0 && this.duration > 0 ? 'shown' : 'unknown';
      release(video);
    } catch {
      this.seen = 'unknown';
    }
  }
}

/** Pictures from these moments, one after the other, as they come. */
export async function* pictures(url: string, moments: number[], width: number) {
  const video = await opened(url);
  try {
    for (const at of moments) {
      await sought(video, at);
      yield drawn(video, width);
    }
  } finally {
    release(video);
  }
}

function opened(url: string): Promise<HTMLVideoElement> {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  video.preload = 'auto';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer')), PATIENCE);
    video.addEventListener('loadeddata', () => {
      clearTimeout(timer);
      resolve(video);
    });
    video.addEventListener('error', () => {
      clearTimeout(timer);
      reject(new Error('not shown'));
    });
    video.src = url;
  });
}

function sought(video: HTMLVideoElement, at: number): Promise<void> {
  return new Promise((resolve, reject) => {
    video.addEventListener('seeked', () => resolve(), { once: true });
    video.addEventListener('error', () => reject(new Error('broken')), { once: true });
    video.currentTime = at;
  });
}

function drawn(video: HTMLVideoElement, width: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = Math.min(width, video.videoWidth);
  canvas.height = Math.max(1, Math.round((canvas.width * video.videoHeight) / video.videoWidth));
  canvas.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** Lets go of the decoder at once, of which browsers have few. */
function release(video: HTMLVideoElement) {
  video.removeAttribute('src');
  video.load();
}

/** All files in what was dropped, folders opened. */
export async function dropped(transfer: DataTransfer): Promise<File[]> {
  // The list is empty after the event, so the entries are taken first.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...transfer.files];
  const files = await Promise.all(entries.map(within));
  return files.flat();
}

async function within(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    return new Promise((resolve) => (entry as FileSystemFileEntry).file((file) => resolve([file]), () => resolve([])));
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  // A directory is told in pieces, until an empty one.
  for (;;) {
    const piece = await new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (piece.length === 0) return files;
    for (const each of piece) files.push(...(await within(each)));
  }
}

const VIDEO_NAMES = /\.(mp4|m4v|mov|qt|mkv|webm|avi|wmv|asf|flv|f4v|mpe?g|m2v|mts|m2ts|ts|vob|ogv|ogg|3gp|3g2|mxf|dv|gif|rm|rmvb|y4m|divx|mp3|m4a|aac|flac|wav|opus|oga|wma|mka)$/i;

/** Of a folder only what looks like a video; what was chosen one by one is taken as it is. */
export const looksLikeVideo = (file: File) => /^(video|audio)\//.test(file.type) || VIDEO_NAMES.test(file.name);
