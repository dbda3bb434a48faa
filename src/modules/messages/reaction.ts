import { ValidationError } from '../../platform/errors/app-error.js';

const NAME = /^:[a-z0-9_+-]{1,32}:$/;
const VARIATION_SELECTORS = /[\uFE0E\uFE0F]/g;
/** Characters that render as text without a variation selector; with a skin tone they render as emoji. */
const TEXT_BY_DEFAULT = /(?!\p{Emoji_Presentation})(?!\p{Regional_Indicator})\p{Emoji}(?!\p{Emoji_Modifier})/gu;
/**
 * Flags, keycaps and every sequence that Unicode recommends; the flag `v` is newer than the language level of the
 * build.
 */
const RECOMMENDED = new RegExp(String.raw`^\p{RGI_Emoji}$`, 'v');
/** Sequences that later versions of Unicode recommend have the same structure: up to four joined pictographs. */
const PICTOGRAPH = String.raw`(?:(?=[\p{Emoji}\p{Cn}])\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier})?)`;
const JOINED_PICTOGRAPHS = new RegExp(String.raw`^${PICTOGRAPH}(?:\u200D${PICTOGRAPH}){0,3}$`, 'u');

/**
 * The canonical form of a reaction: `:name:`, or one fully qualified emoji (`❤` and `❤️` become the latter). Different
 * skin tones are different reactions. Returns undefined if the text is neither.
 */
export function canonicalReaction(text: string): string | undefined {
  if (NAME.test(text)) return text;
  const emoji = withoutVariationSelectors(text).replace(TEXT_BY_DEFAULT, '$&\uFE0F');
  return RECOMMENDED.test(emoji) || JOINED_PICTOGRAPHS.test(emoji) ? emoji : undefined;
}

/** @throws ValidationError if the text is neither one emoji nor `:name:` */
export function requireReaction(text: string): string {
  const reaction = canonicalReaction(text);
  if (reaction === undefined) throw ValidationError.of('emoji', 'must be one emoji, or :name: of a-z, 0-9, _, + and -');
  return reaction;
}

/** The name within `:name:`, for the word rules; undefined for an emoji. */
export function nameOfReaction(reaction: string): string | undefined {
  return NAME.test(reaction) ? reaction.slice(1, -1) : undefined;
}

/** Removes variation selectors: all stored and accepted forms of one reaction become equal. */
export function withoutVariationSelectors(text: string): string {
  return text.replace(VARIATION_SELECTORS, '');
}
