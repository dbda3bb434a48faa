import { defineError } from '../errors/app-error.js';
import { optional, text } from '../errors/error-details.js';

/** The fields of the errors about users who do not exist. */
export const USER_DETAILS = { external_id: optional(text('The id in the host product that no user has')) };

/** Every route and frame that takes a user may return it. */
export class ExternalUserNotFound extends defineError('USER_NOT_FOUND', 404, {
  message: 'No user has this external id.',
  meaning: 'No user has the id in the host product that the request names; it is in `details.external_id`.',
  action: 'Create the user, or correct the id.',
  details: {
    fields: USER_DETAILS,
    of: (externalId?: string) => (externalId === undefined ? {} : { external_id: externalId }),
  },
}) {}

/** Finds users by their ids in the host product. The module users provides it. */
export abstract class ExternalUsers {
  /** Returns the ids of the users by their external ids, without those that no user has. */
  abstract findIds(externalIds: readonly string[]): Promise<ReadonlyMap<string, string>>;

  /** The same for one user. @throws ExternalUserNotFound */
  async requireId(externalId: string): Promise<string> {
    const id = (await this.findIds([externalId])).get(externalId);
    if (id === undefined) throw new ExternalUserNotFound(externalId);
    return id;
  }
}
