import { itTellsOutsiders } from '../contracts/webhooks.contract.js';

describe('webhooks on PostgreSQL queues', () => itTellsOutsiders(() => Promise.resolve({})));
