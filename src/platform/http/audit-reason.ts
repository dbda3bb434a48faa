import type { IncomingHttpHeaders } from 'node:http';
import { ValidationError } from '../errors/app-error.js';
import { cleanName, isStorable } from '../validation/text.js';

export const AUDIT_REASON_HEADER = 'X-Audit-Log-Reason';
const MAX_LENGTH = 500;

/** Returns the reason of an action, percent-encoded in a header; undefined if there is none. @throws ValidationError */
export function auditReasonOf({ headers }: { headers: IncomingHttpHeaders }): string | undefined {
  const given = headers['x-audit-log-reason'];
  if (typeof given !== 'string' || given === '') return undefined;
  const reason = decode(given);
  if (reason === undefined || !isStorable(reason) || reason.length > MAX_LENGTH) {
    throw ValidationError.of(AUDIT_REASON_HEADER, `must be percent-encoded text of at most ${MAX_LENGTH} characters`);
  }
  return cleanName(reason) || undefined;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
