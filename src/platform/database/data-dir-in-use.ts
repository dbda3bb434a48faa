import { StartProblem } from '../process/start-problem.js';
import type { ProcessIdentity } from './processes.js';

/** A second server over the same files would destroy them, so none is started beside one that may run. */
export class DataDirInUse extends StartProblem {
  override readonly name = 'DataDirInUse';

  constructor(directory: string, user: ProcessIdentity | undefined) {
    const which = user ? ` (process ${user.pid} on ${user.host})` : '';
    super(
      `Another machine or container uses this DATA_DIR, ${directory}${which}. Stop it first, run commands inside it, ` +
        'give this process a DATA_DIR of its own, or let both use one PostgreSQL by DATABASE_URL.',
    );
  }
}
