import type { Round } from './round.js';
import { SURVIVAL } from './rounds/t1-survival.js';
import { REPEATS } from './rounds/t2-repeats.js';
import { DENSITY } from './rounds/t3-density.js';
import { ORDER } from './rounds/t4-order.js';
import { LOSSY_BUS } from './rounds/t5-lossy-bus.js';
import { RESUME } from './rounds/t6-resume.js';
import { CONVERGENCE } from './rounds/t7-convergence.js';
import { WEBHOOKS } from './rounds/t8-webhooks.js';
import { DEAD_ENDPOINT } from './rounds/t9-dead-endpoint.js';
import { READ_YOUR_WRITES } from './rounds/t10-read-your-writes.js';
import { MARKS } from './rounds/t11-marks.js';
import { REVOCATION } from './rounds/t13-revocation.js';
import { REMOVAL } from './rounds/t14-removal.js';
import { FLOORS } from './rounds/t14-floors.js';
import { ROLLING_RESTARTS } from './rounds/t17-rolling-restart.js';
import { UNIQUENESS } from './rounds/t21-uniqueness.js';
import { UNREAD } from './rounds/t27-unread.js';
import { LATER } from './rounds/t28-later.js';
import { BROADCAST } from './rounds/t29-broadcast.js';
import { TEXT } from './rounds/t23-text.js';

/** Every round, in the order of the promises. */
export const ROUNDS: readonly Round[] = [
  SURVIVAL,
  REPEATS,
  DENSITY,
  ORDER,
  LOSSY_BUS,
  RESUME,
  CONVERGENCE,
  ...WEBHOOKS,
  DEAD_ENDPOINT,
  READ_YOUR_WRITES,
  MARKS,
  UNREAD,
  REVOCATION,
  REMOVAL,
  FLOORS,
  ...ROLLING_RESTARTS,
  UNIQUENESS,
  TEXT,
  LATER,
  BROADCAST,
];
