import { tryRounds } from './trying.js';

describe('what is written', () => tryRounds('T2', 'T3', 'T10', 'T11', 'T13', 'T21', 'T23'));
