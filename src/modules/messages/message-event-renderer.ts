import { Injectable } from '@nestjs/common';
import { DurableEvent } from '../../platform/event-log/event-catalogue.js';
import type { EventContent, StreamEvent } from '../../platform/event-log/stream-event.js';
import { EVENT_HIDDEN, HIDDEN_DATA } from '../../platform/realtime/fan-out/wire-event.js';
import { renderMessageEvent, renderPollEvent } from './message-presenter.js';
import {
  HiddenEventData,
  MESSAGE_CREATED,
  MESSAGE_DELETED,
  MESSAGE_PINNED,
  MESSAGE_UNPINNED,
  MESSAGE_UPDATED,
  MessageData,
  POLL_UPDATED,
  PollData,
  REACTION_ADDED,
  REACTION_REMOVED,
  ReactionData,
} from './messages.events.js';
import { MessagesRepository } from './messages.repository.js';
import { PollsRepository } from './polls/polls.repository.js';

/** Renders message events read from the log with the current message, so that deleted content is not sent again. */
@Injectable()
export class MessageEventRenderer {
  constructor(
    private readonly repository: MessagesRepository,
    private readonly polls: PollsRepository,
  ) {}

  @DurableEvent(POLL_UPDATED, { summary: 'A user voted on a poll, or it was closed.', data: PollData })
  async renderPolls(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const rows = await this.repository.find(events.map((event) => event.subjectId!));
    const voters = events.map((event) => event.payload!.voter_id as string);
    const chosen = await this.polls.optionsOf(
      events.map((event, index) => ({ messageId: event.subjectId!, userId: voters[index]! })),
    );
    return rows.map(
      (row, index) =>
        row && renderPollEvent(row, { userId: voters[index]!, own: chosen[index]! }, onlyForOf(events[index]!)),
    );
  }

  /** No such event is stored: others are sent as this one to users who do not see their message. */
  @DurableEvent(EVENT_HIDDEN, {
    summary: 'An event about a message that the receiver does not see; it only advances the position.',
    data: HiddenEventData,
  })
  renderHidden(events: StreamEvent[]): EventContent[] {
    return events.map(() => ({ data: HIDDEN_DATA }));
  }

  @DurableEvent(MESSAGE_CREATED, { summary: 'A message was sent.', data: MessageData })
  @DurableEvent(MESSAGE_UPDATED, { summary: 'A message was edited.', data: MessageData })
  @DurableEvent(MESSAGE_DELETED, { summary: 'A message was deleted; a tombstone remains.', data: MessageData })
  @DurableEvent(MESSAGE_PINNED, { summary: 'A message was pinned.', data: MessageData })
  @DurableEvent(MESSAGE_UNPINNED, { summary: 'A message was unpinned.', data: MessageData })
  @DurableEvent(REACTION_ADDED, { summary: 'A user reacted to a message.', data: ReactionData })
  @DurableEvent(REACTION_REMOVED, { summary: 'A reaction was removed.', data: ReactionData })
  async render(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const rows = await this.repository.find([...new Set(events.map((event) => event.subjectId!))]);
    const byId = new Map(rows.flatMap((row) => (row ? [[row.id, row] as const] : [])));
    return events.map((event) => {
      const row = byId.get(event.subjectId!);
      const emoji = event.payload?.emoji as string | undefined;
      return row && renderMessageEvent(row, event.type, { actorId: event.actorId, emoji, onlyFor: onlyForOf(event) });
    });
  }
}

function onlyForOf({ payload }: StreamEvent): readonly string[] | undefined {
  return payload?.only_for as readonly string[] | undefined;
}
