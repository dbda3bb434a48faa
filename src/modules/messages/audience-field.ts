import { UserIdListField } from '../../platform/validation/user-id-field.js';

/** Users to whom one message may be limited. */
const AUDIENCE_MAX = 10;

/** Declares the field `visible_to` of a send. */
export function AudienceField(): PropertyDecorator {
  return UserIdListField({
    min: 1,
    max: AUDIENCE_MAX,
    optional: true,
    description:
      'The participants who see the message besides its sender; it does not exist for others. All participants when ' +
      'omitted. Not in direct conversations',
  });
}
