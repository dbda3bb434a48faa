import { Injectable } from '@nestjs/common';
import type { MessageDto } from '../messages.dto.js';
import { PollsRepository } from './polls.repository.js';

/** Adds to polls what their reader has chosen. Messages without a poll cost nothing. */
@Injectable()
export class OwnVotes {
  constructor(private readonly repository: PollsRepository) {}

  async addTo<Message extends MessageDto>(userId: string, messages: Message[]): Promise<Message[]> {
    const polls = messages.filter(({ poll }) => poll);
    if (polls.length === 0) return messages;
    const chosen = await this.repository.optionsOf(polls.map(({ id }) => ({ messageId: id, userId })));
    const byId = new Map(polls.map(({ id }, index) => [id, chosen[index]!]));
    return messages.map((message) => {
      const own = byId.get(message.id);
      return own ? withOwn(message, own) : message;
    });
  }
}

/** The message as the user sees it who chose these options. */
export function withOwn<Message extends MessageDto>(message: Message, own: ReadonlySet<string>): Message {
  if (!message.poll) return message;
  const options = message.poll.options.map((option) => ({ ...option, own: own.has(option.id) }));
  return { ...message, poll: { ...message.poll, options } };
}
