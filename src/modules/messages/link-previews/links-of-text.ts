/** Links of one message that get a preview. */
export const PREVIEWS_MAX = 3;
const URL_MAX = 2048;

const LINK = /\bhttps?:\/\/[^\s<>"'`{}|\\^\u0000-\u001f\u007f]+/gi;
/** What ends a sentence and not a link. */
const TRAILING = new Set('.,;:!?…)]');

/** Whether a text may contain a link; a look at every send. */
export function mayHaveLink(text: string): boolean {
  return /https?:\/\//i.test(text);
}

/** The first links of a text, as written, each once. */
export function linksOfText(text: string): string[] {
  const links = new Set<string>();
  for (const [match] of text.matchAll(LINK)) {
    const link = withoutEnd(match);
    if (link.length <= URL_MAX && urlOf(link)) links.add(link);
    if (links.size === PREVIEWS_MAX) break;
  }
  return [...links];
}

/** One form for links to the same page, without the fragment; undefined for what cannot be fetched. */
export function urlOf(link: string): string | undefined {
  if (!URL.canParse(link)) return undefined;
  const url = new URL(link);
  if (url.username !== '' || url.password !== '' || url.hostname === '') return undefined;
  url.hash = '';
  return url.href.length <= URL_MAX ? url.href : undefined;
}

/** A closing parenthesis belongs to the link if it has an opening one, as in addresses of Wikipedia. */
function withoutEnd(match: string): string {
  const hasOpening = match.includes('(');
  let end = match.length;
  while (end > 0 && TRAILING.has(match[end - 1]!) && !(match[end - 1] === ')' && hasOpening)) end--;
  return match.slice(0, end);
}
