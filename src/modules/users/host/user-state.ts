import { isDeepStrictEqual } from 'node:util';
import { PermissionDenied, ValidationError } from '../../../platform/errors/app-error.js';
import type { Actor, SystemRole } from '../../../platform/identity/actor.js';
import { isGuest } from '../guest.constants.js';
import { applyMergePatch } from '../merge-patch.js';
import { parseProfileChanges } from '../profile-changes.js';
import { SYSTEM_USER_ID } from '../system-user.constants.js';
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

/** Returns the state after the changes; fields of the input that are undefined are unchanged. @throws ValidationError */
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
    public_metadata: applyMergePatch(before.public_metadata, publicPatch),
    private_metadata: applyMergePatch(before.private_metadata, privatePatch),
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

/**
 * Requires that the host product may change an account of the first role so that it has the second. Admins are excluded:
 * a key that could change them would have their rights. @throws PermissionDenied
 */
export function requireMayManage(
  { serverKey }: Actor,
  { id, role }: Pick<UserState, 'id' | 'role'>,
  after: SystemRole,
): void {
  if (isGuest({ userId: id }) || id === SYSTEM_USER_ID)
    throw new PermissionDenied('This account belongs to the server.');
  if (role === 'admin') throw new PermissionDenied('Admins are changed with PATCH /admin/users/{id}.');
  const needsModeration = role === 'moderator' || after === 'moderator';
  if (needsModeration && serverKey && !serverKey.scopes.has('moderation')) {
    throw new PermissionDenied('This key needs the scope moderation for moderators.');
  }
}
