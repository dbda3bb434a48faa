import { basename } from 'node:path';
import { sourceFiles, type SourceFile } from '../support/source-files.js';

const OWNS = /Owns: ([^.]*)\./;
const WRITES = /\b(?:insert\s+into|update|delete\s+from)\s+([a-z_]+)/gi;
/** Words that follow `update` without being a table. */
const NOT_TABLES = new Set(['set', 'skip', 'nowait', 'of']);

/** The tables that a file declares as its own; one that writes nothing need not declare any. */
function owned({ text }: Pick<SourceFile, 'text'>): string[] {
  return OWNS.exec(text)?.[1]?.split(/[^a-z_]+/) ?? [];
}

/** The tables that the SQL of a file writes, in template literals only, because prose may contain "update" too. */
function written({ text }: Pick<SourceFile, 'text'>): string[] {
  const sql = [...text.matchAll(/`([^`]*)`/g)].map(([, literal]) => literal ?? '').join(';\n');
  const names = [...sql.matchAll(WRITES)].map(([, name]) => (name ?? '').toLowerCase());
  return [...new Set(names)].filter((name) => !NOT_TABLES.has(name));
}

/** Names of common table expressions. */
function internal({ text }: Pick<SourceFile, 'text'>): Set<string> {
  return new Set(
    [...text.matchAll(/\b([a-z_]+)\s+as\s+(?:not\s+materialized\s+|materialized\s+)?\(/gi)].map(
      ([, name]) => name ?? '',
    ),
  );
}

const repositories = sourceFiles('src').filter(({ path }) => path.endsWith('.repository.ts'));

describe('a repository', () => {
  it.each(repositories.map((file) => [basename(file.path), file] as const))(
    'writes only its own tables: %s',
    (_name, file) => {
      const tables = owned(file);
      const inner = internal(file);
      expect(written(file).filter((table) => !tables.includes(table) && !inner.has(table))).toEqual([]);
    },
  );

  it('shares no table with a repository of another module', () => {
    const tables = new Set(repositories.flatMap(written));
    const owners = new Map<string, Set<string>>();
    for (const file of repositories) {
      const module = /src\/(?:modules|platform)\/([^/]+)\//.exec(file.path)?.[1] ?? '';
      for (const table of owned(file).filter((name) => tables.has(name)))
        owners.set(table, (owners.get(table) ?? new Set()).add(module));
    }
    expect([...owners].filter(([, modules]) => modules.size > 1).map(([table]) => table)).toEqual([]);
  });

  it('fails the check if it writes a table of another module', () => {
    const planted = { text: '/** Owns: messages. Reads: users. */ statement(`update users set name = 1`)' };
    expect(written(planted).filter((table) => !owned(planted).includes(table))).toEqual(['users']);
  });
});
