import Sequencer from '@jest/test-sequencer';

/**
 * Specs that take more than 20 seconds, the longest first: started last, one of them would keep one core busy alone. A
 * fresh clone has no durations of earlier runs.
 */
const LONG = [
  'chaos/crash',
  'contract/bad-input',
  'contract/access-matrix',
  'contract/event-loop',
  'integration/outage',
  'integration/embedded-postgres',
  'chaos/',
  'integration/lifecycle',
  'integration/commands',
  'fuzz/untrusted-input',
  'integration/doctor',
  'integration/queue-shutdown',
  'integration/backup',
  'integration/webhook',
  'integration/files-',
  'integration/realtime-slow-reader',
  'integration/coming-back',
  'integration/admin-dashboard',
  'integration/greedy-clients',
  'integration/health',
  'integration/queue',
  'contract/dialect-frames',
  'messages/sanitize-content',
  'integration/message-search',
];

/** The order of the run: long specs first, then the order of Jest. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => LONG.findIndex((name) => path.includes(name)) >>> 0;
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
}
