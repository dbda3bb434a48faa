const ASCII = /^[\x00-\x7F]*$/;

/**
 * Letters that Unicode does not decompose although users type a plain letter instead. The tatweel only stretches a
 * word.
 */
const PLAIN: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  ł: 'l',
  ŧ: 't',
  þ: 'th',
  ς: 'σ',
  ى: 'ي',
  ی: 'ي',
  ې: 'ي',
  ک: 'ك',
  ة: 'ه',
  ٱ: 'ا',
  ـ: '',
  ʼ: '',
  ʻ: '',
};
const HAS_PLAIN = new RegExp(`[${Object.keys(PLAIN).join('')}]`, 'g');

/**
 * Accents, tones, Hebrew points and Arabic vowel signs. Not the marks of scripts that write vowels with them (Thai,
 * Devanagari), not the voicing marks of kana, and not those of й, ї and ў, which are separate letters from и, і and у.
 */
const ACCENT =
  /(?=[\p{Script=Inherited}\p{Script=Hebrew}\p{Script=Arabic}])(?![\u3099\u309A\u0306\u0308])\p{M}|(?<![иіу])[\u0306\u0308]/gu;
const INVISIBLE = /\p{Cf}/gu;

/**
 * Folds text for search, both indexed text and queries: compatibility forms, case, accents and invisible characters do
 * not count. It does not depend on a collation of the database. It is idempotent.
 */
export function foldText(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(INVISIBLE, '')
    .replace(ACCENT, '')
    .replace(HAS_PLAIN, (letter) => PLAIN[letter]!)
    .normalize('NFC');
}

/** Every character that is used as an apostrophe, a breathing mark or a prime. */
const APOSTROPHES = /['’‘‛＇`´]/g;

/** Folds a name or title for search by a part of it: without apostrophes, and with single blanks as white space. */
export function foldName(name: string): string {
  return foldText(name).replace(APOSTROPHES, '').replace(/\s+/g, ' ').trim();
}
