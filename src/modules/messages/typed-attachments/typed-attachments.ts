import { ValidationError } from '../../../platform/errors/app-error.js';
import { foldEmail } from '../../../platform/validation/login-name.js';
import { cleanName } from '../../../platform/validation/text.js';
import type { ContactDto, LocationDto, TypedAttachments } from './typed-attachments.dto.js';

/** Digits, with what people write between them. */
const PHONE_NUMBER = /^\+?[0-9(][0-9 ()./-]{1,30}$/;

/**
 * The location and the contact of a send as they are stored: their texts are cleaned like names.
 * @throws ValidationError for a name without a visible character, and for what is no phone number or email address
 */
export function toStoredAttachments({ location, contact }: TypedAttachments): TypedAttachments {
  return {
    ...(location && { location: toStoredLocation(location) }),
    ...(contact && { contact: toStoredContact(contact) }),
  };
}

function toStoredLocation({ latitude, longitude, name = '', address = '' }: LocationDto): LocationDto {
  const [cleanedName, cleanedAddress] = [cleanName(name), cleanName(address)];
  return {
    latitude,
    longitude,
    ...(cleanedName !== '' && { name: cleanedName }),
    ...(cleanedAddress !== '' && { address: cleanedAddress }),
  };
}

function toStoredContact({ name: sent, phone_numbers = [], emails = [], user_id }: ContactDto): ContactDto {
  const name = cleanName(sent);
  if (name === '') throw ValidationError.of('contact.name', 'must not be empty');
  if (!phone_numbers.every((number) => PHONE_NUMBER.test(number)))
    throw ValidationError.of('contact.phone_numbers', 'must be phone numbers');
  if (!emails.every((email) => foldEmail(email) !== undefined))
    throw ValidationError.of('contact.emails', 'must be email addresses');
  return {
    name,
    ...(phone_numbers.length > 0 && { phone_numbers }),
    ...(emails.length > 0 && { emails }),
    ...(user_id !== undefined && { user_id }),
  };
}

/** The texts of a location and a contact, in a fixed order. */
export function textsOfAttachments({ location, contact }: TypedAttachments): string[] {
  const texts = [location?.name, location?.address, contact?.name];
  const known = texts.filter((text) => text !== undefined);
  return [...known, ...(contact?.phone_numbers ?? []), ...(contact?.emails ?? [])];
}

/** The same with some of their texts replaced. */
export function withAttachmentTexts(
  { location, contact }: TypedAttachments,
  replaced: ReadonlyMap<string, string>,
): TypedAttachments {
  const text = (old: string): string => replaced.get(old) ?? old;
  return {
    ...(location && {
      location: {
        ...location,
        ...(location.name !== undefined && { name: text(location.name) }),
        ...(location.address !== undefined && { address: text(location.address) }),
      },
    }),
    ...(contact && {
      contact: {
        ...contact,
        name: text(contact.name),
        ...(contact.phone_numbers && { phone_numbers: contact.phone_numbers.map(text) }),
        ...(contact.emails && { emails: contact.emails.map(text) }),
      },
    }),
  };
}

/** Each as one line, for clients that know texts only. */
export function linesOfAttachments({ location, contact }: TypedAttachments): string[] {
  const lines: string[] = [];
  if (location) {
    const place = [location.name, location.address].filter((text) => text !== undefined).join(', ');
    const position = `${location.latitude}, ${location.longitude}`;
    lines.push(place === '' ? position : `${place} (${position})`);
  }
  if (contact) lines.push([contact.name, ...(contact.phone_numbers ?? []), ...(contact.emails ?? [])].join(', '));
  return lines;
}
