import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { retiredWords } from '../../scripts/plain-words.mjs';

/** Retired words are named there, in order to retire them. */
const EXCEPT = ['docs/decisions/'];

describe('the documents and SQL functions', () => {
  const documents = execFileSync('git', ['ls-files', '*.md', '*.sql', 'docs/*.json'], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((path) => !EXCEPT.some((folder) => path.startsWith(folder)));

  it('use the terms of the glossary and no retired word', () => {
    const found = documents.flatMap((path) =>
      retiredWords(readFileSync(path, 'utf8')).map(({ word, index }) => `${path}:${index} ${word}`),
    );
    expect(found).toEqual([]);
  });

  it('are found out when they use one', () => {
    expect(retiredWords('Whoever connects is told so.').map(({ word }) => word)).toEqual(['Whoever', 'told']);
    expect(retiredWords('The client there receives a notification.')).toEqual([]);
  });
});
