import { itDeliversWebhooks } from '../interfaces/webhooks.contract.js';

describe('a webhook with PostgreSQL queues', () => itDeliversWebhooks(() => Promise.resolve({})));
