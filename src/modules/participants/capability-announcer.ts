import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { OnDomainEvent } from '../../platform/event-log/domain-events.js';
import type { StreamEvent } from '../../platform/event-log/stream-event.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';
import { Bus } from '../../platform/realtime/bus/bus.js';
import { FanOut } from '../../platform/realtime/fan-out/fan-out.js';
import { EncodedFrame } from '../../platform/realtime/protocol/encoded-frame.js';
import { ResumeState, type StateFrame } from '../../platform/realtime/resume/resume-state-providers.js';
import { ConversationTypeChanged } from '../conversations/conversations.events.js';
import { accessOf, capabilitiesOf } from './access.policy.js';
import { CapabilitiesRepository, type CapabilityRow } from './capabilities.repository.js';
import { CAPABILITIES_CHANGED, CONVERSATION_UPDATED, PARTICIPANT_UPDATED } from './participants.events.js';

/** As many conversations as a resume has unread counts of. A client loads older ones as a page of the list. */
const CONVERSATIONS_MAX = 200;

/** Followed by the name of a conversation type. */
const TYPE_TOPIC = 'conversation_type:';

/**
 * Sends users their capabilities in a conversation when its settings, its conversation type or their own role or mute has changed, so that
 * clients never compute rights. Each node serves the users who are connected to it, after it has delivered the event.
 * It is state: a client that was away receives it when it resumes.
 */
@Injectable()
export class CapabilityAnnouncer implements OnApplicationBootstrap {
  private readonly failures = new RepeatedWarning(
    new Logger(CapabilityAnnouncer.name),
    'capabilities could not be announced',
    { recovered: 'capabilities are announced again' },
  );
  /** Conversations whose settings have changed, and whether they changed again while they were read. */
  private readonly reading = new Map<string, boolean>();

  constructor(
    private readonly repository: CapabilitiesRepository,
    private readonly fanOut: FanOut,
    private readonly bus: Bus,
  ) {
    bus.subscribe((message) => {
      if (message.kind === 'changed' && message.topic.startsWith(TYPE_TOPIC))
        void this.announceToConversationsOf(message.topic.slice(TYPE_TOPIC.length));
    });
  }

  onApplicationBootstrap(): void {
    this.fanOut.observe((event) => this.onDispatched(event));
  }

  @ResumeState()
  async framesOnResume(userId: string): Promise<StateFrame[]> {
    const rows = await this.repository.ofUser(userId, CONVERSATIONS_MAX);
    return groupBySet(rows).map(({ capabilities, rows: same }) => ({
      type: CAPABILITIES_CHANGED,
      data: { conversation_ids: same.map((row) => row.conversation_id), own_capabilities: capabilities },
    }));
  }

  /** Also announces to the users of other nodes. */
  @OnDomainEvent(ConversationTypeChanged)
  onConversationTypeChanged({ name }: ConversationTypeChanged): void {
    void this.announceToConversationsOf(name);
    this.bus.publish({ kind: 'changed', topic: `${TYPE_TOPIC}${name}` });
  }

  /** One conversation after the other: a type may have many. */
  private async announceToConversationsOf(typeName: string): Promise<void> {
    const streams = [...this.fanOut.allDispatchers()].filter(({ kind }) => kind === 'conversation');
    const ids = streams.map(({ streamId }) => streamId);
    const find = (): Promise<string[]> => this.repository.conversationsOf(typeName, ids);
    for (const id of await this.failures.watch(find).catch(() => [])) await this.announceToAll(id);
  }

  private onDispatched({ type, streamId, subjectId }: StreamEvent): void {
    if (type === PARTICIPANT_UPDATED) void this.announce(streamId, [subjectId!]);
    // On a user's own stream the event is about their preferences.
    else if (type === CONVERSATION_UPDATED && streamId === subjectId) void this.announceToAll(streamId);
  }

  /** One read at a time for each conversation: changes meanwhile are covered by one more. */
  private async announceToAll(conversationId: string): Promise<void> {
    if (this.reading.has(conversationId)) return void this.reading.set(conversationId, true);
    do {
      this.reading.set(conversationId, false);
      await this.announce(conversationId, this.fanOut.findDispatcher(conversationId)?.userIds ?? []);
    } while (this.reading.get(conversationId));
    this.reading.delete(conversationId);
  }

  /** Never throws; a client that misses the frame has the capabilities after its next resume or read. */
  private async announce(conversationId: string, userIds: readonly string[]): Promise<void> {
    const connected = userIds.filter((userId) => this.fanOut.subscribers.get(userId));
    if (connected.length === 0) return;
    const read = (): Promise<CapabilityRow[]> => this.repository.ofParticipants(conversationId, connected);
    const rows = await this.failures.watch(read).catch(() => []);
    for (const { capabilities, rows: same } of groupBySet(rows)) {
      const data = { conversation_ids: [conversationId], own_capabilities: capabilities };
      const frame = EncodedFrame.of(CAPABILITIES_CHANGED, { data });
      for (const { user_id: userId } of same) {
        for (const connection of this.fanOut.subscribers.get(userId)?.connections ?? []) {
          connection.deliver(frame, 'state', { key: `capabilities:${conversationId}` });
        }
      }
    }
  }
}

/** The rows by their capabilities: there are few different sets. */
function groupBySet(rows: readonly CapabilityRow[]): { capabilities: string[]; rows: CapabilityRow[] }[] {
  const groups = new Map<string, { capabilities: string[]; rows: CapabilityRow[] }>();
  for (const row of rows) {
    const reader = { userId: row.user_id, role: row.system_role };
    const capabilities = capabilitiesOf(accessOf(row.conversation_id, row, reader));
    const key = capabilities.join();
    const group = groups.get(key) ?? { capabilities, rows: [] };
    group.rows.push(row);
    groups.set(key, group);
  }
  return [...groups.values()];
}
