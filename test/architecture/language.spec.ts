import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { retiredWords } from '../../scripts/plain-words.mjs';
import { startsWithVerb } from '../../scripts/test-titles.mjs';

/** Retired words are named there, in order to retire them. */
const EXCEPT = ['docs/decisions/'];

describe('the language of documents and SQL functions', () => {
  const documents = execFileSync('git', ['ls-files', '*.md', '*.sql', 'docs/*.json'], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((path) => !EXCEPT.some((folder) => path.startsWith(folder)));

  it('contains no retired word', () => {
    const found = documents.flatMap((path) =>
      retiredWords(readFileSync(path, 'utf8')).map(({ word, index }) => `${path}:${index} ${word}`),
    );
    expect(found).toEqual([]);
  });

  it('has its retired words found', () => {
    expect(retiredWords('Whoever connects is told so.').map(({ word }) => word)).toEqual(['Whoever', 'told']);
    expect(retiredWords('The client there receives a notification.')).toEqual([]);
  });
});

describe('the language of test titles', () => {
  it.each(['returns the existing conversation', 'is refused with %s', 'never sends twice', 'cannot be deleted'])(
    'allows "%s"',
    (title) => expect(startsWithVerb(title)).toBe(true),
  );

  it.each(['of which there is one for two', 'whose title is shared', 'and says why', 'when it fails', 'always'])(
    'excludes "%s"',
    (title) => expect(startsWithVerb(title)).toBe(false),
  );
});
