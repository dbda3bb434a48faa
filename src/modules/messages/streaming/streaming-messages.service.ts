import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../../platform/errors/app-error.js';
import { DomainEvents } from '../../../platform/event-log/domain-events.js';
import { KeyedMutex } from '../../../platform/event-log/keyed-mutex.js';
import type { Actor } from '../../../platform/identity/actor.js';
import type { Membership } from '../../participants/access.policy.js';
import { isServer } from '../../users/system-user.constants.js';
import type { GrowingText } from './growing-text.js';
import { GrowingTexts } from './growing-texts.js';
import { ShownTexts } from './shown-texts.js';
import { StreamingAuthors } from './streaming-authors.js';
import type { AppendedDto, AppendToMessageDto } from './streaming-messages.dto.js';
import { MessageNotStreaming } from './streaming-messages.errors.js';
import { MessageDelta } from './streaming-messages.events.js';

/** The rights of an author are read again after this time. */
const AUTHORITY_MS = 1000;

interface Authority {
  readonly of: string;
  readonly at: number;
  readonly membership: Membership;
}

/**
 * Appends to streaming messages. A part is shown to the participants at once, as a signal, and stored within a second.
 * Parts are identified by their place in the text: one that is repeated changes nothing, and one that would leave a gap
 * is refused. So neither the order of arrival nor the process that receives a part changes the text.
 */
@Injectable()
export class StreamingMessagesService {
  private readonly mutex = new KeyedMutex();
  private readonly authorities = new WeakMap<GrowingText, Authority>();

  constructor(
    private readonly authors: StreamingAuthors,
    private readonly texts: GrowingTexts,
    private readonly shown: ShownTexts,
    private readonly events: DomainEvents,
  ) {}

  /**
   * Adds a part to the end of the text.
   * @throws MessageNotFound, MessageNotStreaming, StreamingOffset, ValidationError, ContentTooLong, ContentRejected,
   *   FeatureDisabled, PermissionDenied, ConversationFrozen, ConversationNotFound, ServiceUnavailable
   */
  append(actor: Actor, id: string, { offset, text }: AppendToMessageDto): Promise<AppendedDto> {
    return this.mutex.run(id, async () => {
      const { growing, membership } = await this.requireOwn(actor, id);
      if (!text.isWellFormed()) throw ValidationError.of('text', 'must not begin or end inside a character');
      // PostgreSQL stores no NUL, and the offsets count it.
      const addition = growing.additionOf({ offset, text: text.replaceAll('\0', ' ') });
      if (addition === '') growing.touch();
      else this.add(growing, addition, await this.shown.requireAllowed(actor, membership, growing.text + addition));
      this.texts.storeSoon(id);
      return { message_id: id, next_offset: growing.length };
    });
  }

  private add(growing: GrowingText, addition: string, isShown: boolean): void {
    for (const part of growing.add(addition, { isShown })) {
      const delta = { message_id: growing.id, ...part };
      this.events.publish(new MessageDelta(growing.conversationId, growing.shows, delta));
    }
  }

  private async requireOwn(actor: Actor, id: string): Promise<{ growing: GrowingText; membership: Membership }> {
    const of = `${actor.userId} ${isServer(actor)}`;
    const at = Date.now();
    const known = this.texts.get(id);
    const authority = known && this.authorities.get(known);
    if (known && authority?.of === of && at - authority.at < AUTHORITY_MS)
      return { growing: known, membership: authority.membership };
    const { message, membership } = await this.authors.require(actor, id);
    if (message.streaming !== 'open' || message.deleted_at) this.texts.drop(id);
    const growing = this.texts.get(id) ?? (await this.texts.load(id));
    if (!growing) throw new MessageNotStreaming();
    this.authorities.set(growing, { of, at, membership });
    return { growing, membership };
  }
}
