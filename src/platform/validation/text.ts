/** Whether PostgreSQL can store it: without NUL, and every surrogate has its other half. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** C0 and C1 without the white space among them, which collapses like any other. */
const CONTROLS = /[\u0000-\u0008\u000E-\u001F\u007F-\u0084\u0086-\u009F]/g;
/** Reordering and isolating controls, marks, and characters without width; the zero-width joiner has a rule of its own. */
const INVISIBLE = /[\u00AD\u061C\u180E\u200B\u200C\u200E\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]/g;
const STRAY_JOINER =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D|\u200D(?!\p{Extended_Pictographic})/gu;

/**
 * A name as it is shown: composed (NFC), on one line, without characters that hide or reorder others. Emoji made of
 * several joined ones stay whole. Applying it twice changes nothing more; nothing may be left.
 */
export function cleanName(text: string): string {
  return text
    .replace(CONTROLS, '')
    .replace(INVISIBLE, '')
    .replace(STRAY_JOINER, '')
    .normalize('NFC')
    .replace(/[\s\u0085]+/g, ' ')
    .trim();
}

/** A text of several lines: C0 and C1 taken out, but for line breaks and tabs. */
export function withoutControls(text: string): string {
  return text.replace(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, '');
}

/** What a user name may look like, after folding. */
export const USERNAME_PATTERN = /^[a-z0-9_.-]{3,32}$/;

/** The form of a user name that is unique: compatibility forms and case are one. */
export function foldUsername(text: string): string {
  return text.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/** The form in which names are searched: without case and marks. */
export function foldForSearch(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
