import type { MessageDto } from './messages.dto.js';

/**
 * All that a message says, as one text, for clients that know texts and files only: the content, and below it what was
 * forwarded.
 */
export function textOfMessage({ content, forwarded }: Pick<MessageDto, 'content' | 'forwarded'>): string {
  if (!forwarded) return content;
  return [content, forwarded.content].filter((text) => text !== '').join('\n');
}
