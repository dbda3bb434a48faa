import { newId } from '../../database/ids.js';
import { Bus, type BusMessage } from './bus.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';

const FLUSH_AFTER_MS = 5;
/**
 * Beyond this a bus that is too slow drops all but control messages: the reconciler delivers events, and state is sent
 * again.
 */
const MAX_PENDING = 5000;
const HEADS_PER_MESSAGE = 100;

/**
 * Collects messages for a few milliseconds and sends them in few texts. Of each stream only the newest head is sent.
 */
export abstract class CoalescingBus extends Bus {
  protected readonly nodeId = newId();
  private readonly parseFailures = new RepeatedWarning(this.logger, 'a message from the bus could not be read');
  private heads = new Map<string, number>();
  private pending: BusMessage[] = [];
  private timer: NodeJS.Timeout | undefined;
  private isSending = false;

  protected constructor(private readonly maxTextBytes: number) {
    super();
  }

  publish(message: BusMessage): void {
    if (message.kind === 'heads') {
      if (this.isAlone()) return;
      for (const [streamId, seq] of message.heads) {
        if (seq > (this.heads.get(streamId) ?? 0)) this.heads.set(streamId, seq);
      }
    } else if (this.isControl(message) || (!this.isAlone() && this.pending.length < MAX_PENDING)) {
      this.pending.push(message);
    }
    this.schedule();
  }

  /** Sends texts to all other nodes; resolves when they are sent. */
  protected abstract transmit(texts: string[]): Promise<void>;

  /** Whether there is no other node. Then nothing is sent. */
  protected isAlone(): boolean {
    return false;
  }

  /** Processes a text from the wire. */
  protected receive(text: string): void {
    try {
      const { node, messages } = JSON.parse(text) as { node: string; messages: BusMessage[] };
      if (node === this.nodeId) return;
      this.onPeerSeen(node);
      for (const message of messages) this.dispatch(message);
    } catch (error) {
      this.parseFailures.failed({ err: error });
    }
  }

  /** Called for each text of another node. */
  protected onPeerSeen(_node: string): void {
    return;
  }

  protected envelope(messages: readonly object[]): string {
    return JSON.stringify({ node: this.nodeId, messages });
  }

  protected schedule(): void {
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_AFTER_MS);
  }

  override async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.flush();
  }

  private async flush(): Promise<void> {
    this.timer = undefined;
    if (this.isSending || (this.heads.size === 0 && this.pending.length === 0)) return;
    if (!this.isConnected || this.isAlone()) {
      this.heads.clear();
      this.pending = this.isConnected ? [] : this.pending.filter((message) => this.isControl(message)).slice(-1000);
      return;
    }
    this.isSending = true;
    const texts = this.takeTexts();
    try {
      await this.transmit(texts);
    } catch (error) {
      this.connectionFailures.failed({ err: error });
    } finally {
      this.isSending = false;
      if (this.heads.size > 0 || this.pending.length > 0) this.schedule();
    }
  }

  private takeTexts(): string[] {
    const heads = [...this.heads];
    const messages = this.pending.flatMap((message) => this.splitToFit(message));
    this.heads = new Map();
    this.pending = [];
    for (let start = 0; start < heads.length; start += HEADS_PER_MESSAGE) {
      messages.push({ kind: 'heads', heads: heads.slice(start, start + HEADS_PER_MESSAGE) });
    }
    return this.pack(messages);
  }

  /** Splits a message with too many users or sessions for one text. */
  private splitToFit(message: BusMessage): BusMessage[] {
    if (this.sizeOf(message) <= this.maxTextBytes) return [message];
    const halves = halved(message);
    if (halves.length > 0) return halves.flatMap((half) => this.splitToFit(half));
    this.logger.warn(`a message of kind ${message.kind} is too large for the bus`);
    return [];
  }

  private pack(messages: BusMessage[]): string[] {
    const texts: string[] = [];
    let packed: BusMessage[] = [];
    let size = 0;
    for (const message of messages) {
      const bytes = this.sizeOf(message);
      if (size + bytes > this.maxTextBytes && packed.length > 0) {
        texts.push(this.envelope(packed));
        packed = [];
        size = 0;
      }
      packed.push(message);
      size += bytes;
    }
    if (packed.length > 0) texts.push(this.envelope(packed));
    return texts;
  }

  private sizeOf(message: BusMessage): number {
    return Buffer.byteLength(JSON.stringify(message)) + 1;
  }

  private isControl(message: BusMessage): boolean {
    return message.kind === 'end_sessions' || message.kind === 'end_user';
  }
}

function halved(message: BusMessage): BusMessage[] {
  if (message.kind === 'users' && message.userIds.length > 1) {
    return split(message.userIds).map((userIds) => ({ ...message, userIds }));
  }
  if (message.kind === 'end_sessions' && message.sessionIds.length > 1) {
    return split(message.sessionIds).map((sessionIds) => ({ ...message, sessionIds }));
  }
  return [];
}

function split(ids: readonly string[]): string[][] {
  const middle = Math.ceil(ids.length / 2);
  return [ids.slice(0, middle), ids.slice(middle)];
}
