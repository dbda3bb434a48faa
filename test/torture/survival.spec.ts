import { tryRounds } from './trying.js';

describe('what is acknowledged', () => tryRounds('T1'));
