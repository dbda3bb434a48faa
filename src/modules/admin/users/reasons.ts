import { ValidationError } from '../../../platform/errors/app-error.js';
import { cleanName } from '../../../platform/validation/text.js';

/** Requires a visible reason, not only spaces and invisible characters. @throws ValidationError */
export function requireReason(text: string): string {
  const reason = cleanName(text);
  if (reason === '') throw ValidationError.of('reason', 'must not be empty');
  return reason;
}
