import type { Type } from '@nestjs/common';
import type { ErrorDeclaration } from '../../errors/app-error.js';
import { detailsSchema } from '../../errors/error-details.js';

/** The class, or the alternative classes, of a frame's `data`. */
export type DataClasses = Type | readonly Type[];

const text = { type: 'string' };
const position = { type: 'integer', minimum: 0 };
const noFields = { type: 'object', properties: {}, additionalProperties: false };

function objectSchema(properties: Record<string, object>, optional: string[] = []): object {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', required, properties };
}

function dataSchema(data: DataClasses): object {
  const references = [data].flat().map(({ name }) => ({ $ref: `#/components/schemas/${name}` }));
  return references.length === 1 ? references[0]! : { oneOf: references };
}

/** A request of a client on plain WebSocket; without an `id` it gets no reply. */
export function requestSchema(type: string, dto: Type): object {
  return objectSchema({ type: { const: type }, id: { type: 'string', maxLength: 64 }, data: dataSchema(dto) }, ['id']);
}

/** The reply to a request that succeeded. */
export function replySchema(data: Type | undefined): object {
  return objectSchema({
    type: { const: 'reply' },
    id: text,
    ok: { const: true },
    data: data ? dataSchema(data) : noFields,
  });
}

/** The reply to a request that was refused with one of these errors. */
export function refusalSchema(errors: readonly ErrorDeclaration[]): object {
  return objectSchema({
    type: { const: 'reply' },
    id: text,
    ok: { const: false },
    error: { oneOf: byDetails(errors) },
  });
}

/** One of these errors, or the reason why the connection is closed. */
export function errorSchema(errors: readonly ErrorDeclaration[], closeReasons: readonly string[]): object {
  const closeDetails = objectSchema({ close_code: { type: 'integer' } });
  return objectSchema({
    type: { const: 'error' },
    error: { anyOf: [...byDetails(errors), errorWith([...new Set(closeReasons)].sort(), closeDetails)] },
  });
}

/** A frame about the connection, or a signal. */
export function signalSchema(type: string, data: Type): object {
  return objectSchema(
    { type: { const: type }, conversation_id: { type: 'string', format: 'uuid' }, data: dataSchema(data) },
    ['conversation_id'],
  );
}

export function durableSchema(type: string, data: DataClasses): object {
  return objectSchema(
    {
      type: { const: type },
      conversation_id: { type: 'string', format: 'uuid', description: 'Absent in the user’s own stream' },
      seq: { ...position, description: 'Position in the stream, without gaps' },
      prev: { ...position, description: 'Position of the previous event that the user may receive' },
      id: text,
      at: { type: 'string', format: 'date-time' },
      actor_id: { type: ['string', 'null'], format: 'uuid' },
      data: dataSchema(data),
      replay: { const: true },
    },
    ['conversation_id', 'replay'],
  );
}

/** The schemas of these errors: one for the codes with the same details. */
function byDetails(errors: readonly ErrorDeclaration[]): object[] {
  const codesOf = new Map<string, Set<string>>();
  for (const { code, details } of errors) {
    const key = JSON.stringify(detailsSchema(details));
    codesOf.set(key, (codesOf.get(key) ?? new Set()).add(code));
  }
  return [...codesOf].map(([details, codes]) => errorWith([...codes].sort(), JSON.parse(details) as object));
}

function errorWith(codes: string[], details: object): object {
  return objectSchema({ code: { type: 'string', enum: codes }, message: text, details });
}
