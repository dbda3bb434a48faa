import { newId } from '../../src/platform/database/ids.js';
import type { EncodedFrame, FrameClass } from '../../src/platform/realtime/protocol/encoded-frame.js';
import type { LiveConnection, Position } from '../../src/platform/realtime/connection/live-connection.js';
import type { TestNode } from './fan-out-world.js';

export interface Frame {
  readonly type: string;
  readonly conversation_id?: string;
  readonly seq?: number;
  readonly prev?: number;
  readonly id?: string;
  readonly actor_id?: string | null;
  readonly replay?: boolean;
  readonly data: Record<string, unknown>;
}

/** A connection with a delay as its network: frames that are still on their way are lost when it is cut. */
export class FakeConnection implements LiveConnection {
  readonly id = newId();
  readonly actor: LiveConnection['actor'];
  unsubscribedStreams: ReadonlySet<string> | undefined;
  subscribedStreams: undefined;
  closedWith: number | undefined;
  private aside: { frame: EncodedFrame; position?: Position }[] | undefined;
  private isCut = false;
  private wire: Promise<void> = Promise.resolve();

  constructor(
    userId: string,
    private readonly receive: (frame: Frame) => void,
    private readonly latency: () => Promise<void> | undefined = () => undefined,
  ) {
    this.actor = {
      userId,
      sessionId: newId(),
      role: 'user',
      username: 'user',
      displayName: 'User',
      expiresAt: Number.MAX_SAFE_INTEGER,
    };
  }

  deliver(frame: EncodedFrame, _frameClass: FrameClass, place?: { position?: Position; key?: string }): void {
    if (this.aside) this.aside.push({ frame, position: place?.position });
    else this.deliverNow(frame);
  }

  changeRole(): void {}

  deferLive(): void {
    this.aside ??= [];
  }

  deliverNow(frame: EncodedFrame, _position?: Position): void {
    const pause = this.latency();
    if (!pause) {
      if (!this.isCut) this.receive(JSON.parse(frame.body) as Frame);
      return;
    }
    this.wire = Promise.all([this.wire, pause]).then(() => {
      if (!this.isCut) this.receive(JSON.parse(frame.body) as Frame);
    });
  }

  release(covered: (position: Position) => boolean): void {
    const aside = this.aside ?? [];
    this.aside = undefined;
    for (const { frame, position } of aside) if (!position || !covered(position)) this.deliverNow(frame);
  }

  close(code: number): void {
    this.closedWith = code;
    this.isCut = true;
  }

  cut(): void {
    this.isCut = true;
  }

  subscribe(): void {
    this.unsubscribedStreams = undefined;
  }

  unsubscribe(streamId: string): void {
    this.unsubscribedStreams = new Set([streamId]);
  }
}

/** A client as the protocol requires: it stores its cursor, drops known events, and fetches what a resync names. */
export class FakeClient {
  connection: FakeConnection | undefined;
  cursor: string | undefined;
  readonly frames: Frame[] = [];
  /** Every durable event once, by conversation ("user" for the own stream), in the order of arrival. */
  readonly applied = new Map<string, number[]>();
  /** The number of resyncs of each conversation. */
  readonly named = new Map<string, number>();
  repeats = 0;
  onEvent: (frame: Frame) => void = () => undefined;
  private node: TestNode | undefined;
  private readonly known = new Map<string, Set<number>>();

  constructor(
    readonly userId: string,
    private readonly latency?: () => Promise<void> | undefined,
  ) {}

  /** Connects and waits for the answer to its resume; frames may still be on their way. */
  async connect(node: TestNode, conversations?: Record<string, number>): Promise<void> {
    const connection = new FakeConnection(this.userId, (frame) => this.take(frame), this.latency);
    this.connection = connection;
    this.node = node;
    const resume = this.cursor === undefined ? undefined : { cursor: this.cursor, conversations };
    const opening = await node.resume.attach(connection, resume);
    // `live` comes last and counts; a client that is cut before it continues with its old cursor.
    this.cursor ??= opening.cursor;
  }

  cut(): void {
    if (!this.connection) return;
    this.connection.cut();
    this.node!.resume.detach(this.connection);
    this.connection = undefined;
  }

  seqs(streamId: string): number[] {
    return this.applied.get(streamId) ?? [];
  }

  private take(frame: Frame): void {
    this.frames.push(frame);
    if (frame.type === 'cursor' || frame.type === 'live') {
      this.cursor = frame.data.cursor as string;
    } else if (frame.type === 'resync') {
      const name = (frame.data.conversation_id as string | undefined) ?? 'all';
      this.named.set(name, (this.named.get(name) ?? 0) + 1);
    } else if (frame.seq !== undefined) {
      this.apply(frame, frame.seq);
    }
  }

  private apply(frame: Frame, seq: number): void {
    const streamId = frame.conversation_id ?? 'user';
    const known = this.known.get(streamId) ?? new Set<number>();
    this.known.set(streamId, known);
    if (known.has(seq)) {
      this.repeats++;
      return;
    }
    known.add(seq);
    const applied = this.applied.get(streamId);
    if (applied) applied.push(seq);
    else this.applied.set(streamId, [seq]);
    this.onEvent(frame);
  }
}
