import type { Type } from '@nestjs/common';

const text = { type: 'string' };
const position = { type: 'integer', minimum: 0 };
const anything = { type: 'object', additionalProperties: true };

function object(properties: Record<string, object>, optional: string[] = []): object {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', required, properties };
}

function dataOf(model: Type): object {
  return { $ref: `#/components/schemas/${model.name}` };
}

/** A request of a client on plain WebSocket; without an `id` it gets no reply. */
export function requestSchema(type: string, dto: Type): object {
  return object({ type: { const: type }, id: { type: 'string', maxLength: 64 }, data: dataOf(dto) }, ['id']);
}

export function replySchema(codes: string[]): object {
  const envelope = { type: { const: 'reply' }, id: text };
  return {
    oneOf: [
      object({ ...envelope, ok: { const: true }, data: anything }),
      object({ ...envelope, ok: { const: false }, error: problem(codes) }),
    ],
  };
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

export function durableSchema(type: string): object {
  return object(
    {
      type: { const: type },
      conversation_id: { type: 'string', format: 'uuid', description: 'Absent in the user’s own stream' },
      seq: { ...position, description: 'Position in the stream, without gaps' },
      prev: { ...position, description: 'Position of the previous event that the user may receive' },
      id: text,
      at: { type: 'string', format: 'date-time' },
      actor_id: { type: ['string', 'null'], format: 'uuid' },
      data: anything,
      replay: { const: true },
    },
    ['conversation_id', 'replay'],
  );
}

function problem(codes: string[]): object {
  return object({ code: { type: 'string', enum: codes }, message: text, details: anything });
}
