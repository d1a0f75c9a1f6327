/** What plays: hls.js where the browser has no HLS of its own that can be trusted, else the browser. Speaks of levels and tracks. */
import type HlsType from 'hls.js';

export interface Level {
  height: number;
  /** Bits per second. */
  rate: number;
  /** The title's own file. */
  isOriginal: boolean;
}

export type Failure = 'network' | 'gone' | 'media' | 'unsupported';

/** Bits per second that are assumed before anything was measured: enough for 720p. */
const FIRST_RATE = 4_000_000;

export class Engine {
  levels = $state.raw<Level[]>([]);
  /** Which level is shown, and which was chosen; -1 is nothing, and everything. */
  current = $state(-1);
  chosen = $state(-1);
  sounds = $state.raw<string[]>([]);
  sound = $state(0);
  failure = $state<Failure | null>(null);
  /** Bits per second as they arrive. */
  bandwidth = $state(0);
  private hls: HlsType | undefined;
  private recoveries = 0;

  async start(video: HTMLVideoElement, url: string, at: number, rate: number | null) {
    const { default: Hls } = await import('hls.js');
    if (!Hls.isSupported()) return this.native(video, url, at);
    const hls = new Hls({
      // Segments are fragments already: there is nothing that a worker would have to unpack, and a worker would need a
      // script from a blob.
      enableWorker: false,
      startPosition: at,
      testBandwidth: false,
      abrEwmaDefaultEstimate: rate ?? FIRST_RATE,
      startFragPrefetch: true,
      maxBufferLength: 30,
      backBufferLength: 60,
      capLevelToPlayerSize: false,
    });
    this.hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.list(hls));
    hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => (this.current = level));
    hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, (_, { audioTracks }) => (this.sounds = audioTracks.map((track) => track.name)));
    hls.on(Hls.Events.AUDIO_TRACK_SWITCHED, (_, { id }) => (this.sound = id));
    hls.on(Hls.Events.FRAG_LOADED, () => (this.bandwidth = hls.bandwidthEstimate));
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (!data.fatal) return;
      if (data.type === Hls.ErrorTypes.MEDIA_ERROR && this.recoveries < 2) {
        this.recoveries += 1;
        hls.recoverMediaError();
        return;
      }
      const status = data.response?.code ?? 0;
      this.failure = data.type === Hls.ErrorTypes.MEDIA_ERROR ? 'media' : status >= 400 && status < 500 ? 'gone' : 'network';
    });
    hls.loadSource(url);
    hls.attachMedia(video);
  }

  /** A level by its place, or -1 for whichever the line carries. */
  choose(level: number) {
    this.chosen = level;
    if (!this.hls) return;
    // Who chooses wants to see it now, not after what is loaded; what the line carries may come when it comes.
    if (level < 0) this.hls.nextLevel = level;
    else this.hls.currentLevel = level;
  }

  hear(track: number) {
    if (this.hls) this.hls.audioTrack = track;
  }

  /** Once more after a failure. */
  again() {
    this.failure = null;
    this.recoveries = 0;
    this.hls?.startLoad();
  }

  stop() {
    this.hls?.destroy();
    this.hls = undefined;
    this.levels = [];
    this.sounds = [];
    this.current = -1;
    this.chosen = -1;
    this.failure = null;
    this.recoveries = 0;
  }

  private list(hls: HlsType) {
    this.levels = hls.levels.map(({ width, height, bitrate, url }) => ({
      height: Math.min(width, height),
      rate: bitrate,
      isOriginal: /\/v\/media\.m3u8$/.test(url[0] ?? ''),
    }));
  }

  private native(video: HTMLVideoElement, url: string, at: number) {
    if (!video.canPlayType('application/vnd.apple.mpegurl')) {
      this.failure = 'unsupported';
      return;
    }
    video.src = url;
    if (at > 0) video.addEventListener('loadedmetadata', () => (video.currentTime = at), { once: true });
    video.addEventListener('error', () => (this.failure = 'media'), { once: true });
  }
}
