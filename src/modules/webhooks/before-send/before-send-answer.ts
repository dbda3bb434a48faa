import { requireSafeJson, requireSmallJson } from '../../../platform/validation/safe-json.js';
import { removeControls } from '../../../platform/validation/text.js';
import type { BeforeSendVerdict } from '../../messages/before-send.port.js';
import { METADATA_MAX_BYTES } from '../../messages/messages.dto.js';

const REASON_MAX = 200;

/** The answer of the host, as it is read: nothing in it is known to be valid. */
type Answer = Readonly<Record<string, unknown>>;

/**
 * Reads the answer of the host: `{ action, content?, metadata?, reason? }`. Returns undefined if it is not a valid one.
 * `sanitize` returns a text as it may be stored, or undefined.
 */
export function readAnswer(
  text: string,
  sanitize: (content: string) => string | undefined,
): BeforeSendVerdict | undefined {
  const answer = parse(text);
  switch (answer?.action) {
    case 'allow':
      return { kind: 'allow' };
    case 'rewrite':
      return rewriteIn(answer, sanitize);
    case 'hold':
    case 'reject':
      return { kind: answer.action, reason: reasonIn(answer) };
    default:
      return undefined;
  }
}

function parse(text: string): Answer | undefined {
  try {
    requireSmallJson(text);
    const value: unknown = JSON.parse(text);
    requireSafeJson(value);
    return typeof value === 'object' && value !== null ? (value as Answer) : undefined;
  } catch {
    return undefined; // not JSON, or more than a message may contain
  }
}

function rewriteIn(
  { content, metadata }: Answer,
  sanitize: (content: string) => string | undefined,
): BeforeSendVerdict | undefined {
  const clean = typeof content === 'string' ? sanitize(content) : undefined;
  if (content !== undefined && clean === undefined) return undefined;
  if (metadata !== undefined && !isMetadata(metadata)) return undefined;
  if (clean === undefined && metadata === undefined) return undefined;
  return {
    kind: 'rewrite',
    ...(clean !== undefined && { content: clean }),
    ...(metadata !== undefined && { metadata }),
  };
}

function isMetadata(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Buffer.byteLength(JSON.stringify(value)) <= METADATA_MAX_BYTES;
}

function reasonIn({ reason }: Answer): string | null {
  if (typeof reason !== 'string') return null;
  return removeControls(reason.slice(0, REASON_MAX)).toWellFormed().trim() || null;
}
