import { Semaphore } from '../../concurrency/semaphore.js';

/** Allows `running` resumes to read at once. Up to 2,000 more wait for up to four seconds. */
export class ResumeAdmission extends Semaphore {
  constructor(running: number) {
    super({ running, waiting: 2000, waitMs: 4000, retrySeconds: 5 });
  }
}
