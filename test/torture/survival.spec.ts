import { tryRounds } from './trying.js';

describe('what is acknowledged', () => tryRounds('T1', 'T17-haproxy'));
