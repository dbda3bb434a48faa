import { testRounds } from './test-rounds.js';

describe('sending and changing', () => testRounds('T2', 'T3', 'T10', 'T11', 'T27', 'T13', 'T21', 'T23', 'T28'));
