import 'reflect-metadata';
import './platform/process/source-stacks.js';
import { runProcess } from './platform/process/run-process.js';
import { settingProblems } from './setting-checks.js';

/** Loading the program and starting the database take a second or two each: they go on side by side. */
const loading = import('./create-worker.js');
loading.catch(() => undefined); // `boot` meets the failure

await runProcess({
  title: 'Parley worker',
  problems: settingProblems,
  boot: async (config, log) => (await loading).createWorker(config, log),
});
