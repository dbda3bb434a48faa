import { Injectable, type PipeTransform } from '@nestjs/common';
import { ParticipantsPolicy } from './participants.policy.js';

/** A conversation in an address: by its id or, for a room, by its slug. @throws ConversationNotFound */
@Injectable()
export class ConversationIdPipe implements PipeTransform<string, Promise<string>> {
  constructor(private readonly policy: ParticipantsPolicy) {}

  transform(idOrSlug: string): Promise<string> {
    return this.policy.resolve(idOrSlug);
  }
}
