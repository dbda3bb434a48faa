import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ack } from './checker.js';
import { type Frame, type Link, type LinkKind, openLink } from './client-link.js';
import type { Person } from './people.js';
import { Refused, Rest } from './rest.js';
import { StreamHistory } from './stream-history.js';

/** A message in a response, with the fields that the rounds read. */
export interface Message {
  readonly id: string;
  readonly conversation_id: string;
  readonly sequence_number: number;
  readonly seq: number;
  readonly sender_id: string;
  readonly content: string;
  readonly created_at: string;
  readonly reply_to_id: string | null;
  readonly reply_to_content: string | null;
}

export interface MessagePage {
  readonly data: Message[];
  readonly next_cursor: string | null;
  readonly at_seq: number;
  readonly cursor: string;
}

export interface SendOptions {
  readonly key?: string;
  /** Over the socket, if there is one, and not over REST. */
  readonly overLink?: boolean;
  /** Until when (by `performance.now()`) an unanswered send is repeated. */
  readonly until?: number;
}

const PAUSE_MS = 40;

/**
 * The client that the protocol is designed for: it repeats a send until it is acknowledged, stores a cursor, resumes
 * with it, and applies events by one rule (`prev == last` apply; `seq ≤ last` drop; else fetch).
 */
export class Client {
  readonly rest: Rest;
  readonly acks: Ack[] = [];
  readonly streams = new Map<string, StreamHistory>();
  /** Sends that were given up without an answer. */
  unknown = 0;
  /** The number of resyncs, of a conversation or of everything. */
  resyncs = 0;
  /** Attempts to send over REST that were refused a connection, cut off, or answered with "later". */
  unansweredOverRest = 0;
  /** Reconnects without its cursor, as a client must not. */
  forgetsCursor = false;
  cursor: string | undefined;
  onFrame: (frame: Frame) => void = () => undefined;
  private link: Link | undefined;
  private repairing: Promise<unknown> = Promise.resolve();

  constructor(
    readonly person: Person,
    address: () => string,
  ) {
    this.rest = new Rest(address, person.token);
  }

  get isConnected(): boolean {
    return this.link?.isOpen ?? false;
  }

  /** Loads the newest page of a conversation and keeps it up to date from there. */
  async follow(conversationId: string): Promise<MessagePage> {
    const page = await this.rest.get<MessagePage>(`/conversations/${conversationId}/messages?limit=1`);
    this.streams.set(conversationId, new StreamHistory(page.at_seq));
    this.cursor ??= page.cursor;
    return page;
  }

  /** Connects or reconnects, with the cursor and, if requested, the positions it has. @throws Refused, Unanswered */
  async connect(
    kind: LinkKind,
    options: { statesPositions?: boolean; address?: string; timeoutMs?: number } = {},
  ): Promise<Link> {
    const conversations = Object.fromEntries([...this.streams].map(([id, { last }]) => [id, last]));
    const link = await openLink(kind, {
      address: options.address ?? this.rest.address(),
      token: this.person.token,
      resume:
        this.cursor && !this.forgetsCursor
          ? { cursor: this.cursor, ...(options.statesPositions && { conversations }) }
          : undefined,
      onFrame: (frame) => this.receive(frame),
      timeoutMs: options.timeoutMs,
    });
    this.link = link;
    return link;
  }

  /** Loses its connection. */
  cut(): void {
    this.link?.cut();
    this.link = undefined;
  }

  close(): void {
    this.cut();
    this.rest.close();
  }

  /** Resolves when everything that the rule requires to be fetched has been fetched. */
  async settled(): Promise<void> {
    await this.repairing;
  }

  /**
   * Sends, repeatedly with the same key, until it is answered; returns undefined if `until` comes first, when the
   * outcome is unknown. @throws Refused
   */
  async send(conversationId: string, content: string, options: SendOptions = {}): Promise<Ack | undefined> {
    const { key = randomUUID(), until = Infinity } = options;
    for (;;) {
      const isOverRest = !options.overLink || !this.isConnected;
      try {
        const message = await this.sendOnce(conversationId, content, key, options.overLink);
        const ack: Ack = {
          id: message.id,
          conversationId,
          sequenceNumber: message.sequence_number,
          seq: message.seq,
          content,
          key,
        };
        this.acks.push(ack);
        return ack;
      } catch (error) {
        if (error instanceof Refused) throw error;
        if (isOverRest) this.unansweredOverRest++;
        if (performance.now() > until) {
          this.unknown++;
          return undefined;
        }
        await sleep(PAUSE_MS);
      }
    }
  }

  /** One attempt. @throws Refused, Unanswered */
  async sendOnce(conversationId: string, content: string, key?: string, overLink = false): Promise<Message> {
    const body = { content, client_message_id: key };
    if (!overLink || !this.link?.isOpen) return this.rest.post(`/conversations/${conversationId}/messages`, body);
    const data = { conversation_id: conversationId, ...body };
    return (await this.link.request<{ message: Message }>('message.send', data)).message;
  }

  /** @throws Refused, Unanswered when there is no connection */
  request<Data>(type: string, data: object): Promise<Data> {
    return this.link!.request<Data>(type, data);
  }

  private receive(frame: Frame): void {
    const { cursor } = frame.data ?? {};
    if (frame.type === 'cursor' || frame.type === 'live') this.cursor = cursor as string;
    else if (frame.type === 'resync') this.resync(frame.data as { scope: string; conversation_id?: string });
    else if (frame.seq !== undefined && frame.conversation_id) this.apply(frame.conversation_id, frame);
    this.onFrame(frame);
  }

  private apply(conversationId: string, frame: Frame): void {
    const stream = this.streams.get(conversationId);
    if (stream?.take(frame) === 'gap') {
      this.repair(() => stream.fill(frame, (after) => this.fetchEvents(conversationId, after)));
    }
  }

  private resync({ scope, conversation_id: named }: { scope: string; conversation_id?: string }): void {
    this.resyncs++;
    const ids = scope === 'conversation' ? [named!] : [...this.streams.keys()];
    for (const id of ids) {
      const stream = this.streams.get(id);
      if (!stream) continue;
      stream.isStale = true;
      this.repair(async () => {
        const page = await this.rest.get<MessagePage>(`/conversations/${id}/messages?limit=1`);
        stream.skipTo(page.at_seq);
      });
    }
  }

  private repair(work: () => Promise<void>): void {
    this.repairing = this.repairing.then(work).catch(() => undefined);
  }

  private async fetchEvents(conversationId: string, after: number): Promise<Frame[]> {
    const page = await this.rest.get<{ data: Frame[] }>(`/conversations/${conversationId}/events?after_seq=${after}`);
    return page.data;
  }
}
