import pg from 'pg';
import { declaredStatements } from '../../src/platform/database/sql.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { sourceFiles } from '../support/source-files.js';

// Loads every file that declares a statement, so that a new one is covered automatically.
for (const { path, text } of sourceFiles('src')) {
  // Tests are declared before anything asynchronous runs, so this cannot be an import().
  if (/\bstatement[<(]/.test(text) && !path.endsWith('.spec.ts')) jest.requireActual(path);
}

describe('a SQL statement', () => {
  let database: TestDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  it('is declared', () => {
    expect(declaredStatements().length).toBeGreaterThan(5);
  });

  it.each(declaredStatements().map(({ name, text }) => [name, text]))('matches the schema: %s', async (name, text) => {
    await client.query(`prepare "${name}" as ${text}`);
  });

  it('is named after its module and purpose', () => {
    const misnamed = declaredStatements().filter(({ name }) => !/^[a-z_]+\.[a-z_]+$/.test(name));
    expect(misnamed.map(({ name }) => name)).toEqual([]);
  });

  it('fails the check if it does not match the schema', async () => {
    await expect(client.query('prepare planted as select no_such_column from events')).rejects.toThrow(
      /does not exist/,
    );
  });
});
