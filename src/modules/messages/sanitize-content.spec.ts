import fc from 'fast-check';
import { type DefaultTreeAdapterTypes, html, parseFragment } from 'parse5';
import { codePointLength } from '../../platform/validation/text.js';
import { sanitizeContent } from './sanitize-content.js';
import { KNOWN_ELEMENTS, UNSAFE_ATTRIBUTES } from '../../platform/validation/markup-tables.js';
import { scanMarkup } from '../../platform/validation/active-markup.js';
import { PLAIN_TEXTS } from '../../../test/fixtures/plain-texts.js';

const strip = (text: string): string => sanitizeContent(text, 'strip').content;

/** All elements that parse5 knows by name, independent of our own list. */
const ELEMENTS = new Set([...Object.values(html.TAG_NAMES as Record<string, string>), ...KNOWN_ELEMENTS]);
/** A text may be embedded anywhere in a page: the markup after it may close its tags, its scripts and its quotes. */
const CONTEXTS: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `<div class=message>${text}</div>`,
  (text) => `<div class=message>${text}</div><div>' onclick=alert(1) a='" onclick=alert(1) b="</div>`,
  (text) => `<svg><desc>${text}</desc></svg>`,
  (text) => `<p>${text} <script>"'--></script>`,
  (text) => `<title>${text}</title>`,
  (text) => `<textarea>${text}</textarea>`,
  (text) => `<select><option>${text}</select>`,
  (text) => `<!-- ${text} -->`,
];
/** Attribute values of the contexts themselves. */
const CONTEXT_VALUES = new Set(['message']);

