import { InvalidFrame } from '../realtime.errors.js';

/** No protocol has longer types. */
const MAX_TYPE_LENGTH = 64;

/** Parses the text of a client, which must be an object. @throws InvalidFrame */
export function parseFrame(text: string): Record<string, unknown> {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    throw new InvalidFrame('not JSON');
  }
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) throw new InvalidFrame('not an object');
  return frame as Record<string, unknown>;
}

/** The same with its type; `fallback` if the protocol makes the type optional. @throws InvalidFrame */
export function parseTypedFrame(text: string, fallback?: string): Record<string, unknown> & { type: string } {
  const frame = parseFrame(text);
  const { type = fallback } = frame;
  if (typeof type !== 'string' || type.length > MAX_TYPE_LENGTH) {
    throw new InvalidFrame(`type must be text of at most ${MAX_TYPE_LENGTH} characters`);
  }
  return { ...frame, type };
}
