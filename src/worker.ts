import 'reflect-metadata';
import './platform/process/source-stacks.js';
import { runProcess } from './platform/process/run-process.js';
import { settingProblems } from './setting-checks.js';

/** Loading the program and starting the database take a second or two each, so they run in parallel. */
const loading = import('./create-worker.js');
loading.catch(() => undefined); // `boot` throws the error

await runProcess({
  title: 'Parley worker',
  problems: settingProblems,
  boot: async (config, log) => (await loading).createWorker(config, log),
});
