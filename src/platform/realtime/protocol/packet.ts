/**
 * Options of Engine.IO's `write`. `wsPreEncodedFrame` contains the packet, after its `4`, as a complete WebSocket
 * frame.
 */
export interface EngineWriteOptions {
  readonly compress: false;
  readonly wsPreEncodedFrame?: Buffer[];
}

/** What a plain WebSocket writes. */
export interface WebSocketPacket {
  /** Bytes on the wire, near enough for the queue's accounting. */
  readonly size: number;
  /** A whole unmasked WebSocket text frame. */
  readonly webSocketFrame: Buffer;
}

/** What both transports write: text with its form on each wire. */
export interface Packet extends WebSocketPacket {
  /** The Socket.IO packet as text. */
  readonly socketIo: string;
  /** Options for Engine.IO to write it to a WebSocket, with the frame where it is encoded once for many receivers. */
  readonly engineOptions?: EngineWriteOptions;
}

/** A WebSocket text frame of a server (RFC 6455: FIN, opcode 1, no mask), header and payload in one buffer. */
export function encodeTextFrame(text: string | Buffer): Buffer {
  const length = Buffer.byteLength(text);
  if (length < 126) {
    const frame = Buffer.allocUnsafe(2 + length);
    frame[0] = 0x81;
    frame[1] = length;
    copyInto(text, frame, 2);
    return frame;
  }
  const header = length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = 0x81;
  if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  copyInto(text, frame, header);
  return frame;
}

function copyInto(text: string | Buffer, frame: Buffer, at: number): void {
  if (typeof text === 'string') frame.write(text, at, 'utf8');
  else text.copy(frame, at);
}

/** An error as frames contain it. An `AppError` is one, too. */
export interface FrameError {
  readonly code: string;
  readonly message: string;
  readonly details: Record<string, unknown>;
}

/** The id of a request: any short text on plain WebSocket, the number of the acknowledgement on Socket.IO. */
export type RequestId = string | number;

/** Text for a socket of another protocol than Parley's. It is encoded once, whatever the number of receivers. */
export class TextPacket implements WebSocketPacket {
  readonly webSocketFrame: Buffer;

  constructor(text: string) {
    this.webSocketFrame = encodeTextFrame(text);
  }

  static of(frame: object): TextPacket {
    return new TextPacket(JSON.stringify(frame));
  }

  get size(): number {
    return this.webSocketFrame.length;
  }
}

/** The result of a request, or why it failed. */
export interface ReplyOutcome {
  readonly result?: object;
  readonly error?: FrameError;
}

/** The only reply to a request. */
export class Reply implements Packet {
  constructor(
    /** Undefined when the request had none. */
    readonly id: RequestId | undefined,
    /** JSON of `{ok, data}` or `{ok, error}`. */
    readonly body: string,
    /** What `body` contains, for the codec of another protocol. */
    readonly outcome?: ReplyOutcome,
    /** The data of a large reply in UTF-8, so that no socket encodes it in one piece. */
    private readonly data?: Buffer,
  ) {}

  get size(): number {
    return this.body.length;
  }

  get webSocketFrame(): Buffer {
    const id = this.id === undefined ? '' : `"id":${JSON.stringify(this.id)},`;
    const start = `{"type":"reply",${id}`;
    return this.data
      ? this.frame(`${start}"ok":true,"data":`, this.data, '}')
      : encodeTextFrame(start + this.body.slice(1));
  }

  get socketIo(): string {
    return `3${this.id}[${this.body}]`;
  }

  get engineOptions(): EngineWriteOptions | undefined {
    if (!this.data) return undefined;
    return { compress: false, wsPreEncodedFrame: [this.frame(`43${this.id}[{"ok":true,"data":`, this.data, '}]')] };
  }

  private frame(start: string, data: Buffer, end: string): Buffer {
    return encodeTextFrame(Buffer.concat([Buffer.from(start), data, Buffer.from(end)]));
  }
}
