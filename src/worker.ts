import 'reflect-metadata';
import { createWorker } from './create-worker.js';
import { runProcess } from './platform/process/run-process.js';

await runProcess('Parley worker', createWorker);
