import fc from 'fast-check';
import { type DefaultTreeAdapterTypes, html, parseFragment } from 'parse5';
import { applyContentRule, contentLength } from './content-rule.js';
import { ACTIVE_ATTRIBUTES, KNOWN_ELEMENTS } from './known-elements.js';
import { scanMarkup } from './markup-scanner.js';
import { PLAIN_TEXTS } from '../../../test/fixtures/plain-texts.js';

const strip = (text: string): string => applyContentRule(text, 'strip').content;

/** Everything parse5 knows by name, whatever our own list says. */
const ELEMENTS = new Set([...Object.values(html.TAG_NAMES as Record<string, string>), ...KNOWN_ELEMENTS]);

/** Every name a tag could begin with, overlapping ones too. */
const NAMES = /<\/?(?=([a-z][^\t\n\f\r />]*))/gi;

interface Seen {
  elements: string[];
  active: string[];
  comments: number;
}

/** What a browser makes of a text. */
function parsed(text: string): Seen {
  const seen: Seen = { elements: [], active: [], comments: 0 };
  const waiting: DefaultTreeAdapterTypes.Node[] = [parseFragment(text)];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.nodeName === '#comment' || node.nodeName === '#documentType') seen.comments++;
    if ('tagName' in node) {
      if (ELEMENTS.has(node.tagName.toLowerCase())) seen.elements.push(node.tagName);
      for (const { name, value } of node.attrs) {
        if (value !== '' && (/^on./i.test(name) || ACTIVE_ATTRIBUTES.has(name))) seen.active.push(name);
      }
    }
    if ('content' in node) waiting.push(node.content);
    if ('childNodes' in node) waiting.push(...node.childNodes);
  }
  return seen;
}

const FRAGMENTS = [
  ...[
    '<',
    '>',
    '</',
    '/>',
    '<!--',
    '-->',
    '--!>',
    '<!',
    '<?',
    '<![CDATA[',
    ']]>',
    '</3',
    '</ ',
    '=',
    '"',
    "'",
    '`',
    '/',
  ],
  ...[
    'script',
    'SCRIPT',
    'style',
    'b',
    'img',
    'svg',
    'math',
    'mi',
    'template',
    'iframe',
    'noscript',
    'p',
    'br',
    'table',
  ],
  ...['textarea', 'title', 'select', 'object', 'a', 'foo', 'String', 'x-a', 'my-card', 'plaintext', 'xmp', 'image'],
  ...['<script>', '</script>', '<b>', '</b>', '<svg>', '</svg>', '<foo ', '<foo a="', '<x-a>', '</x-a>', '<p', '</p>'],
  ...[' onclick=x', ' onerror', ' src=x', ' href="', ' style=', ' a=b', ' ', '\n', '\t', '\f', '\r', '\0', '\u0085'],
  ...['alert(1)', 'x', '&lt;', '&gt;', '3', '漢', '👩‍👩‍👧', '\ud800', '\uFFFE', '\u212A', 'é', '-', '--', '!', '?'],
];
const markup = fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 30 }).map((parts) => parts.join(''));
const anything = fc.oneof({ weight: 4, arbitrary: markup }, { weight: 1, arbitrary: fc.string({ unit: 'binary' }) });

