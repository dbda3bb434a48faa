import 'reflect-metadata';
import { createWorker } from './create-worker.js';
import { runProcess } from './platform/process/run-process.js';
import { settingProblems } from './setting-checks.js';

await runProcess({ title: 'Parley worker', problems: settingProblems, boot: createWorker });
