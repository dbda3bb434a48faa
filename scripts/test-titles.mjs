/** Words that may precede the verb of a title. */
const ADVERBS = 'also|always|even|never|neither|no longer|only|still';
/** Words that end like a verb in the third person, but are none. */
const NO_VERBS = 'always|as|hers|his|its|ours|others|theirs|this|us|was|whose';
const STARTS_WITH_VERB = new RegExp(`^(?:(?:${ADVERBS}) )?(?:can|cannot|may|must|(?!(?:${NO_VERBS})\\b)[a-z]+s)\\b`);

/** Whether the title of an `it` says what its subject does: it starts with a verb in the third person. */
export function startsWithVerb(title) {
  return STARTS_WITH_VERB.test(title);
}

/** The text of a title up to its first expression; undefined if the title is not a literal. */
function textOf(node) {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  return node?.type === 'TemplateLiteral' ? node.quasis[0].value.cooked : undefined;
}

/** Whether this expression is `it` or one of its variants: `it.each(table)`, `it.skip`. */
function isIt(node) {
  if (node.type === 'Identifier') return node.name === 'it';
  if (node.type === 'MemberExpression') return isIt(node.object);
  return node.type === 'CallExpression' && isIt(node.callee);
}

/**
 * An ESLint rule: a failed test is understood from its title, because `describe` names a subject and `it` what it does.
 */
export const testTitles = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: { verb: 'Start with what the subject does, in the third person ("returns", "is refused"): "{{title}}".' },
  },
  create: ({ report }) => ({
    CallExpression({ callee, arguments: [title, body] }) {
      const text = textOf(title);
      if (text === undefined || body === undefined || !isIt(callee)) return;
      if (!startsWithVerb(text)) report({ node: title, messageId: 'verb', data: { title: text } });
    },
  }),
};
