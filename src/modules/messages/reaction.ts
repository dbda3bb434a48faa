import { ValidationError } from '../../platform/errors/app-error.js';

const NAME = /^:[a-z0-9_+-]{1,32}:$/;
const STYLES = /[\uFE0E\uFE0F]/g;
/** Shown as text where nothing says otherwise; with a skin tone they are emoji without a selector. */
const TEXT_BY_DEFAULT = /(?!\p{Emoji_Presentation})(?!\p{Regional_Indicator})\p{Emoji}(?!\p{Emoji_Modifier})/gu;
/** Flags, keys and every sequence that Unicode recommends; the flag `v` is newer than the language level of the build. */
const RECOMMENDED = new RegExp(String.raw`^\p{RGI_Emoji}$`, 'v');
/** What later versions of Unicode recommend is made alike: pictures, up to four of them joined. */
const PICTURE = String.raw`(?:(?=[\p{Emoji}\p{Cn}])\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier})?)`;
const PICTURES = new RegExp(String.raw`^${PICTURE}(?:\u200D${PICTURE}){0,3}$`, 'u');

/**
 * The one form of a reaction: `:name:`, or one emoji as Unicode writes it in full (`❤` and `❤️` are the latter). Skin
 * tones are reactions of their own. Undefined for what is neither.
 */
export function reactionOf(text: string): string | undefined {
  if (NAME.test(text)) return text;
  const emoji = withoutStyle(text).replace(TEXT_BY_DEFAULT, '$&\uFE0F');
  return RECOMMENDED.test(emoji) || PICTURES.test(emoji) ? emoji : undefined;
}

/** @throws ValidationError for what is neither one emoji nor `:name:` */
export function requireReaction(text: string): string {
  const reaction = reactionOf(text);
  if (reaction === undefined) throw ValidationError.of('emoji', 'must be one emoji, or :name: of a-z, 0-9, _, + and -');
  return reaction;
}

/** The words of a `:name:`, for the rules about words; undefined for an emoji. */
export function wordsOfReaction(reaction: string): string | undefined {
  return NAME.test(reaction) ? reaction.slice(1, -1) : undefined;
}

/** What all ways to write one reaction have in common, also those that were taken once. */
export function withoutStyle(text: string): string {
  return text.replace(STYLES, '');
}
