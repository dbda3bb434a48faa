import type { Client } from './client.js';
import {
  applyToConversation,
  applyToUser,
  type ClientState,
  fetchConversation,
  fetchState,
  findDifference,
} from './conversation-state.js';
import type { Frame, LinkKind } from './client-link.js';

/** A client that loads everything once, and from then on relies on events alone. */
export class Observer {
  readonly seenTypes = new Set<string>();
  /** Frames whose `prev` was not the position of this client. */
  brokenChains = 0;
  readonly endedSessions = new Set<string>();
  private state: ClientState = { me: {}, conversations: {} };
  private atSeq = new Map<string, number>();
  private ownSeq = 0;
  private working: Promise<void> = Promise.resolve();

  constructor(
    private readonly client: Client,
    /** The type that this client ignores, if any. */
    private readonly ignored?: string,
  ) {
    client.onFrame = (frame) => {
      if (frame.seq !== undefined) this.working = this.working.then(() => this.take(frame));
    };
  }

  /** Loads the current state, then connects from there. */
  async start(kind: LinkKind, address: string): Promise<void> {
    const { state, atSeq, cursor } = await fetchState(this.client.rest);
    this.state = state;
    this.atSeq = atSeq;
    this.client.cursor = cursor;
    await this.client.connect(kind, { address });
  }

  /** Loses the connection and resumes with the cursor. */
  async blink(kind: LinkKind, address: string): Promise<void> {
    this.client.cut();
    await this.client.connect(kind, { address });
  }

  /** Whether it has reached these heads of its own stream and its conversations. */
  async hasReached(ownHead: number, heads: ReadonlyMap<string, number>): Promise<boolean> {
    await this.working;
    if (this.ownSeq < ownHead) return false;
    return Object.keys(this.state.conversations).every((id) => (this.atSeq.get(id) ?? 0) >= (heads.get(id) ?? 0));
  }

  /** The first difference between its state and what it would fetch now. */
  async findDivergence(): Promise<string | undefined> {
    await this.working;
    return findDifference(this.state, (await fetchState(this.client.rest)).state);
  }

  private async take(frame: Frame): Promise<void> {
    this.seenTypes.add(frame.type);
    if (frame.type === this.ignored) this.note(frame);
    else if (frame.conversation_id) this.takeOfConversation(frame.conversation_id, frame);
    else await this.takeOwn(frame);
  }

  private note({ conversation_id: id, seq }: Frame): void {
    if (id) this.atSeq.set(id, Math.max(this.atSeq.get(id) ?? 0, seq!));
    else this.ownSeq = Math.max(this.ownSeq, seq!);
  }

  private takeOfConversation(id: string, frame: Frame): void {
    const state = this.state.conversations[id];
    const last = this.atSeq.get(id) ?? 0;
    if (!state || frame.seq! <= last) return;
    if (frame.prev! > last) this.brokenChains++;
    this.atSeq.set(id, frame.seq!);
    if (frame.type === 'conversation.deleted') delete this.state.conversations[id];
    else applyToConversation(state, frame);
  }

  private async takeOwn(frame: Frame): Promise<void> {
    if (frame.seq! <= this.ownSeq) return;
    this.ownSeq = frame.seq!;
    if (frame.type === 'session.revoked') this.endedSessions.add(frame.data.session_id as string);
    if (frame.type !== 'conversation.added') return applyToUser(this.state, frame);
    const id = frame.data.conversation_id as string;
    if ((frame.data.conversation as { type?: string } | null)?.type !== 'group') return;
    const fetched = await fetchConversation(this.client.rest, id);
    if (!fetched) return;
    this.state.conversations[id] = fetched.state;
    this.atSeq.set(id, fetched.atSeq);
  }
}
