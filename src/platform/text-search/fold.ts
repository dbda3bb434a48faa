const ASCII = /^[\x00-\x7F]*$/;

/** Letters that Unicode does not decompose although people write them with a plain one. The tatweel only stretches. */
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
 * Devanagari), not the voicing of kana, and not what tells й, ї and ў from и, і and у: those are letters of their own.
 */
const ACCENT =
  /(?=[\p{Script=Inherited}\p{Script=Hebrew}\p{Script=Arabic}])(?![\u3099\u309A\u0306\u0308])\p{M}|(?<![иіу])[\u0306\u0308]/gu;
const INVISIBLE = /\p{Cf}/gu;

/**
 * The one folding of everything that is searched, for what is indexed and for what is asked: compatibility forms, case,
 * accents and invisible characters do not count. It depends on no collation of the database. Applying it twice changes
 * nothing more.
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

/** Every sign that is written for an apostrophe, a breath or a prime. */
const APOSTROPHES = /['’‘‛＇`´]/g;

/** A name or title as it is searched by part: folded, without apostrophes, white space as one blank. */
export function foldName(name: string): string {
  return foldText(name).replace(APOSTROPHES, '').replace(/\s+/g, ' ').trim();
}
