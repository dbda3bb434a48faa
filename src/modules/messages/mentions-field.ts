import { applyDecorators } from '@nestjs/common';
import { CustomField } from '../../platform/validation/fields.js';
import { isUserId, normaliseUserId } from '../../platform/validation/user-id-field.js';
import { UserReference } from '../../platform/validation/user-references.js';

/** Users whom one message may mention by name. */
export const MENTIONS_MAX = 50;

/** Whom a message mentions besides those it names. `all` includes `here`. */
export const MENTION_SCOPES = ['all', 'here'] as const;
export type MentionScope = (typeof MENTION_SCOPES)[number];

/** The mentions of a send: user ids, or user ids and a scope. */
export type SentMentions = string[] | { readonly users?: string[]; readonly all?: boolean; readonly here?: boolean };

/** The mentions of a send, in either form, without duplicates. */
export function readMentions(mentions: SentMentions | undefined): { users: string[]; scope: MentionScope | undefined } {
  if (mentions === undefined || Array.isArray(mentions)) return { users: mentions ?? [], scope: undefined };
  const { users = [], all, here } = mentions;
  return { users, scope: all ? 'all' : here ? 'here' : undefined };
}

const USERS = { type: 'array', items: { type: 'string', format: 'user-id' }, maxItems: MENTIONS_MAX } as const;

/** Declares the field `mentions` of a send. */
export function MentionsField(): PropertyDecorator {
  const field = CustomField({
    optional: true,
    description:
      'Users; those who are not participants are removed. Or an object: with `all` the message mentions every ' +
      'participant, with `here` those who are online; moderators may, and everyone where `allow_mention_all` is set',
    schema: {
      oneOf: [
        USERS,
        {
          type: 'object',
          properties: { users: USERS, all: { type: 'boolean' }, here: { type: 'boolean' } },
          additionalProperties: false,
        },
      ],
    },
    normalise: normaliseMentions,
    accepts: isMentions,
    reason: `mentions must be at most ${MENTIONS_MAX} user ids, or an object with users, all and here`,
  });
  return applyDecorators(UserReference(), field) as PropertyDecorator;
}

function normaliseMentions(value: unknown): unknown {
  if (Array.isArray(value)) return normaliseUsers(value);
  if (!isObject(value) || !Array.isArray(value.users)) return value;
  return { ...value, users: normaliseUsers(value.users) };
}

function normaliseUsers(values: readonly unknown[]): unknown[] {
  return [...new Set(values.map(normaliseUserId))];
}

function isMentions(value: unknown): boolean {
  if (Array.isArray(value)) return areUsers(value);
  if (!isObject(value)) return false;
  return Object.keys(value).every((name) => {
    const part = value[name];
    if (name === 'users') return areUsers(part);
    return (name === 'all' || name === 'here') && typeof part === 'boolean';
  });
}

function areUsers(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MENTIONS_MAX && value.every(isUserId);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
