import type { OpenAPIObject } from '@nestjs/swagger';
import {
  AccountBanned,
  type AppError,
  AuthenticationRequired,
  IdempotencyConflict,
  IdempotencyInProgress,
  InternalError,
  PayloadTooLarge,
  PermissionDenied,
  RateLimitExceeded,
  ServiceUnavailable,
  ValidationError,
} from '../errors/app-error.js';
import type { ErrorFormat } from '../errors/error-formats.js';
import { errorDocOf } from '../errors/error-doc.decorator.js';
import { codeOf, type ErrorClass, type ErrorCode } from '../errors/throws.decorator.js';
import type { RouteMetadata } from './openapi-routes.js';
import { UnsupportedMediaType } from './http-errors.js';
import type { ParleyRequest } from './request-context.js';

type Components = NonNullable<OpenAPIObject['components']>;
export type Responses = NonNullable<Components['responses']>;
type Headers = NonNullable<Components['headers']>;
type Schema = NonNullable<Components['schemas']>[string];

/** Codes of one status, each with what it may mean. */
type ToldErrors = Map<string, Set<string>>;
type DocumentedResponse = Exclude<Responses[string], { $ref: string }>;

const ref = (kind: 'headers' | 'responses' | 'schemas', name: string): { $ref: string } => ({
  $ref: `#/components/${kind}/${name}`,
});

/** The body of every answer of 4xx and 5xx. */
export const ERROR_SCHEMA: Schema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'details', 'request_id'],
      properties: {
        code: { type: 'string', description: 'Stable; what a program looks at' },
        message: { type: 'string', description: 'For people; may change' },
        details: { type: 'object', additionalProperties: true, description: 'Of VALIDATION_ERROR: `errors`' },
        request_id: { type: 'string', description: 'As in the `X-Request-Id` header' },
      },
    },
  },
};

export const API_HEADERS: Headers = {
  'X-Request-Id': {
    description: 'Of this request; the caller’s own when it was well-formed',
    schema: { type: 'string' },
  },
  'X-RateLimit-Limit': { description: 'Calls in a window', schema: { type: 'integer' } },
  'X-RateLimit-Remaining': { description: 'Calls left', schema: { type: 'integer' } },
  'X-RateLimit-Reset': { description: 'Epoch seconds', schema: { type: 'integer' } },
  'Retry-After': { description: 'Seconds', schema: { type: 'integer' } },
  'Idempotency-Replayed': { description: 'true: the answer of an earlier request', schema: { type: 'string' } },
};

const LIMIT_HEADERS = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'];

/** Every error a route may answer with, its own and those of the edge in front of it. */
export function errorsOf({ isPublic, isReplayed, limit, errors }: RouteMetadata, method: string): ErrorClass[] {
  return [
    ValidationError,
    ...(isPublic ? [] : [AuthenticationRequired, AccountBanned, PermissionDenied]),
    ...(method === 'post' && isReplayed ? [IdempotencyConflict, IdempotencyInProgress] : []),
    ...(limit ? [RateLimitExceeded] : []),
    ...errors,
    PayloadTooLarge,
    UnsupportedMediaType,
    InternalError,
    ServiceUnavailable,
  ];
}

/** The answers for these errors: one a status, shared by all routes that have the same codes for it. */
export function errorAnswers(
  errors: readonly ErrorClass[],
  isLimited: boolean,
  shared: Responses,
  form?: ErrorFormat,
): Responses {
  const told = new Map<number, ToldErrors>();
  for (const error of errors) {
    const { status, code } = form ? codeIn(form, error) : codeOf(error);
    const codes = told.get(status) ?? new Map<string, Set<string>>();
    told.set(status, codes.set(code, (codes.get(code) ?? new Set()).add(errorDocOf(error).meaning)));
  }
  const answers: Responses = {};
  for (const [status, unsorted] of [...told].sort(([a], [b]) => a - b)) {
    const codes: ToldErrors = new Map([...unsorted].sort(([a], [b]) => (a < b ? -1 : 1)));
    const ours = form?.documented ? [form.documented.name] : [];
    const name = [...ours, ...codes.keys(), ...(isLimited ? [] : ['unlimited'])].join('.');
    answers[status] = ref('responses', share(shared, name, errorAnswer(status, codes, isLimited, form)));
  }
  return answers;
}

/** The same codes may stand for different errors: an answer that says something else gets a name of its own. */
function share(shared: Responses, name: string, answer: DocumentedResponse): string {
  const { description } = answer;
  for (let number = 1; ; number++) {
    const own = number === 1 ? name : `${name}.${number}`;
    const known = (shared[own] ??= answer) as DocumentedResponse;
    if (known.description === description) return own;
  }
}

/** Status and code of an error as a form tells it; the status may be another one than ours. */
function codeIn({ present }: ErrorFormat, error: ErrorClass): ErrorCode {
  const thrown = new (error as unknown as new () => AppError)();
  const { status, body } = present(thrown, { originalUrl: '', requestId: '' } as ParleyRequest);
  const { code, error_code: errorCode, error: inner } = body as Record<string, unknown>;
  const told = [code, errorCode, (inner as { code?: unknown } | undefined)?.code].find(
    (one) => typeof one === 'string',
  );
  return { status, code: (told as string | undefined) ?? thrown.code };
}

/** The headers of an answer. */
export function headersFor(metadata: RouteMetadata, method: string): Headers {
  const names = ['X-Request-Id', ...(metadata.limit ? LIMIT_HEADERS : [])];
  if (method === 'post' && metadata.isReplayed) names.push('Idempotency-Replayed');
  return Object.fromEntries(names.map((name) => [name, ref('headers', name)]));
}

function errorAnswer(status: number, told: ToldErrors, isLimited: boolean, form?: ErrorFormat): DocumentedResponse {
  const codes = [...told.keys()];
  const names = ['X-Request-Id', ...(isLimited ? LIMIT_HEADERS : [])];
  if ([423, 429, 503].includes(status)) names.push('Retry-After');
  const error: Schema = { type: 'object', properties: { code: { type: 'string', enum: codes } } };
  const ours: Schema = { allOf: [ref('schemas', 'Error'), { type: 'object', properties: { error } }] };
  return {
    description: [...told].map(([code, meanings]) => `- \`${code}\`: ${[...meanings].join(' Or: ')}`).join('\n'),
    headers: Object.fromEntries(names.map((name) => [name, ref('headers', name)])),
    content: { 'application/json': { schema: (form?.documented?.schema(codes) as Schema | undefined) ?? ours } },
  };
}
