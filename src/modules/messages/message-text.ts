import type { MessageDto } from './messages.dto.js';
import { linesOfAttachments } from './typed-attachments/typed-attachments.js';

type Texts = Pick<MessageDto, 'content' | 'location' | 'contact' | 'forwarded'>;

/**
 * All that a message says, as one text, for clients that know texts and files only: the content, and below it location,
 * contact, and what was forwarded.
 */
export function textOfMessage(message: Texts): string {
  const { content, location, contact, forwarded } = message;
  if (!location && !contact && !forwarded) return content;
  const lines = [content, ...linesOfAttachments(message)];
  if (forwarded) lines.push(forwarded.content, ...linesOfAttachments(forwarded));
  return lines.filter((line) => line !== '').join('\n');
}
