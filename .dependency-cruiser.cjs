const LADDER = ['users', 'auth', 'participants', 'conversations', 'presence', 'files', 'messages', 'webhooks', 'admin'];
/** What other modules may import. An errors file is part of what a service promises, a pipe of what an edge takes. */
const FACE = '\\.(module|service|policy|port|pipe|events|dto|errors|limits|constants)\\.ts$';
/** Facts and shapes: importable from anywhere. */
const LEAF = '\\.(events|dto|limits|constants)\\.ts$';

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    rule(
      'no-circular',
      'Break it with a domain event, or with an interface of what is used. Imports of types count as well.',
      {},
      { circular: true },
    ),
    rule(
      'platform-knows-no-module',
      'The platform must be usable in a product that is not a chat.',
      { path: '^src/platform/' },
      { path: '^src/(modules|dialects)/' },
    ),
    rule(
      'modules-through-their-face',
      'Ask the service; its repository and edges are private.',
      { path: '^src/modules/([^/]+)/' },
      { path: '^src/modules/', pathNot: ['^src/modules/$1/', FACE] },
    ),
    rule(
      'leaves-are-leaves',
      'Events, DTOs, limits and constants import the platform, other leaves, the rules of fields, and the role-less files of their own module.',
      { path: `^src/modules/([^/]+)/.+${LEAF}` },
      { path: '^src/modules/', pathNot: [LEAF, '-fields\\.policy\\.ts$', '^src/modules/$1/[^.]+\\.ts$'] },
    ),
    rule(
      'services-know-no-transport',
      'Publish a domain event; a gateway or processor reacts to it.',
      { path: '\\.(service|policy|port)\\.ts$' },
      {
        path: [
          // Cursors and replays are of the log, not of a transport.
          '^src/platform/(realtime/(?!resume/(cursor|resume)\\.ts)|queue/)',
          '^src/platform/database/(?!ids|database-errors)',
          'node_modules/(socket\\.io|ws|express|bullmq|@nestjs/bullmq|typeorm|pg)/',
          '\\.(controller|gateway|processor)\\.ts$',
        ],
        // A use case may hand a transaction on, so it may know the type of one.
        dependencyTypesNot: ['type-only'],
      },
    ),
    rule(
      'repositories-are-the-bottom',
      'A repository knows SQL and shapes: leaves, errors, and its own module without services and edges.',
      { path: '^src/modules/([^/]+)/.+\\.repository\\.ts$' },
      { path: '^src/modules/', pathNot: [LEAF, '\\.errors\\.ts$', '^src/modules/$1/[^.]+(\\.repository)?\\.ts$'] },
    ),
    rule(
      'edges-do-not-touch-sql',
      'Controllers and gateways talk to services.',
      { path: '\\.(controller|gateway)\\.ts$' },
      { path: ['\\.repository\\.ts$', '^src/platform/database/'] },
    ),
    rule(
      'processors-run-in-the-worker',
      'Only a worker module may load a processor.',
      { pathNot: '(\\.worker\\.module|\\.spec)\\.ts$' },
      { path: '\\.processor\\.ts$' },
    ),
    rule(
      'dialects-know-services',
      'A dialect is a presenter: it asks services, never repositories or the database.',
      { path: '^src/dialects/' },
      { path: ['\\.repository\\.ts$', '^src/platform/database/', 'node_modules/(typeorm|pg)/'] },
    ),
    rule(
      'commands-know-services',
      'A command asks services and the platform, never the inside of a module or an edge.',
      { path: '^src/cli/' },
      { path: ['\\.(repository|controller|gateway|processor)\\.ts$', '^src/dialects/'] },
    ),
    rule(
      'nobody-needs-a-command',
      'The command line stands above everything.',
      { path: '^(src/(?!cli[./])|migrations/)' },
      { path: '^src/cli[./]' },
    ),
    rule(
      'modules-know-no-dialect',
      'A dialect stands above every module.',
      { path: '^src/modules/' },
      { path: '^src/dialects/' },
    ),
    rule(
      'program-knows-no-test',
      'What runs must not need what tests it.',
      { path: '^(src|migrations)/', pathNot: '\\.(spec|contract)\\.ts$' },
      { path: '^test/' },
    ),
    ...LADDER.map((module, rung) =>
      rule(
        `ladder-${module}`,
        'Listen to its events instead.',
        { path: `^src/modules/${module}/` },
        { path: `^src/modules/(${LADDER.slice(rung + 1).join('|') || 'none'})/`, pathNot: LEAF },
      ),
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.spec\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
