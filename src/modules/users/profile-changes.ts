import { requireAvatarUrl, requireBio, requireDisplayName, requireLocation } from './user-fields.policy.js';

/** The changes of a profile; undefined fields are unchanged. */
export interface ProfileChanges {
  readonly displayName?: string;
  readonly bio?: string;
  readonly location?: string;
  readonly avatarUrl?: string | null;
}

/** A profile as a client sends it; undefined fields are unchanged. */
interface ProfileInput {
  readonly display_name?: string;
  readonly bio?: string;
  readonly location?: string;
  readonly avatar_url?: string | null;
}

/** Validates and cleans the fields of a profile. @throws ValidationError */
export function parseProfileChanges(dto: ProfileInput): ProfileChanges {
  return {
    displayName: dto.display_name === undefined ? undefined : requireDisplayName(dto.display_name),
    bio: dto.bio === undefined ? undefined : requireBio(dto.bio),
    location: dto.location === undefined ? undefined : requireLocation(dto.location),
    avatarUrl: typeof dto.avatar_url === 'string' ? requireAvatarUrl(dto.avatar_url) : dto.avatar_url,
  };
}
