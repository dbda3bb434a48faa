/**
 * The cost of the dashboard with many messages: fills its own database and explains each statement, first with what the
 * filling left in memory, then again. `node dist/test/bench/measure-dashboard.js [messages] [directory]`; with a
 * directory the database is stored there, and filled only once.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { DASHBOARD_STATEMENTS } from '../../src/modules/admin/admin.repository.js';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { fillLargeData } from './large-data.js';

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: Plan[];
}

interface Explained {
  'QUERY PLAN': { Plan: Plan; 'Execution Time': number }[];
}

function tablesOf(plan: Plan): string[] {
  const own = plan['Relation Name'] ? [`${plan['Node Type']} on ${plan['Relation Name']}`] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(tablesOf)];
}

async function measure(client: pg.Client): Promise<void> {
  // One core each, so that other load of the machine does not decide.
  await client.query('set max_parallel_workers_per_gather = 0');
  for (const cycle of ['first', 'again']) {
    for (const { statement, values } of DASHBOARD_STATEMENTS) {
      const text = `explain (analyze, buffers, format json) ${statement.text}`;
      const { rows } = await client.query<Explained>(text, [...values]);
      const { Plan: plan, 'Execution Time': ms } = rows[0]!['QUERY PLAN'][0]!;
      const pages = plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
      const tables = [...new Set(tablesOf(plan))].join(', ');
      process.stdout.write(
        `${cycle}  ${statement.name.padEnd(28)} ${ms.toFixed(1).padStart(8)} ms ${pages} pages  ${tables}\n`,
      );
    }
  }
}

const messages = Number(process.argv[2] ?? 5_000_000);
const kept = process.argv[3];
const directory = kept ?? mkdtempSync(join(tmpdir(), 'parley-dashboard-'));
const server = await EmbeddedPostgres.start({ directory });
try {
  await migrate(server.url);
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const { rows: filled } = await client.query('select from users limit 1');
  if (filled.length === 0) {
    const size = { messages, users: Math.ceil(messages / 50), conversations: Math.ceil(messages / 100) };
    await fillLargeData((text, values) => client.query(text, values), size);
  }
  await measure(client);
  await client.end();
} finally {
  await server.stop();
  if (!kept) rmSync(directory, { recursive: true, force: true });
}
