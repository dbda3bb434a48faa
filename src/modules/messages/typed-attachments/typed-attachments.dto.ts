import { NumberField, TextField, TextListField } from '../../../platform/validation/fields.js';
import { UserIdField } from '../../../platform/validation/user-id-field.js';

export const LOCATION_TEXT_MAX = { name: 200, address: 500 };
const CONTACT_NAME_MAX = 200;
const ENTRIES_MAX = 5;

/** A place, of the send and of the message. */
export class LocationDto {
  @NumberField({ min: -90, max: 90, description: 'In degrees (WGS 84), south is negative', example: 52.520008 })
  latitude: number;

  @NumberField({ min: -180, max: 180, description: 'In degrees (WGS 84), west is negative', example: 13.404954 })
  longitude: number;

  @TextField({ min: 1, max: LOCATION_TEXT_MAX.name, optional: true, example: 'Fountain' })
  name?: string;

  @TextField({ min: 1, max: LOCATION_TEXT_MAX.address, optional: true, description: 'For people, in any form' })
  address?: string;
}

/** A person or a place with phone numbers and email addresses, of the send and of the message. */
export class ContactDto {
  @TextField({ min: 1, max: CONTACT_NAME_MAX, example: 'Ana Petrova' })
  name: string;

  @TextListField({ max: ENTRIES_MAX, maxLength: 32, optional: true, example: ['+49 30 901820'] })
  phone_numbers?: string[];

  @TextListField({ max: ENTRIES_MAX, maxLength: 254, optional: true, example: ['ana@example.org'] })
  emails?: string[];

  @UserIdField({ optional: true, description: 'The user, if it is one; not checked' })
  user_id?: string;
}

/** What a message has besides texts and files. */
export interface TypedAttachments {
  readonly location?: LocationDto | undefined;
  readonly contact?: ContactDto | undefined;
}
