import { existsSync, readFileSync } from 'node:fs';
import { generatedFiles } from '../../scripts/generated-files.js';
import { startTestApp } from '../support/test-app.js';

describe('a generated file', () => {
  it('equals what its declarations produce (npm run generate)', async () => {
    const server = await startTestApp();
    const files = await generatedFiles(server.app);
    await server.close();
    const stale = Object.entries(files).filter(
      ([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text,
    );
    expect(stale.map(([path]) => path)).toEqual([]);
  });
});