describe('the content rule', () => {
  it.each([
    ['<b>bold</b> move', 'bold move'],
    ['hi <script>alert(1)</script>there', 'hi there'],
    ['<SCRIPT src=//x>x</ScRiPt >y', 'y'],
    ['<img src=x onerror=alert(1)>', ''],
    ['text <img src=x onerror=alert(1)', 'text '],
    ['<svg/onload=alert(1)>', ''],
    ['<svg><a>x</a></svg>after', 'after'],
    ['<scr<script>ipt>alert(1)</script>', '<scr'],
    ['<<b>script>alert(1)<</b>/script>', ''],
    ['<!-- hidden -->shown', 'shown'],
    ['<!-->shown', 'shown'],
    ['a<!-- never closed', 'a'],
    ['<!DOCTYPE html>x', 'x'],
    ['<?xml version="1.0"?>x', 'x'],
    ['<foo onclick="alert(1)">x</foo>', 'x</foo>'],
    ['<foo a="<" onfocus=alert(1) tabindex=0>x', 'x'],
    ['<foo a="<script>alert(1)</script>">x', '<foo a="">x'],
    ['</3 <x a="><y onclick=alert(1)>z', '</3 <x a=">z'],
    ['<my-card>inside</my-card>', 'inside'],
    ['</p>x<br/>y', 'xy'],
    ['<script>alert(1)', ''],
    ['<style>a{}</style><p style="x">y</p>', 'y'],
    ['<iframe src="javascript:alert(1)"></iframe>ok', 'ok'],
    ['<image href=x>y', 'y'],
    ['<b></b>', ''],
  ])('makes %j into %j', (given, content) => {
    expect(applyContentRule(given, 'strip')).toEqual({ content, sanitized: true });
  });

  it.each(['&lt;script&gt;', 'Tom &amp; Jerry', '&#60;b&#62;', '%3Cscript%3E', '\\u003cscript\\u003e'])(
    'neither decodes nor encodes %j',
    (text) => expect(applyContentRule(text, 'strip')).toEqual({ content: text, sanitized: false }),
  );

  it('takes control characters and what is no character out under either policy', () => {
    const given = 'a\u0007b\r\nc\td\u0085\u009Be\uFFFEf\u{1FFFF}g\uFDD0h\0i\ud800j\udc00k😀';
    for (const policy of ['strip', 'preserve'] as const) {
      expect(applyContentRule(given, policy)).toEqual({ content: 'ab\nc\tdefghijk😀', sanitized: true });
    }
  });

  it('keeps tags where the deployment wants them', () => {
    expect(applyContentRule('<b>x</b>', 'preserve')).toEqual({ content: '<b>x</b>', sanitized: false });
  });

  it.each(PLAIN_TEXTS)('gives %j back as it came', (text) => {
    expect(applyContentRule(text, 'strip')).toEqual({ content: text, sanitized: false });
  });

  it('is tried with a good two hundred plain texts', () => {
    expect(new Set(PLAIN_TEXTS).size).toBeGreaterThanOrEqual(200);
  });

  it('leaves nothing a browser would make a known element or running code of', () => {
    const check = (text: string): void => expect(parsed(strip(text))).toMatchObject({ elements: [], active: [] });
    fc.assert(fc.property(anything, check), { numRuns: 20_000 });
  });

  it('leaves no known name behind a "<", whatever state its reader is in', () => {
    const check = (text: string): void => {
      for (const [, name] of strip(text).matchAll(NAMES)) {
        expect(KNOWN_ELEMENTS.has(name!.toLowerCase())).toBe(false);
      }
    };
    fc.assert(fc.property(anything, check), { numRuns: 20_000 });
  });

  it('changes nothing where a browser sees no element, no code and no comment', () => {
    const isPlain = (text: string): boolean => {
      const { elements, active, comments } = parsed(text);
      return (
        elements.length + active.length + comments === 0 &&
        !/[\u0000-\u0008\u000B-\u001F\u0080-\u009F\p{Noncharacter_Code_Point}\p{Surrogate}]/u.test(text) &&
        ![...text.matchAll(NAMES)].some(([, name]) => KNOWN_ELEMENTS.has(name!.toLowerCase())) &&
        !/<[a-z][^\s/>]*-/i.test(text) &&
        !/ (on|src|href|style)/.test(text) &&
        !/<[!?]/.test(text)
      );
    };
    const check = (text: string): void => expect(strip(text)).toBe(text);
    fc.assert(fc.property(anything.filter(isPlain), check), { numRuns: 3000 });
  });

  it('changes nothing when applied again', () => {
    fc.assert(
      fc.property(anything, (text) => strip(strip(text)) === strip(text)),
      { numRuns: 5000 },
    );
  });

  it.each([
    '<',
    '<a "',
    '<x "',
    '<x a="',
    '<x a=\'"',
    '<script>',
    '<svg>',
    '<svg></svg',
    '</script',
    '<!--',
    '<!-',
    '<!',
    '<?',
    '</3',
    '</x-a',
    '<x-a>',
    '<x-a></x-b>',
    '<b',
    '<xxxxxxxx',
    '--!',
    '<x =',
    '<x a="<b>',
    '<object><x a=">',
  ])('takes work in proportion to the length for %j over and over', (piece) => {
    const steps = (times: number): number => scanMarkup(piece.repeat(times)).steps;
    const [once, twice] = [steps(2_000), steps(4_000)];
    expect(twice).toBeLessThanOrEqual(once * 2.1 + 1000);
    expect(twice).toBeLessThanOrEqual(piece.length * 4_000 * 80);
    expect(typeof strip(piece.repeat(100_000))).toBe('string');
  });

  it('takes the sting out of tags nested deeper than it looks', () => {
    const nested = '<'.repeat(30) + 'b>'.repeat(30);
    expect(parsed(scanMarkup(nested).text).elements).not.toEqual([]);
    expect(parsed(strip(nested)).elements).toEqual([]);
  });
});

describe('the length of content', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['漢字', 2],
    ['😀', 1],
    ['👩‍👩‍👧', 5],
    ['e\u0301', 2],
    ['\ud83d', 1],
    ['\ude00\ud83d', 2],
    ['a\ud83d\ud83d\ude00', 3],
  ])('of %j is %d', (text, length) => expect(contentLength(text)).toBe(length));

  it('is what the language itself counts', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => contentLength(text) === [...text].length));
  });
});
