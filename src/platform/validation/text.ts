import { removeActiveMarkup } from './active-markup.js';

/** Whether PostgreSQL can store the text: it has no NUL and no half surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** C0 and C1 controls except white space, which is collapsed like any other. */
const CONTROLS = /[\u0000-\u0008\u000E-\u001F\u007F-\u0084\u0086-\u009F]/g;

/** Invisible characters: ignorable characters, invisible format characters, and blank symbols. */
const INVISIBLE = String.raw`\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800\uFFF9-\uFFFB\u{13430}-\u{1343F}\u{16FE4}\u{1D159}`;
const VISIBLE = new RegExp(String.raw`[^${INVISIBLE}\p{White_Space}\p{Cc}\p{Cs}]`, 'u');

/** Scripts whose letters join, and scripts with conjuncts: in them a joiner changes the text. */
const CURSIVE = String.raw`\p{scx=Arabic}\p{scx=Syriac}\p{scx=Mongolian}\p{scx=Nko}\p{scx=Mandaic}\p{scx=Manichaean}\p{scx=Adlam}\p{scx=Hanifi_Rohingya}`;
const INDIC = String.raw`\p{scx=Devanagari}\p{scx=Bengali}\p{scx=Gurmukhi}\p{scx=Gujarati}\p{scx=Oriya}\p{scx=Tamil}\p{scx=Telugu}\p{scx=Kannada}\p{scx=Malayalam}\p{scx=Sinhala}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Tibetan}\p{scx=Tai_Tham}\p{scx=Balinese}\p{scx=Javanese}`;
const VIRAMA = String.raw`\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D4D\u0DCA\u1039\u103A\u17D2`;
/** Arabic letters that never join the next one: a joiner after them changes nothing visible. */
const NEVER_JOINING = String.raw`\u0621-\u0625\u0627\u0629\u062F-\u0632\u0648\u0671-\u0675\u0677\u0688-\u0699\u06C0\u06C3-\u06CB\u06CD\u06CF\u06D2\u06D3\u06D5\u06EE\u06EF`;
const EMOJI = String.raw`\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F`;
/** The flags of England, Scotland and Wales, the only ones encoded with tags. */
const SPELT_FLAGS = String.raw`\u{E0067}\u{E0062}(?:\u{E0065}\u{E006E}\u{E0067}|\u{E0073}\u{E0063}\u{E0074}|\u{E0077}\u{E006C}\u{E0073})\u{E007F}`;

/** Invisible characters that a script or an emoji needs. */
const NEEDED = [
  String.raw`(?<=[${EMOJI}])\u200D(?=\p{Extended_Pictographic})`,
  String.raw`(?<=[${VIRAMA}])\u200D`,
  String.raw`(?<=(?=[\p{L}\p{M}])[${INDIC}])[\u200C\u200D](?=(?=[\p{L}\p{M}])[${INDIC}])`,
  String.raw`(?<=(?=\p{L})(?![${NEVER_JOINING}])[${CURSIVE}]\p{M}{0,4})[\u200C\u200D](?=(?=\p{L})[${CURSIVE}])`,
  String.raw`(?<=\p{sc=Mongolian})[\u180B-\u180F](?=\p{sc=Mongolian}|$|\s)`,
  String.raw`(?<=\p{Extended_Pictographic})[\uFE0E\uFE0F]`,
  String.raw`(?<=[0-9#*])\uFE0F(?=\u20E3)`,
  String.raw`(?<=\p{sc=Han})[\uFE00-\uFE02\u{E0100}-\u{E01EF}]`,
  String.raw`(?<=\p{sc=Myanmar})\uFE00`,
  String.raw`(?<=\u{1F3F4})${SPELT_FLAGS}`,
].join('|');
const HIDDEN = new RegExp(String.raw`(${NEEDED})|[${INVISIBLE}\u200E\u200F\u202A-\u202E\u2066-\u2069]`, 'gu');

/** Whether a text has no visible character. */
export function isBlank(text: string): boolean {
  return !VISIBLE.test(text);
}

/**
 * Cleans a name, a title, or another text of one line: composed (NFC), without active markup, and without characters
 * that hide or reorder others. Characters that a script or an emoji needs stay (joiners in Persian and Hindi, the
 * variants of Han, flags). It is idempotent; the result may be empty.
 */
export function cleanName(text: string): string {
  const line = text.replace(CONTROLS, '').normalize('NFC').replace(HIDDEN, '$1').normalize('NFC');
  const name = removeActiveMarkup(line)
    .replace(/[\s\u0085]+/g, ' ')
    .trim();
  if (isBlank(name)) return '';
  return name === text ? name : cleanName(name);
}

/** Cleans a text of several lines: composed, without controls and active markup; empty if nothing visible remains. */
export function cleanText(text: string): string {
  const clean = removeActiveMarkup(removeControls(text)).normalize('NFC').trim();
  return isBlank(clean) ? '' : clean;
}

/** Removes C0 and C1 controls except line breaks and tabs. */
export function removeControls(text: string): string {
  return text.replace(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, '');
}

/** The format of a user name after folding. */
export const USERNAME_PATTERN = /^[a-z0-9_.-]{3,32}$/;

/** Returns the unique form of a user name, without differences of compatibility forms and case. */
export function foldUsername(text: string): string {
  return text.normalize('NFKC').toLowerCase().normalize('NFKC');
}

/** Characters of other scripts, and digits, that look like Latin letters. */
const CONFUSABLES = new Map(
  [
    ...['aаαɑ', 'bьв6', 'cсϲ', 'dԁ', 'eеε3', 'gɡ', 'hһ', 'iіιıɩ1l|!', 'jј', 'kκк', 'mм', 'nոռ', 'oοоօ0', 'pрρ'],
    ...['rг', 'sѕ5$', 'tтτ7', 'uυս', 'vνѵ', 'wԝω', 'xхχ', 'yуγ', 'zᴢ'],
  ].flatMap((like) => [...like].map((sign): [string, string] => [sign, like[0]!])),
);

/** Returns one form for names that look alike, or only differ in case, marks, spaces and punctuation. */
export function skeletonOf(name: string): string {
  const letters = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}|!$]/gu, '');
  return [...letters].map((sign) => CONFUSABLES.get(sign) ?? sign).join('');
}

/** The length of a text in Unicode code points. */
export function codePointLength(text: string): number {
  let length = text.length;
  for (let at = 0; at + 1 < text.length; at++) {
    if ((text.charCodeAt(at) & 0xfc00) !== 0xd800 || (text.charCodeAt(at + 1) & 0xfc00) !== 0xdc00) continue;
    length--;
    at++;
  }
  return length;
}
