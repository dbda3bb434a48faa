import tseslint from 'typescript-eslint';
import { plainWords } from './scripts/plain-words.mjs';
import { testTitles } from './scripts/test-titles.mjs';

const parley = { rules: { 'plain-words': plainWords, 'test-titles': testTitles } };

/** Names that say nothing about what they name. */
const EMPTY_NAMES = '(Utils?|Helpers?|Common|Manager|Info)';

const DECLARATIONS = [
  { selector: 'ExportDefaultDeclaration', message: 'Export it by name: one name per thing.' },
  { selector: 'ExportAllDeclaration', message: 'Import from where it is declared: no barrels.' },
  {
    selector: "MethodDefinition[kind='constructor'] > FunctionExpression[params.length>7]",
    message: 'At most seven parameters: give a use case a file of its own.',
  },
  {
    selector: `:matches(ClassDeclaration, TSInterfaceDeclaration, TSTypeAliasDeclaration) > Identifier[name=/${EMPTY_NAMES}$/]`,
    message: 'The name says nothing about what it names.',
  },
  {
    selector: "ClassDeclaration[superClass.name='AppError']",
    message: 'Declare it with defineError: its code, its status and its documentation.',
  },
  {
    selector: 'TSInterfaceDeclaration > Identifier[name=/^I[A-Z][a-z]/]',
    message: 'An interface is named for what it is, without a prefix.',
  },
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'data/', 'coverage/', 'bench-results/', 'chaos-results/', 'fuzz-results/'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-syntax': [
        'error',
        ...DECLARATIONS,
        { selector: "MemberExpression[object.name='process'][property.name='env']", message: 'Ask Config.' },
      ],
    },
  },
  {
    files: ['src/**/*.ts', 'test/**/*.{ts,mjs}'],
    // Conversations of the demo, reserved user names, and the control of this rule.
    ignores: [
      'src/cli/demo/demo-data.ts',
      'src/platform/validation/reserved-usernames.ts',
      'test/architecture/language.spec.ts',
    ],
    plugins: { parley },
    rules: { 'parley/plain-words': 'error' },
  },
  {
    files: ['**/*.spec.ts', 'test/interfaces/*.ts'],
    plugins: { parley },
    rules: { 'parley/test-titles': 'error' },
  },
  {
    // The environment is read here, or handed on to another program.
    files: ['src/platform/config/config.ts', 'src/platform/database/postgres-cluster.ts'],
    rules: { 'no-restricted-syntax': ['error', ...DECLARATIONS] },
  },
  {
    // Tools have settings of their own, and export what their runners ask for.
    files: ['test/**/*.ts', 'scripts/**/*.ts', '**/*.{mjs,cjs}'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Import from where it is declared: no barrels.' },
      ],
    },
  },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
);
