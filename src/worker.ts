import 'reflect-metadata';
import './platform/process/source-stacks.js';
import { runProcess } from './platform/process/run-process.js';
import { RATE_LIMITS } from './rate-limits.js';
import { settingProblems } from './setting-checks.js';

const load = () => import('./create-worker.js');

void runProcess({
  title: 'Parley worker',
  limits: RATE_LIMITS,
  problems: settingProblems,
  load,
  boot: async (config, log) => (await load()).createWorker(config, log),
});
