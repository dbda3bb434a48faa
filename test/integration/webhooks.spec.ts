import { itTellsOutsiders } from '../contracts/webhooks.contract.js';

describe('a webhook with PostgreSQL queues', () => itTellsOutsiders(() => Promise.resolve({})));
