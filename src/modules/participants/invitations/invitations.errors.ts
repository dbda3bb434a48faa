import { defineError } from '../../../platform/errors/app-error.js';
import { LIMIT_DETAILS } from '../../../platform/errors/error-details.js';

export class InvitationNotFound extends defineError('INVITATION_NOT_FOUND', 404, {
  message: 'No such invitation.',
  meaning: 'The invitation does not exist, is of another user, has ended, or its conversation was deleted.',
  action: 'Load the invitations again.',
}) {}

export class InvitationRequired extends defineError('INVITATION_REQUIRED', 403, {
  message: 'This user can only be invited.',
  meaning: 'A user whom the caller adds takes part only in conversations to which they have accepted an invitation.',
  action: 'Invite the user with `POST /conversations/{id}/invitations`.',
}) {}

export class InviteLinkNotFound extends defineError('INVITE_LINK_NOT_FOUND', 404, {
  message: 'This link cannot be used.',
  meaning: 'The invite link does not exist, was revoked, has expired, or has been used as often as it may be.',
  action: 'Ask for a new link.',
}) {}

export class TooManyInviteLinks extends defineError('TOO_MANY_INVITE_LINKS', 409, {
  message: (limit: number) => `A conversation can have at most ${limit} invite links.`,
  meaning: 'A conversation can have at most `details.limit` invite links that can be used.',
  action: 'Revoke one.',
  details: { fields: LIMIT_DETAILS, of: (limit: number) => ({ limit }) },
}) {}
