import { ValidationError } from '../../../platform/errors/app-error.js';
import { cleanName } from '../../../platform/validation/text.js';

/** A reason one can read: spaces and invisible characters are none. @throws ValidationError */
export function requireReason(text: string): string {
  const reason = cleanName(text);
  if (reason === '') throw ValidationError.of('reason', 'must not be empty');
  return reason;
}
