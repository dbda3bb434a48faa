import Sequencer from '@jest/test-sequencer';

/** Specs that take more than half a minute: begun last, one of them would keep one core busy alone. */
const LONG = [
  'test/torture/',
  'contract/bad-input',
  'fuzz/untrusted-input',
  'contract/event-loop',
  'integration/lifecycle',
  'integration/commands',
  'integration/outage',
  'integration/embedded-postgres',
  'integration/backup',
  'integration/doctor',
  'integration/webhooks.spec',
  'integration/webhooks-redis',
];

/** The order of the run: long specs first, then as Jest has it. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => LONG.findIndex((name) => path.includes(name)) >>> 0;
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
}
