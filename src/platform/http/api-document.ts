import type { Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Express, NextFunction, Response } from 'express';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ErrorFormats } from '../errors/error-formats.js';
import type { ErrorClass } from '../errors/throws.decorator.js';
import { type Responses, API_HEADERS, ERROR_SCHEMA, errorAnswers, errorsOf, headersFor } from './api-responses.js';
import { Limits } from '../throttling/limits.service.js';
import { routeMetadata, type RouteMetadata } from './openapi-routes.js';
import type { ParleyRequest } from './request-context.js';
import { ServedDocument } from './served-document.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Schemas = Record<string, object>;

type Success = { headers?: object; description: string };

/** What a success means where the route says nothing more. */
const SUCCESSES: Readonly<Record<string, string>> = {
  200: 'What was asked for, or what it is now.',
  201: 'What was made.',
  202: 'It will be done.',
  204: 'It is done; the answer is empty.',
};

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/**
 * The OpenAPI 3.1 document of every route of the program: what the decorators of the routes say, and what holds for all
 * of them: errors, headers, credentials, and that no unknown field is taken. `extraModels` are described as well.
 */
export function apiDocument(app: NestExpressApplication, extraModels: Type[] = []): OpenAPIObject {
  const description = new DocumentBuilder()
    .setTitle('Parley')
    .setDescription('A self-hosted chat backend. What comes over sockets is described in /asyncapi.json.')
    .setVersion('1')
    .setOpenAPIVersion('3.1.0')
    .addServer('/')
    .addBearerAuth()
    .addSecurityRequirements('bearer')
    .build();
  const document = SwaggerModule.createDocument(app, description, {
    operationIdFactory: (controller, method) => `${controller}_${method}`,
    extraModels,
  });
  complete(document, routeMetadata(app), app.get(ErrorFormats));
  return document;
}

/**
 * Serves the document at `/openapi.json` and a page over it at `/docs`. No route of Nest's answers there, so that each
 * request is counted here, as a call of the caller's address.
 */
export function serveApiDocument(app: NestExpressApplication): void {
  const document = new ServedDocument(() => apiDocument(app));
  app.use(['/openapi.json', '/docs'], countedAsCall(app.get(Limits)));
  (app.getHttpAdapter().getInstance() as Express).get('/openapi.json', document.serve);
  // The page loads the document like any other client, instead of having a second copy of it in a script.
  SwaggerModule.setup('docs', app, () => undefined as never, {
    raw: false,
    customSiteTitle: 'Parley API',
    // Without this the page sends the document to a validator on the internet.
    swaggerOptions: { url: '../openapi.json', validatorUrl: null, persistAuthorization: false },
  });
}

/** Counts a request for a file of ours that is no route as a call of the address. Refuses it with RateLimitExceeded. */
export function countedAsCall(limits: Limits) {
  return async (request: ParleyRequest, _response: Response, next: NextFunction): Promise<void> => {
    try {
      request.isCounted = true;
      await limits.checkAddress('call', request.ip);
    } catch (error) {
      next(error);
      return;
    }
    next();
  };
}

function complete(document: OpenAPIObject, metadata: ReadonlyMap<string, RouteMetadata>, forms: ErrorFormats): void {
  const schemas: Schemas = { ...document.components?.schemas, Error: ERROR_SCHEMA };
  const shared: Responses = {};
  const names = new Map<string, number>();
  const tags = new Set<string>();
  for (const [address, path] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method];
      if (!operation) continue;
      const handler = /^\w+/.exec(operation.operationId ?? '')?.[0] ?? '';
      const known = metadata.get(handler);
      if (!known) throw new Error(`The route ${operation.operationId} is not known.`);
      operation.operationId = uniqueName(handler.replace('Controller_', '_'), names);
      const form = forms.at(address, method.toUpperCase());
      completeOperation(operation, method, known, (errors, isLimited) => errorAnswers(errors, isLimited, shared, form));
      closeInput(operation, schemas);
      operation.tags?.forEach((tag) => tags.add(tag));
    }
  }
  document.tags = [...tags].map((name) => ({ name }));
  delete (document.info as { contact?: object }).contact;
  document.components = { ...document.components, schemas, headers: API_HEADERS, responses: shared } as never;
}

function completeOperation(
  operation: Operation,
  method: string,
  metadata: RouteMetadata,
  answersOf: (errors: ErrorClass[], isLimited: boolean) => Responses,
): void {
  if (metadata.isPublic) operation.security = [];
  if (method === 'post' && metadata.isReplayed) {
    (operation.parameters ??= []).push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description: 'The same key and body give the same answer again for a day',
      schema: { type: 'string', pattern: '^[!-~]{1,128}$' },
    });
  }
  for (const [status, answer] of Object.entries(operation.responses) as [string, Success][]) {
    answer.headers = headersFor(metadata, method);
    answer.description ||= SUCCESSES[status] ?? '';
  }
  const errors = answersOf(errorsOf(metadata, method), metadata.limit !== undefined);
  operation.responses = { ...errors, ...operation.responses };
}

/** Bodies take no field that is not described. */
function closeInput({ requestBody }: Operation, schemas: Schemas): void {
  if (requestBody && 'content' in requestBody) close(requestBody.content['application/json']?.schema, schemas);
}

/** Says of an input's schema, and of those inside it, that there is nothing else. */
export function close(schema: object | undefined, schemas: Schemas): void {
  if (!schema) return;
  const { $ref, properties, allOf, additionalProperties } = schema as {
    $ref?: string;
    properties?: Schemas;
    allOf?: object[];
    additionalProperties?: unknown;
  };
  if ($ref) return close(schemas[$ref.slice('#/components/schemas/'.length)], schemas);
  if (properties && additionalProperties === undefined) Object.assign(schema, { additionalProperties: false });
  for (const inner of [...(allOf ?? []), ...Object.values(properties ?? {})]) close(inner, schemas);
}

/** A handler with several addresses is several operations. */
function uniqueName(name: string, names: Map<string, number>): string {
  const count = (names.get(name) ?? 0) + 1;
  names.set(name, count);
  return count === 1 ? name : `${name}_${count}`;
}
