import type { Type } from '@nestjs/common';

/** The class, or the alternative classes, of a frame's `data`. */
export type DataClasses = Type | readonly Type[];

const text = { type: 'string' };
const position = { type: 'integer', minimum: 0 };
const noFields = { type: 'object', properties: {}, additionalProperties: false };
/** The details of an error depend on its code. */
const anyDetails = { type: 'object', additionalProperties: true };

function object(properties: Record<string, object>, optional: string[] = []): object {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', required, properties };
}

function dataOf(data: DataClasses): object {
  const references = [data].flat().map(({ name }) => ({ $ref: `#/components/schemas/${name}` }));
  return references.length === 1 ? references[0]! : { oneOf: references };
}

/** A request of a client on plain WebSocket; without an `id` it gets no reply. */
export function requestSchema(type: string, dto: Type): object {
  return object({ type: { const: type }, id: { type: 'string', maxLength: 64 }, data: dataOf(dto) }, ['id']);
}

/** The reply to a request that succeeded. */
export function replySchema(data: Type | undefined): object {
  return object({ type: { const: 'reply' }, id: text, ok: { const: true }, data: data ? dataOf(data) : noFields });
}

/** The reply to a request that was refused. */
export function refusalSchema(codes: string[]): object {
  return object({ type: { const: 'reply' }, id: text, ok: { const: false }, error: problem(codes) });
}

export function errorSchema(codes: string[]): object {
  return object({ type: { const: 'error' }, error: problem(codes) });
}

/** A frame about the connection, or a signal. */
export function signalSchema(type: string, data: Type): object {
  return object({ type: { const: type }, conversation_id: { type: 'string', format: 'uuid' }, data: dataOf(data) }, [
    'conversation_id',
  ]);
}

export function durableSchema(type: string, data: DataClasses): object {
  return object(
    {
      type: { const: type },
      conversation_id: { type: 'string', format: 'uuid', description: 'Absent in the user’s own stream' },
      seq: { ...position, description: 'Position in the stream, without gaps' },
      prev: { ...position, description: 'Position of the previous event that the user may receive' },
      id: text,
      at: { type: 'string', format: 'date-time' },
      actor_id: { type: ['string', 'null'], format: 'uuid' },
      data: dataOf(data),
      replay: { const: true },
    },
    ['conversation_id', 'replay'],
  );
}

function problem(codes: string[]): object {
  return object({ code: { type: 'string', enum: codes }, message: text, details: anyDetails });
}
