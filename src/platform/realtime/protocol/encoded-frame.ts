/*
 * protocol/: Parley's own frames: what they contain (`protocol-frames.ts`), how they are encoded, and the AsyncAPI
 * document of them.
 *
 * Invariant: a frame is encoded at most once for each protocol, and the result is shared by all connections that
 * receive it.
 */
import type { AppError } from '../../errors/app-error.js';
import { encodeTextFrame, type EngineWriteOptions, type FrameError, type Packet } from './packet.js';

/**
 * How a frame is treated for a slow consumer: durable frames are read again from the log, of state frames only the
 * newest is kept, ephemeral frames are dropped first.
 */
export type FrameClass = 'durable' | 'state' | 'ephemeral';

/** A frame as an object: the content of `EncodedFrame.body`. */
export interface FrameContent {
  readonly type: string;
  readonly conversation_id?: string;
  readonly seq?: number;
  readonly id?: string;
  readonly at?: string;
  readonly actor_id?: string | null;
  readonly replay?: true;
  readonly data: Record<string, unknown>;
  readonly error?: FrameError;
}

/**
 * A frame encoded once for all its receivers: `body` is the JSON of the whole frame, the same bytes on both
 * transports; each transport's own envelope around it is made when its first receiver needs it.
 */
export class EncodedFrame implements Packet {
  private socketIoPacket: string | undefined;
  private socketIoOptions: EngineWriteOptions | undefined;
  private webSocketBytes: Buffer | undefined;
  private translations: Map<object, unknown> | undefined;

  /** `content` is the `FrameContent` of which `body` is the JSON. It must not be changed afterwards. */
  constructor(
    readonly type: string,
    readonly body: string,
    private readonly content: object,
  ) {}

  static of(type: string, frame: object): EncodedFrame {
    const content = { type, ...frame };
    return new EncodedFrame(type, JSON.stringify(content), content);
  }

  /** The failure of a request that has no reply. Translations receive the error itself, with its class. */
  static ofError(error: AppError): EncodedFrame {
    const { code, message, details } = error;
    const body = JSON.stringify({ type: 'error', error: { code, message, details } });
    return new EncodedFrame('error', body, { type: 'error', data: {}, error });
  }

  /** Bytes on the wire, near enough for the queue's accounting. */
  get size(): number {
    return this.body.length;
  }

  /** The Socket.IO packet (protocol 5): EVENT in the default namespace, `["<type>", <frame>]`. */
  get socketIo(): string {
    this.socketIoPacket ??= `2[${JSON.stringify(this.type)},${this.body}]`;
    return this.socketIoPacket;
  }

  get engineOptions(): EngineWriteOptions {
    this.socketIoOptions ??= { compress: false, wsPreEncodedFrame: [encodeTextFrame(`4${this.socketIo}`)] };
    return this.socketIoOptions;
  }

  get webSocketFrame(): Buffer {
    this.webSocketBytes ??= encodeTextFrame(this.body);
    return this.webSocketBytes;
  }

  /**
   * The result of `translate` for this frame, computed once for all receivers. It must be the same function each time,
   * and its result must not depend on the receiver.
   */
  translated<T>(translate: (frame: FrameContent) => T): T {
    this.translations ??= new Map();
    if (!this.translations.has(translate)) {
      this.translations.set(translate, translate(this.content as FrameContent));
    }
    return this.translations.get(translate) as T;
  }
}
