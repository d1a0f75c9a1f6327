/** The one WebSocket to the server: it comes back by itself after a pause that grows, unless it was told not to. */
import { askBytes, PROTOCOL, readTell, type Ask, type Tell } from './frame';

const PAUSE_FIRST_MS = 250;
const PAUSE_MAX_MS = 30_000;
/** After these it does not come back: another device of the same name is here, somebody is refused, or a token was taken back. */
const FINAL = [4401, 4403, 4409, 4410];

export interface Listener {
  told(tell: Tell): void;
  /** The connection is gone; `isFinal` when it stays so. */
  lost(isFinal: boolean): void;
}

/** What a desk has of its connection. */
export interface Wire {
  /** Says it if there is a connection, and nothing else: what has to arrive is said again in the next. */
  say(ask: Ask): void;
  /** The server knows us: the next loss is the first again. */
  settle(): void;
  stop(): void;
}

export type Dial = (listener: Listener) => Wire;

export class Connection implements Wire {
  private socket: WebSocket | undefined;
  private pause = PAUSE_FIRST_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isOver = false;

  constructor(
    private readonly url: string,
    private readonly listener: Listener,
  ) {
    this.open();
  }

  say(ask: Ask) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(askBytes(ask));
  }

  settle() {
    this.pause = PAUSE_FIRST_MS;
  }

  stop() {
    this.isOver = true;
    clearTimeout(this.timer);
    this.socket?.close(1000);
  }

  private open() {
    const socket = new WebSocket(this.url, PROTOCOL);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    socket.onmessage = ({ data }) => this.hear(socket, data);
    socket.onclose = ({ code }) => {
      if (socket !== this.socket || this.isOver) return;
      const isFinal = FINAL.includes(code);
      this.listener.lost(isFinal);
      if (!isFinal) this.again();
    };
  }

  private hear(socket: WebSocket, data: unknown) {
    if (socket !== this.socket || this.isOver) return;
    try {
      this.listener.told(readTell(new Uint8Array(data as ArrayBuffer)));
    } catch {
      // What is no frame is not guessed at.
      socket.close(4400);
    }
  }

  private again() {
    const pause = this.pause * (0.5 + Math.random() / 2);
    this.pause = Math.min(PAUSE_MAX_MS, this.pause * 2);
    this.timer = setTimeout(() => this.open(), pause);
  }
}
