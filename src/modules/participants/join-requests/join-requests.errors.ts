import { defineError } from '../../../platform/errors/app-error.js';
import { LIMIT_DETAILS } from '../../../platform/errors/error-details.js';

export class JoinRequestNotFound extends defineError('JOIN_REQUEST_NOT_FOUND', 404, {
  message: 'No such join request.',
  meaning:
    'The join request does not exist, has ended, or is not for the caller to see; or its conversation was deleted.',
  action: 'Load the join requests again.',
}) {}

export class JoinRequestNotNeeded extends defineError('JOIN_REQUEST_NOT_NEEDED', 409, {
  message: 'You may enter this conversation without asking.',
  meaning: 'The caller takes part in the conversation, or it is a public room.',
  action: 'Join it with `POST /conversations/{id}/join`.',
}) {}

export class TooManyJoinRequests extends defineError('TOO_MANY_JOIN_REQUESTS', 409, {
  message: (limit: number) => `There are at most ${limit} open join requests.`,
  meaning: 'The caller, or the conversation, has `details.limit` open join requests.',
  action: 'Withdraw one, or try again later.',
  details: { fields: LIMIT_DETAILS, of: (limit: number) => ({ limit }) },
}) {}
