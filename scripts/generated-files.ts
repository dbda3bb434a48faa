import type { NestExpressApplication } from '@nestjs/platform-express';
import { envExample } from '../src/platform/config/env-example.js';
import { apiDocument } from '../src/platform/http/api-document.js';

/** Every file that is made from declarations, by its path, as it should be now. */
export async function generatedFiles(app: NestExpressApplication): Promise<Record<string, string>> {
  return {
    '.env.example': envExample(),
    'docs/openapi.json': `${JSON.stringify(apiDocument(app), null, 2)}\n`,
  };
}
