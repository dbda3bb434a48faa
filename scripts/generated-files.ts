import type { NestExpressApplication } from '@nestjs/platform-express';
import { fileTypesDocument } from '../src/modules/files/file-types-document.js';
import { openApiDocument } from '../src/platform/http/openapi-document.js';
import { protocolDocument } from '../src/platform/realtime/protocol/protocol-document.js';
import { envExample, errorsDocument, metricsDocument } from './declaration-documents.js';
import { RATE_LIMITS } from '../src/rate-limits.js';

/** Returns the current content of every file that is generated from declarations, by its path. */
export async function generatedFiles(app: NestExpressApplication): Promise<Record<string, string>> {
  return {
    '.env.example': envExample(RATE_LIMITS),
    'docs/openapi.json': json(openApiDocument(app)),
    'docs/asyncapi.json': json(protocolDocument(app)),
    'docs/errors.md': errorsDocument(),
    'docs/file-types.md': fileTypesDocument(),
    'docs/metrics.md': metricsDocument(),
  };
}

function json(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
