import { isDeepStrictEqual } from 'node:util';
import { ValidationError } from '../../../platform/errors/app-error.js';
import { mergePatch } from '../../../platform/json/merge-patch.js';

import { parseProfileChanges } from '../profile-changes.js';
import { requireEmail, requireExternalId, requireUsername } from '../user-fields.policy.js';
import type { UserRow } from '../users.dto.js';
import { USER_METADATA_MAX_BYTES, type UpdateHostUserDto } from './host-users.dto.js';

/** What the host product may change of a user, as stored. */
export type UserState = Pick<
  UserRow,
  | 'id'
  | 'username'
  | 'email'
  | 'external_id'
  | 'display_name'
  | 'bio'
  | 'avatar_url'
  | 'location'
  | 'role'
  | 'public_metadata'
  | 'private_metadata'
>;

const FIELDS = [
  ...(['username', 'email', 'external_id', 'display_name', 'bio', 'avatar_url', 'location', 'role'] as const),
  ...(['public_metadata', 'private_metadata'] as const),
] satisfies (keyof UserState)[];

/** The names of the fields in which two states differ. */
export function changedFieldsOf(before: UserState, after: UserState): (keyof UserState)[] {
  return FIELDS.filter((field) => !isDeepStrictEqual(before[field], after[field]));
}

/**
 * Returns the state after the changes; fields of the input that are undefined are unchanged. @throws ValidationError
 */
export function stateAfter(before: UserState, input: UpdateHostUserDto): UserState {
  const { displayName, bio, location, avatarUrl } = parseProfileChanges(input);
  const { public: publicPatch = {}, private: privatePatch = {} } = input.metadata ?? {};
  const after: UserState = {
    id: before.id,
    username: input.username === undefined ? before.username : requireUsername(input.username),
    email: typeof input.email === 'string' ? requireEmail(input.email) : input.email === null ? null : before.email,
    external_id: input.external_id === undefined ? before.external_id : requireExternalId(input.external_id),
    display_name: displayName ?? before.display_name,
    bio: bio ?? before.bio,
    avatar_url: avatarUrl === undefined ? before.avatar_url : avatarUrl,
    location: location ?? before.location,
    role: input.role ?? before.role,
    public_metadata: mergePatch(before.public_metadata, publicPatch),
    private_metadata: mergePatch(before.private_metadata, privatePatch),
  };
  if (before.external_id !== null && after.external_id !== before.external_id) {
    throw ValidationError.of('external_id', 'never changes: the user has another one');
  }
  const bytes = Buffer.byteLength(JSON.stringify({ public: after.public_metadata, private: after.private_metadata }));
  if (bytes > USER_METADATA_MAX_BYTES) {
    throw ValidationError.of('metadata', `must be at most ${USER_METADATA_MAX_BYTES} bytes of JSON after the change`);
  }
  return after;
}
