import { foldName, foldText } from './fold.js';
import { SearchTerms } from './search-terms.js';
import { snippetOf } from './snippet.js';
import { stemmerOf } from './stem.js';
import { runSync } from '../concurrency/steps.js';
import { tsvectorInSteps } from './words.js';

const finds = (query: string, text: string): boolean => SearchTerms.parse(query).find(text) !== undefined;
const marked = (query: string, text: string): string[] =>
  SearchTerms.parse(query)
    .find(text)!
    .map(({ start, end }) => text.slice(start, end));

describe('foldText', () => {
  it.each([
    ['Завтра', 'завтра'],
    ['Über', 'uber'],
    ['CAFÉ', 'cafe'],
    ['cafe\u0301', 'cafe'],
    ['Đường', 'duong'],
    ['ΟΔΌΣ', 'οδοσ'],
    ['οδός', 'οδοσ'],
    ['STRASSE', 'strasse'],
    ['Straße', 'strasse'],
    ['İstanbul', 'istanbul'],
    ['ısı', 'isi'],
    ['Łódź', 'lodz'],
    ['ёж', 'еж'],
    ['Мой', 'мой'],
    ['Її', 'її'],
    ['مُحَمَّـد', 'محمد'],
    ['أحمد', 'احمد'],
    ['שָׁלוֹם', 'שלום'],
    ['ｶﾞｷﾞ', 'ガギ'],
    ['が', 'が'],
    ['한국', '한국'],
    ['ﬁｘ', 'fix'],
    ['con\u00ADtent', 'content'],
    ['ที่นี่', 'ที่นี่'],
  ])('folds %s to %s, and that to itself', (text, folded) => {
    expect(foldText(text)).toBe(folded);
    expect(foldText(folded)).toBe(folded);
  });

  it('removes apostrophes from a name', () => {
    expect(foldName(' O’Brien \n Ltd ')).toBe('obrien ltd');
  });
});

describe('a search query', () => {
  it.each([
    ['завтра', 'Завтра в 10'],
    ['thanks', 'thanks😀'],
    ['😀', 'thanks😀'],
    ['hello', '“hello”'],
    ['what', 'wait…what'],
    ['dont', 'don’t'],
    ["don't", 'don’t'],
    ['don’t', 'dont'],
    ['don’t', "don't"],
    ['avion', 'l’avion'],
    ['email', 'e-mail'],
    ['src', 'src/main.ts'],
    ['main', 'src/main.ts'],
    ['src/main.ts', 'see src/main.ts'],
    ['user_name', 'the user_name column'],
    ['name', 'the user_name column'],
    ['ana@example.com', 'write to Ana@Example.com'],
    ['https://example.com/a?b=c#d', 'look: https://example.com/a?b=c#d!'],
    ['needle', '<div class="needle">'],
    ['need', 'a needle'],
    ['日本', 'これは日本語の文です'],
    ['日本語', 'これは日本語の文です'],
    ['語', '日本語'],
    ['回议', '召回议案'],
    ['서울', '나는서울에서'],
    ['ประเทศ', 'ฉันรักประเทศไทย'],
    ['手机', 'iPhone手机'],
    ['"new york"', 'in New York today'],
    ['york -jersey', 'New York'],
  ])('finds with %s the text %s', (query, text) => {
    expect(finds(query, text)).toBe(true);
  });

  it.each([
    ['need', 'an unneeded knee'],
    ['need le', 'a needle'],
    ['日語', '日本語'],
    ['本日', '日本'],
    ['"york new"', 'New York'],
    ['york -new', 'New York'],
    ['src/main.ts', 'main.ts src'],
    ['мои', 'мой'],
    ['"need"', 'a needle'],
  ])('does not find with %s the text %s', (query, text) => {
    expect(finds(query, text)).toBe(false);
  });

  it.each(['', '---', '-'.repeat(256), '"', '""', '-word', "'':*&|!()<->", '\u0301', '😀'.repeat(0)])(
    'has no terms if it is %j',
    (query) => {
      expect(SearchTerms.parse(query).hasNoRequiredTerm).toBe(true);
    },
  );

  it('has at most sixteen words, each once', () => {
    const many = Array.from({ length: 40 }, (_, n) => `word${n}`).join(' ');
    expect(SearchTerms.parse(many).toTsquery({ withPrefixes: true })!.match(/'/g)).toHaveLength(32);
    expect(SearchTerms.parse('a a a a b').toTsquery({ withPrefixes: true })).toBe("(('a')) & (('b':*))");
  });
});

describe('a search query with a language', () => {
  const german = stemmerOf('german');
  const findsForm = (query: string, text: string): boolean =>
    SearchTerms.parse(query, { stem: german }).find(text) !== undefined;

  it.each([
    ['Häuser', 'ein Haus am See'],
    ['Haus viele', 'viele Häuser'],
    ['häusern', 'viele Häuser'],
    ['see Häuser', 'ein Haus am See'],
    ['Häu', 'viele Häuser'],
  ])('finds with %s the text %s', (query, text) => {
    expect(findsForm(query, text)).toBe(true);
    expect(finds(query, text)).toBe(query === 'Häu');
  });

  it.each([
    ['"Häuser"', 'ein Haus'],
    ['Häuser -Haus', 'viele Häuser'],
    ['Hausmeister', 'ein Haus'],
  ])('does not find with %s the text %s', (query, text) => {
    expect(findsForm(query, text)).toBe(false);
  });

  it('is written with the stems of its words', () => {
    const tsquery = SearchTerms.parse('Häuser "am See"', { stem: german }).toTsquery({ withPrefixes: true });
    expect(tsquery).toBe("(('hauser') | '~haus' | 'haus') & (('am' <-> 'see'))");
    expect(runSync(tsvectorInSteps('Häuser am', { stem: german, facets: ['+has:link'] }))).toBe(
      "'+has:link' 'hauser':1 '~haus':1 'am':2",
    );
  });
});

describe('a match', () => {
  it('has the ranges of the original text: whole words and runs of pairs', () => {
    expect(marked('CAFE need', '<b>Café</b> needle')).toEqual(['Café', 'needle']);
    expect(marked('日本語', 'これは日本語の文')).toEqual(['日本語']);
    expect(marked('dont', 'I don’t know')).toEqual(['don’t']);
    expect(marked('a@b.com', 'com a@b.com')).toEqual(['a@b.com']);
  });

  it('has at most 32 ranges, in a snippet that does not split a character', () => {
    const text = `${'😀'.repeat(500)} needle ${'needle '.repeat(100)}`;
    const found = SearchTerms.parse('needle').find(text)!;
    expect(found).toHaveLength(32);
    const { text: part, start, matches } = snippetOf(text, found);
    expect(part.length).toBeLessThanOrEqual(240);
    expect(part.isWellFormed()).toBe(true);
    expect(text.slice(start, start + part.length)).toBe(part);
    for (const range of matches.slice(0, -1)) expect(part.slice(range.start, range.end)).toBe('needle');
  });
});

it('writes the words of a text as a tsvector of PostgreSQL', () => {
  expect(runSync(tsvectorInSteps("Don't do 日本"))).toBe("'don':1 't':2 'dont':1 'do':3 '日本':4 '本':4");
});
