import { testRounds } from './test-rounds.js';

describe('receiving', () => testRounds('T4', 'T5', 'T6', 'T7', 'T14', 'T14-floors', 'T29'));
