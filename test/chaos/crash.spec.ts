import { testRounds } from './test-rounds.js';

describe('crashes and restarts', () => testRounds('T1', 'T17-haproxy'));
