import { readFile } from 'node:fs/promises';
import { linksIn } from '../../src/modules/admin/moderation/link-finder.js';
import { countWords, foldText as foldForMatching } from '../../src/modules/admin/moderation/word-matcher.js';
import { cleanFileName } from '../../src/modules/files/file-name.js';
import { newUploadOf } from '../../src/modules/files/resumable/upload-headers.js';
import { linksOfText } from '../../src/modules/messages/link-previews/links-of-text.js';
import { readPage } from '../../src/modules/messages/link-previews/read-page.js';
import { canonicalReaction } from '../../src/modules/messages/reaction.js';
import { withoutUnstorable } from '../../src/modules/messages/sanitize-content.js';
import { redactUrl } from '../../src/platform/logging/redaction.js';
import { ValidationError } from '../../src/platform/errors/app-error.js';
import { foldName, foldText } from '../../src/platform/text-search/fold.js';
import { SearchTerms } from '../../src/platform/text-search/search-terms.js';
import { runSync } from '../../src/platform/concurrency/steps.js';
import { tsvectorInSteps } from '../../src/platform/text-search/words.js';
import { foldEmail } from '../../src/platform/validation/login-name.js';
import { removeActiveMarkup } from '../../src/platform/validation/active-markup.js';
import { cleanName, cleanText, skeletonOf } from '../../src/platform/validation/text.js';
import type { Random } from '../chaos/random.js';
import type { Parser } from './parsers.js';

/** More than any of them ever receives: quadratic work does not end in time, linear work takes milliseconds. */
const LETTERS = 200_000;
const PIECES = [
  ...['.', '..', ' ', '\t', '\n', '-', '_', '/', '\\', '?', '&', '=', '#', '%', '%41', '+', '@', ':', '://', ','],
  ...['<', '>', '</', '<a', '<a ', '<!--', '--', '-->', '<![CDATA[', '&amp;', 'on', 'x=', '"', "'", '`', '\u2019'],
  ...['a', 'A', '0', 'www.', 'http', '.com', '[', ']', '(', ')', '*', '**', '{', '}', '|', '\0', '\u0001', '\u0085'],
  ...[
    '\u200b',
    '\u200d',
    '\ufe0f',
    '\u0301',
    '\u00ad',
    '\u0600',
    '\u3042',
    '\u4e16',
    '\uff9e',
    '\u{1f600}',
    '\u2764\ufe0f',
  ],
  ...['\u{1f1e9}', '\u{1f3fb}', '\ud800', '\u{e0041}', 'ß', 'İ', 'ﬃ', '\u0130', 'token=', '/api/ws/', '#!', 'Bearer '],
];

/** One unit many times between two others: the form of texts that make a pattern backtrack. */
function pumped(random: Random, known: string | undefined): Buffer {
  const some = (most: number): string =>
    Array.from({ length: random.between(0, most) }, () => random.pick(PIECES)).join('');
  const unit = known !== undefined && random.chance(0.3) ? known : some(2) || random.pick(PIECES);
  return Buffer.from(`${some(3)}${unit.repeat(Math.ceil(LETTERS / unit.length))}${some(3)}`);
}

/** `known` is an input that was quadratic before. */
const reader = (name: string, read: (text: string) => unknown, known?: string): Parser => ({
  name,
  make: (random) => pumped(random, known),
  parse: async (path) => read(await readFile(path, 'utf8')),
});

function uploadMetadata(text: string): unknown {
  try {
    return newUploadOf({ 'upload-length': '9', 'upload-metadata': text });
  } catch (error) {
    if (error instanceof ValidationError) return undefined;
    throw error;
  }
}

/** Readers of untrusted texts that use patterns or their own loops. */
export const PARSERS: readonly Parser[] = [
  reader('markup', removeActiveMarkup, '<svg/onload='),
  reader('upload-metadata', uploadMetadata),
  reader('shown-text', withoutUnstorable),
  reader('clean-text', cleanText),
  reader('clean-name', cleanName),
  reader('look-of-name', skeletonOf),
  reader('email', foldEmail),
  reader('fold-text', foldText),
  reader('fold-name', foldName),
  reader('words', (text) => runSync(tsvectorInSteps(text)), '\u4e16'),
  reader('search-terms', (text) => SearchTerms.parse(text)),
  reader('reaction', canonicalReaction),
  reader('links', linksIn),
  reader('matched-words', (text) => countWords(foldForMatching(text))),
  reader('links-of-messages', linksOfText, 'https://a/'),
  reader(
    'page',
    (text) => readPage(`<meta property="og:title" content="${text}"><title>${text}`, 'https://parley.example/'),
    '<meta ',
  ),
  reader('file-name', cleanFileName, '.'),
  reader('address-in-logs', redactUrl, '?'),
];
