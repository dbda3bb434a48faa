import { tryRounds } from './trying.js';

describe('what is followed', () => tryRounds('T4', 'T5', 'T6', 'T7', 'T14'));
