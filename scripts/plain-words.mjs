/**
 * Words that texts and names of this project do not use, and what to write instead. Each had a private meaning or names
 * no role; docs/glossary.md has the terms.
 */
const RETIRED = new Map(
  Object.entries({
    'whoever|somebody|nobody|everybody': 'the role that acts: the client, the caller, the user, a moderator',
    'he|him|his|himself|she|her|herself': 'they, or the user',
    'judges?|judged': 'checks, validates, decides, evaluates',
    'told|tells?': 'sends, notifies, reports, returns',
    'farewells?|bids?': 'close reason, closes with',
    'latecomers?': 'a subscriber that catches up',
    thereof: 'of it',
  }),
);

/** The retired words in a text, each with its place and what to write instead. The value of a setting is allowed. */
export function retiredWords(text) {
  return [...RETIRED].flatMap(([words, instead]) =>
    [...text.matchAll(new RegExp(`(?<![\\w./-]|USER_DIRECTORY=)(?:${words})(?![\\w/-])`, 'gi'))].map(
      ({ 0: word, index }) => ({
        word,
        index,
        instead,
      }),
    ),
  );
}

/** An ESLint rule: names, comments and texts of a file without a retired word. */
export const plainWords = {
  meta: { type: 'suggestion', schema: [], messages: { retired: '"{{word}}" is retired; write: {{instead}}.' } },
  create: ({ sourceCode, report }) => ({
    Program() {
      for (const { word, index, instead } of retiredWords(sourceCode.text)) {
        const loc = { start: sourceCode.getLocFromIndex(index), end: sourceCode.getLocFromIndex(index + word.length) };
        report({ loc, messageId: 'retired', data: { word, instead } });
      }
    },
  }),
};
