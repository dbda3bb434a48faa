import { type Token, Tokenizer, TokenizerMode } from 'parse5';
import { cleanName, isStorable } from '../../../platform/validation/text.js';
import type { PageSummary } from './link-previews.dto.js';

const MAX = { title: 300, description: 500, site_name: 100, image_url: 2048 };
/** Units of a text that are cleaned; the rest is cut before. */
const RAW_MAX = 4000;

/** The names of `<meta>` for each part, the preferred one first. */
const NAMES = {
  title: ['og:title', 'twitter:title'],
  description: ['og:description', 'twitter:description', 'description'],
  site_name: ['og:site_name'],
  image_url: ['og:image:secure_url', 'og:image', 'twitter:image'],
} as const;
const KNOWN: ReadonlySet<string> = new Set(Object.values(NAMES).flat());

/** Elements whose content is text up to their end tag. Without a tree the tokenizer does not know them. */
const TEXT_MODES = new Map([
  ['title', TokenizerMode.RCDATA],
  ['textarea', TokenizerMode.RCDATA],
  ['style', TokenizerMode.RAWTEXT],
  ['xmp', TokenizerMode.RAWTEXT],
  ['iframe', TokenizerMode.RAWTEXT],
  ['noembed', TokenizerMode.RAWTEXT],
  ['noframes', TokenizerMode.RAWTEXT],
  ['script', TokenizerMode.SCRIPT_DATA],
  ['plaintext', TokenizerMode.PLAINTEXT],
]);

/**
 * Reads what a page says about itself in its head: OpenGraph first, then the names of Twitter and HTML. Undefined without a
 * title. It builds no tree: the time and the memory grow with the length of the page only.
 */
export function readPage(html: string, pageUrl: string): PageSummary | undefined {
  const head = new HeadReader();
  const tokenizer = new Tokenizer({}, head);
  head.attach(tokenizer);
  tokenizer.write(html, true);
  const first = (names: readonly string[]): string | undefined => {
    const name = names.find((one) => head.metas.has(one));
    return name === undefined ? undefined : head.metas.get(name);
  };
  const title = clean(first(NAMES.title) ?? head.title, MAX.title) ?? clean(head.title, MAX.title);
  if (title === null) return undefined;
  return {
    title,
    description: clean(first(NAMES.description), MAX.description),
    site_name: clean(first(NAMES.site_name), MAX.site_name),
    image_url: imageOf(first(NAMES.image_url), pageUrl),
  };
}

/** Collects the first value of each known name, up to the end of the head. */
class HeadReader {
  readonly metas = new Map<string, string>();
  title = '';
  private isInTitle = false;
  private isDone = false;
  private tokenizer: Tokenizer | undefined;
  readonly onParseError = null;

  attach(tokenizer: Tokenizer): void {
    this.tokenizer = tokenizer;
  }

  onStartTag({ tagName, attrs, selfClosing }: Token.TagToken): void {
    if (this.isDone) return;
    if (tagName === 'body') return this.end();
    const mode = TEXT_MODES.get(tagName);
    if (mode !== undefined && !selfClosing) this.tokenizer!.state = mode;
    if (tagName === 'title') this.isInTitle = this.title === '';
    if (tagName === 'meta') this.readMeta(attrs);
  }

  onEndTag({ tagName }: Token.TagToken): void {
    if (tagName === 'title') this.isInTitle = false;
    if (tagName === 'head') this.end();
  }

  onCharacter({ chars }: Token.CharacterToken): void {
    if (this.isInTitle && this.title.length < RAW_MAX) this.title += chars;
  }

  onWhitespaceCharacter(token: Token.CharacterToken): void {
    this.onCharacter(token);
  }

  onNullCharacter(): void {}

  onComment(): void {}

  onDoctype(): void {}

  onEof(): void {}

  private readMeta(attrs: readonly Token.Attribute[]): void {
    const valueOf = (wanted: string): string | undefined => attrs.find(({ name }) => name === wanted)?.value;
    const name = (valueOf('property') ?? valueOf('name') ?? '').toLowerCase().trim();
    const content = valueOf('content');
    if (content !== undefined && KNOWN.has(name) && !this.metas.has(name)) this.metas.set(name, content);
  }

  /** The body may contain anything, and is not read. */
  private end(): void {
    this.isDone = true;
    this.isInTitle = false;
    this.tokenizer!.pause();
  }
}

/** One line without markup and controls; null if nothing visible remains. */
function clean(raw: string | undefined, max: number): string | null {
  if (raw === undefined) return null;
  const text = [...cleanName(raw.slice(0, RAW_MAX).toWellFormed())];
  const short = text.length <= max ? text.join('') : `${text.slice(0, max - 1).join('')}…`;
  return short === '' || !isStorable(short) ? null : short;
}

function imageOf(raw: string | undefined, pageUrl: string): string | null {
  const text = raw?.trim();
  if (!text || text.length > MAX.image_url || !URL.canParse(text, pageUrl)) return null;
  const url = new URL(text, pageUrl);
  const isAllowed = url.protocol === 'https:' && url.username === '' && url.password === '';
  return isAllowed && url.href.length <= MAX.image_url ? url.href : null;
}
