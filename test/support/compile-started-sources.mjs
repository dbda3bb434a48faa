/** Threads and processes that a test starts run from the sources, too: Jest compiles only what the test imports. */
process.execArgv.push('--import', './test/support/register-typescript.mjs');