/** The parts of a text that would run, fetch, navigate or restyle the page, in any context. */
function activeParts(text: string, contexts = CONTEXTS): string[] {
  return contexts.flatMap((context) => {
    const active: string[] = [];
    let scripts = 0;
    const pending: DefaultTreeAdapterTypes.Node[] = [parseFragment(context(text))];
    for (let node = pending.pop(); node; node = pending.pop()) {
      if ('tagName' in node) {
        const isKnown = ELEMENTS.has(node.tagName.toLowerCase());
        if (node.tagName === 'script') scripts++;
        if (node.tagName === 'style') active.push('style');
        for (const { name, value } of node.attrs) {
          if (value === '' || CONTEXT_VALUES.has(value)) continue;
          if (/^on[a-z]{3,}$/i.test(name) || name === 'style') active.push(name);
          if (isKnown && UNSAFE_ATTRIBUTES.has(name)) active.push(`${node.tagName} ${name}`);
          if (/^(img|input|meta|link|base|embed|set|animate)$/.test(node.tagName))
            active.push(`${node.tagName} ${name}`);
        }
      }
      if ('content' in node) pending.push(node.content);
      if ('childNodes' in node) pending.push(...node.childNodes);
    }
    if (scripts > (context(text).includes('<script>"') ? 1 : 0)) active.push('script');
    return active;
  });
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

describe('sanitizing content', () => {
  it.each([
    ['<b>bold</b> move', 'bold move'],
    ['<B CLASS=x>bold</b\n>', 'bold'],
    ['hi <script>alert(1)</script>there', 'hi there'],
    ['<SCRIPT src=//x>x</ScRiPt >y', 'y'],
    ['<script>alert(1)', 'alert(1)'],
    ['put a <script> first', 'put a  first'],
    ['<img src=x onerror=alert(1)>', ''],
    ['text <img src=x onerror=alert(1)', 'text '],
    ['<img/src=x>y', 'y'],
    ['<svg/onload=alert(1)>', ''],
    ['<svg><a>x</a></svg>after', 'after'],
    ['<svg><animate attributeName=href values=javascript:alert(1)>', '<svg>'],
    ['<scr<script>ipt>alert(1)</script>', '<scr'],
    ['<<b>script>alert(1)<</b>/script>', ''],
    ['<!-- hidden -->shown', 'shown'],
    ['<!-- hidden --!>shown', 'shown'],
    ['<foo onclick="alert(1)">x</foo>', 'x</foo>'],
    ['<foo a="<" onfocus=alert(1) tabindex=0>x', 'x'],
    ['<foo a="<script>alert(1)</script>">x', '<foo a="">x'],
    ['</3 <x a="><y onclick=alert(1)>z', '</3 x a=">z'],
    ["shown <b title='", "shown b title='"],
    ['if (a <b) { onload = run; }', 'if (a b) { onload = run; }'],
    ['<my-card>inside</my-card>', 'inside'],
    ['<my-card to=x>inside', 'inside'],
    ['<a href=javascript:alert(1)>x', 'x'],
    ['<form id=config>x', 'x'],
    ['<meta http-equiv=refresh content=0;//x>y', 'y'],
    ['<style>a{}</style><p style="x">y</p>', 'y'],
    ['<iframe src="javascript:alert(1)"></iframe>ok', 'ok'],
    ['<image href=x>y', 'y'],
    ['<b></b>', ''],
  ])('turns %j into %j', (given, content) => {
    expect(sanitizeContent(given, 'strip')).toEqual({ content, sanitized: true });
  });

  it.each([
    'if x <b and y> z then',
    'press <i> for info',
    'a <b> c',
    'if (i<b && c>d) { b = 1; }',
    'x <link and y> z',
    'List<Object> xs = new ArrayList<Object>();',
    'Optional<Text> t; Set<Symbol> s; Map<Path, Image> m',
    'git clone <repo-url> <target-dir>',
    'use <br> or <br/> for a new line',
    'the <title> of the page, and <svg> icons',
    'close it with </b>',
    '<p> begins a paragraph',
    '<?xml version="1.0"?>',
    '<?php echo "hi" ?>',
    '<!DOCTYPE html>',
    'a <!-- that never ends',
    'a <!--> b',
    'for (let i = 0; i <n; i++) { src = "x"; once = 1; }',
  ])('leaves %j unchanged, which has no effect when rendered', (text) => {
    expect(sanitizeContent(text, 'strip')).toEqual({ content: text, sanitized: false });
    expect(activeParts(text)).toEqual([]);
  });

  it.each(['&lt;script&gt;', 'Tom &amp; Jerry', '&#60;b&#62;', '%3Cscript%3E', '\\u003cscript\\u003e'])(
    'neither decodes nor encodes %j',
    (text) => expect(sanitizeContent(text, 'strip')).toEqual({ content: text, sanitized: false }),
  );

  it('removes control characters and noncharacters under either policy', () => {
    const given = 'a\u0007b\r\nc\td\u0085\u009Be\uFFFEf\u{1FFFF}g\uFDD0h\0i\ud800j\udc00k😀';
    for (const policy of ['strip', 'preserve'] as const) {
      expect(sanitizeContent(given, policy)).toEqual({ content: 'ab\nc\tdefghijk😀', sanitized: true });
    }
  });

  it('leaves tags unchanged under the policy `preserve`', () => {
    expect(sanitizeContent('<b>x</b>', 'preserve')).toEqual({ content: '<b>x</b>', sanitized: false });
  });

  it.each(PLAIN_TEXTS)('leaves %j unchanged', (text) => {
    expect(sanitizeContent(text, 'strip')).toEqual({ content: text, sanitized: false });
  });

  it('is tested with at least two hundred plain texts', () => {
    expect(new Set(PLAIN_TEXTS).size).toBeGreaterThanOrEqual(200);
  });

  it('leaves nothing active in a page that embeds the text as HTML, in any context', () => {
    const check = (text: string): void => expect(activeParts(strip(text))).toEqual([]);
    fc.assert(fc.property(anything, check), { numRuns: 20_000 });
  });

  it('is needed: the same texts are active if they are not stripped', () => {
    expect(fc.sample(anything, { numRuns: 2000, seed: 1 }).filter((text) => activeParts(text).length > 0).length).toBeGreaterThan(100); // prettier-ignore
  });

  it('changes no comparison, generic or placeholder, for any names', () => {
    const name = fc.constantFrom('a', 'b', 'i', 'p', 's', 'x', 'link', 'Object', 'Text', 'Path', 'script1', 'my-file');
    const sign = fc.constantFrom(
      '<',
      '>',
      ' < ',
      ' > ',
      ' <',
      '> ',
      '<=',
      ' && ',
      ' ',
      '(',
      ')',
      ';\n',
      '<<',
      '<!',
      '<?',
    );
    const parts = fc.array(fc.tuple(name, sign), { maxLength: 12 });
    const check = (written: [string, string][]): void => {
      const text = written.flat().join('');
      expect(strip(text)).toBe(text);
    };
    fc.assert(fc.property(parts, check), { numRuns: 5000 });
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
    '<svg/onload=',
    '<x/a=x',
  ])('takes time linear in the length for repeated %j', (piece) => {
    const steps = (times: number): number => scanMarkup(piece.repeat(times)).steps;
    const [once, twice] = [steps(2_000), steps(4_000)];
    expect(twice).toBeLessThanOrEqual(once * 2.1 + 1000);
    expect(twice).toBeLessThanOrEqual(piece.length * 4_000 * 80);
    expect(typeof strip(piece.repeat(100_000))).toBe('string');
  });

  it('removes every "<" of tags nested beyond the depth limit of the scanner', () => {
    const nested = '<script '.repeat(30) + 'x>'.repeat(30);
    const deep = Array.from({ length: 30 }).reduce<string>((inner) => `<scr${inner}ipt>`, '<script>');
    expect(scanMarkup(deep).text).toContain('<script>');
    expect(strip(deep)).not.toContain('<');
    expect(activeParts(strip(nested))).toEqual([]);
  });
});

describe('codePointLength', () => {
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
  ])('counts %j as %d', (text, length) => expect(codePointLength(text)).toBe(length));

  it('equals the count of the string iterator', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => codePointLength(text) === [...text].length));
  });
});
