import { defineError } from '../../../platform/errors/app-error.js';

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
