/** What plays: hls.js where the browser has no HLS of its own that can be trusted, else the browser. Speaks of levels and tracks. */
import type HlsType from 'hls.js';
import type { Fragment } from 'hls.js';

export interface Level {
  height: number;
  /** Bits per second. */
  rate: number;
  /** The title's own file. */
  isOriginal: boolean;
  /** In AV1, for who has to tell it from the same height in H.264. */
  isAv1: boolean;
}

/** Subtitles. */
export interface Words {
  name: string;
  /** As the playlist says it; empty when unknown. */
  language: string;
}

export type Failure = 'network' | 'gone' | 'media' | 'unsupported';

/** Bits per second that are assumed before anything was measured: enough for 720p. */
const FIRST_RATE = 4_000_000;

const same = (cue: VTTCue) => `${cue.startTime.toFixed(2)} ${cue.endTime.toFixed(2)} ${cue.text}`;

export class Engine {
  levels = $state.raw<Level[]>([]);
  /** Which level is shown, and which was chosen; -1 is nothing, and everything. */
  current = $state(-1);
  chosen = $state(-1);
  sounds = $state.raw<string[]>([]);
  sound = $state(0);
  words = $state.raw<Words[]>([]);
  /** Which subtitles are read; -1 is none. */
  word = $state(-1);
  failure = $state<Failure | null>(null);
  /** Bits per second as they arrive. */
  bandwidth = $state(0);
  private hls: HlsType | undefined;
  private video: HTMLVideoElement | undefined;
  /** Of the subtitles: what has come and has no place in time yet, and what got one last. */
  private waiting: Fragment | undefined;
  private placed: Fragment | undefined;
  private recoveries = 0;
  private run = 0;

  /** Whether it is still wanted when it has begun: whoever stops meanwhile, or begins something else, comes first. */
  async start(video: HTMLVideoElement, url: string, at: number, rate: number | null): Promise<boolean> {
    this.video = video;
    const run = (this.run += 1);
    const { default: Hls } = await import('hls.js');
    if (run !== this.run) return false;
    this.attach(Hls, video, url, at, rate);
    return true;
  }

  private attach(Hls: typeof HlsType, video: HTMLVideoElement, url: string, at: number, rate: number | null) {
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
      // Its own elements for subtitles have addresses that the page's policy does not allow; ours need none.
      renderTextTracksNatively: false,
    });
    this.hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.list(hls));
    hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => (this.current = level));
    hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, (_, { audioTracks }) => (this.sounds = audioTracks.map((track) => track.name)));
    hls.on(Hls.Events.AUDIO_TRACK_SWITCHED, (_, { id }) => (this.sound = id));
    hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, (_, { subtitleTracks }) => {
      this.words = subtitleTracks.map(({ name, lang }) => ({ name, language: lang ?? '' }));
      this.read(this.word);
    });
    hls.on(Hls.Events.CUES_PARSED, (_, { cues, subtitleTrack }) => {
      const track = this.track(subtitleTrack?.id ?? 0);
      const known = new Set([...(track.cues ?? [])].map((cue) => same(cue as VTTCue)));
      // A cue across the border of two parts comes with both.
      for (const cue of cues as VTTCue[]) if (!known.has(same(cue))) track.addCue(cue);
    });
    hls.on(Hls.Events.FRAG_LOADED, (_, { frag }) => {
      this.bandwidth = hls.bandwidthEstimate;
      if (frag.type === 'subtitle') this.waiting = frag === this.placed ? undefined : frag;
    });
    hls.on(Hls.Events.SUBTITLE_FRAG_PROCESSED, (_, { frag, success }) => {
      if (!success) return;
      this.placed = frag;
      this.waiting = undefined;
    });
    hls.on(Hls.Events.INIT_PTS_FOUND, () => this.reread());
    hls.on(Hls.Events.MEDIA_ATTACHED, (_, { media }) => media.addEventListener('seeking', this.reread));
    hls.on(Hls.Events.MEDIA_DETACHING, () => video.removeEventListener('seeking', this.reread));
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

  /** Subtitles by their place, or -1 for none. Of a browser that plays by itself these are its own tracks. */
  read(track: number) {
    this.word = track < this.words.length ? track : -1;
    if (this.hls) this.hls.subtitleTrack = this.word;
    if (this.hls && this.word >= 0) this.track(this.word);
    [...(this.video?.textTracks ?? [])].forEach((each, at) => (each.mode = at === this.word ? 'hidden' : 'disabled'));
  }

  /**
   * hls.js gives subtitles their place in time by the video beside them. Those that came before their part of a staged
   * title it keeps, and reads no others until it has placed them: never, for who has gone on to another part. Letting go
   * of the track and taking it again ends that wait.
   */
  private readonly reread = () => {
    if (!this.waiting || !this.hls || this.word < 0) return;
    this.waiting = undefined;
    this.hls.subtitleTrack = -1;
    this.hls.subtitleTrack = this.word;
  };

  /** The track of these subtitles, whose cues the browser tells and does not show. Tracks stay with their element. */
  private track(place: number): TextTrack {
    const video = this.video as HTMLVideoElement;
    while (video.textTracks.length <= place) video.addTextTrack('subtitles').mode = 'disabled';
    const track = video.textTracks[place] as TextTrack;
    // Without this it has no list of its cues.
    if (track.mode === 'disabled') track.mode = 'hidden';
    return track;
  }

  /** Once more after a failure. */
  again() {
    this.failure = null;
    this.recoveries = 0;
    this.hls?.startLoad();
  }

  stop() {
    this.run += 1;
    if (this.hls) {
      for (const track of this.video?.textTracks ?? []) {
        track.mode = 'hidden';
        for (const cue of [...(track.cues ?? [])]) track.removeCue(cue);
        track.mode = 'disabled';
      }
    }
    this.hls?.destroy();
    this.hls = undefined;
    this.waiting = undefined;
    this.placed = undefined;
    this.levels = [];
    this.sounds = [];
    this.words = [];
    this.current = -1;
    this.chosen = -1;
    this.failure = null;
    this.recoveries = 0;
  }

  private list(hls: HlsType) {
    // Levels that this browser does not decode are not among them.
    this.levels = hls.levels.map(({ width, height, bitrate, url, videoCodec }) => ({
      height: Math.min(width, height),
      rate: bitrate,
      isOriginal: /\/v\/media\.m3u8$/.test(url[0] ?? ''),
      isAv1: /^av01\./.test(videoCodec ?? ''),
    }));
  }

  private native(video: HTMLVideoElement, url: string, at: number) {
    if (!video.canPlayType('application/vnd.apple.mpegurl')) {
      this.failure = 'unsupported';
      return;
    }
    video.src = url;
    const tracks = video.textTracks;
    tracks.addEventListener('addtrack', () => {
      this.words = [...tracks].map(({ label, language }) => ({ name: label, language }));
      this.read(this.word);
    });
    if (at > 0) video.addEventListener('loadedmetadata', () => (video.currentTime = at), { once: true });
    video.addEventListener('error', () => (this.failure = 'media'), { once: true });
  }
}
