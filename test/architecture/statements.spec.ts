import pg from 'pg';
import { declaredStatements } from '../../src/platform/database/sql.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { sourceFiles } from '../support/source-files.js';

// Loads every file that declares a statement, so that a new one is covered without anyone remembering.
for (const { path, text } of sourceFiles('src')) {
  // Tests are declared before anything asynchronous runs, so this cannot be an import().
  if (/\bstatement[<(]/.test(text) && !path.endsWith('.spec.ts')) jest.requireActual(path);
}

describe('every statement', () => {
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

  it('is found', () => {
    expect(declaredStatements().length).toBeGreaterThan(5);
  });

  it.each(declaredStatements().map(({ name, text }) => [name, text]))('%s fits the schema', async (name, text) => {
    await client.query(`prepare "${name}" as ${text}`);
  });

  it('is named after its module and purpose', () => {
    const misnamed = declaredStatements().filter(({ name }) => !/^[a-z_]+\.[a-z_]+$/.test(name));
    expect(misnamed.map(({ name }) => name)).toEqual([]);
  });

  it('that does not fit is seen', async () => {
    await expect(client.query('prepare planted as select no_such_column from events')).rejects.toThrow(
      /does not exist/,
    );
  });
});
