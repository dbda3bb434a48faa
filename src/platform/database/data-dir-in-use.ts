import { StartProblem } from '../process/start-problem.js';
import type { ProcessIdentity } from './processes.js';

/** A second server on the same files would destroy them, so none is started while another may be running. */
export class DataDirInUse extends StartProblem {
  override readonly name = 'DataDirInUse';

  constructor(directory: string, user: ProcessIdentity | undefined) {
    const which = user ? ` (process ${user.pid} on ${user.host})` : '';
    super(
      `Another machine or container uses this DATA_DIR, ${directory}${which}. Stop it first, run commands inside it, ` +
        'give this process its own DATA_DIR, or let both use one PostgreSQL with DATABASE_URL.',
    );
  }
}
