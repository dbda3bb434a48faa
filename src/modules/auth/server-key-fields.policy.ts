import type { FieldProblem } from '../../platform/errors/app-error.js';
import { type Scope, SCOPES } from '../../platform/identity/server-key.js';
import { cleanName } from '../../platform/validation/text.js';

/** The fields of a new server key, as a client or the command line gives them. */
export interface ServerKeyInput {
  readonly name?: string;
  readonly kind?: string;
  readonly scopes?: readonly string[];
  readonly expires_at?: string | null;
}

/** The problems of a new server key that depend on several fields, or on the time. */
export function problemsOfServerKey(input: ServerKeyInput): FieldProblem[] {
  const { name, kind = 'server', scopes = [], expires_at: expiresAt } = input;
  const problems: FieldProblem[] = [];
  if (typeof name === 'string' && cleanName(name) === '') {
    problems.push({ field: 'name', reason: 'name must have a visible character' });
  }
  const unknown = Array.isArray(scopes) ? scopes.find((scope) => !isScope(scope)) : undefined;
  if (unknown !== undefined) {
    problems.push({ field: 'scopes', reason: `each scope must be one of ${SCOPES.join(', ')}` });
  } else if (kind === 'server' && scopes.length === 0) {
    problems.push({ field: 'scopes', reason: 'scopes must name at least one scope' });
  } else if (kind === 'signing' && scopes.some((scope) => scope !== 'moderation')) {
    problems.push({ field: 'scopes', reason: 'scopes of a key that signs tokens must be empty, or moderation alone' });
  }
  if (typeof expiresAt === 'string' && Date.parse(expiresAt) <= Date.now()) {
    problems.push({ field: 'expires_at', reason: 'expires_at must be in the future' });
  }
  return problems;
}

export function isScope(text: unknown): text is Scope {
  return (SCOPES as readonly unknown[]).includes(text);
}
