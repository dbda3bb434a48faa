import type { NestExpressApplication } from '@nestjs/platform-express';
import { DiscoveryService } from '@nestjs/core';
import type { Express } from 'express';
import {
  AccountBanned,
  AuthenticationRequired,
  type ErrorClass,
  type ErrorDeclaration,
  IdempotencyConflict,
  InternalError,
  PermissionDenied,
  RateLimitExceeded,
  ServiceUnavailable,
  ValidationError,
} from '../../errors/app-error.js';
import { EventCatalogue, type EventDefinition } from '../../event-log/event-catalogue.js';
import { openApiDocument, forbidUnknownFields, countAsCall } from '../../http/openapi-document.js';
import { routeMetadata } from '../../http/route-metadata.js';
import { CachedJsonDocument } from '../../http/cached-json-document.js';
import { Limits } from '../../throttling/limits.service.js';
import { CLOSE_REASONS } from '../connection/close-reasons.js';
import { FrameRouter } from '../commands/frame-router.js';
import type { CommandDefinition } from '../commands/gateway.decorators.js';
import { declaredSignals } from './declared-signals.js';
import { AuthFrameDto, CONNECTION_FRAMES, type DeclaredFrame } from './protocol-frames.js';
import {
  durableSchema,
  errorSchema,
  refusalSchema,
  replySchema,
  requestSchema,
  signalSchema,
} from './protocol-schemas.js';
import {
  AlreadyAuthenticated,
  InvalidFrame,
  TooManyInFlight,
  TooManySubscriptions,
  UnknownFrameType,
} from '../realtime.errors.js';
import { REALTIME_PATH } from '../transport/plain-web-socket-server.js';

/** An AsyncAPI 3 document, as far as it is used here. */
export interface ProtocolDocument {
  readonly asyncapi: '3.0.0';
  readonly info: object;
  readonly servers: Record<string, object>;
  readonly channels: Record<string, object>;
  readonly operations: Record<string, object>;
  readonly components: { messages: Record<string, object>; schemas: Record<string, object> };
}

/** Errors of frames, besides those of the equivalent routes. */
const FRAME_ERRORS: ErrorClass[] = [
  ...[ValidationError, AuthenticationRequired, AccountBanned, PermissionDenied, IdempotencyConflict],
  ...[RateLimitExceeded, InternalError, ServiceUnavailable],
  ...[InvalidFrame, UnknownFrameType, TooManyInFlight, AlreadyAuthenticated, TooManySubscriptions],
];

type Request = Pick<CommandDefinition, 'type' | 'dto' | 'summary' | 'reply' | 'scope'>;

const AUTH: Request = {
  type: 'auth',
  dto: AuthFrameDto,
  summary: 'Authenticates the connection if the upgrade had no credential.',
  scope: 'any',
};

const TRANSPORTS = {
  webSocket: {
    title: 'Plain WebSocket',
    description: `One JSON object in each text frame. Credentials, in order of preference: \`Authorization: Bearer\` (with a server key also \`X-Act-As\`), \`?ticket=\`, the frame \`auth\` within 5 s, \`?token=\`. To resume: \`&cursor=\` in the URL, or \`resume\` in the frame \`auth\`.`,
    address: REALTIME_PATH,
    protocol: 'ws',
  },
  socketIo: {
    title: 'Socket.IO',
    description:
      'The type is the name of the event; a request’s data is the first argument, its reply the acknowledgement. Credential: `auth: {token}`, with a server key also `act_as`; to resume: `auth: {token, resume: {cursor}}`.',
    address: '/socket.io/',
    protocol: 'socket.io',
  },
} as const;

/** Names of messages in the document. On the wire every reply has the type `reply`. */
const REFUSAL = 'refusal';
const replyTo = (type: string): string => `${type}.reply`;

/** The AsyncAPI 3 document of all frames, for both transports. */
export function protocolDocument(app: NestExpressApplication): ProtocolDocument {
  const requests = [AUTH, ...app.get(FrameRouter, { strict: false }).definitions].sort(byType);
  const signals = declaredSignals(app.get(DiscoveryService, { strict: false }));
  const sent = Object.entries<DeclaredFrame>({ ...CONNECTION_FRAMES, ...signals });
  const events = app.get(EventCatalogue, { strict: false }).all();
  const models = [
    ...requests.flatMap(({ dto, reply }) => [dto, ...(reply ? [reply] : [])]),
    ...sent.map(([, { data }]) => data),
    ...events.flatMap(({ data }) => data),
  ];
  const known = openApiDocument(app, [...new Set(models)]).components?.schemas ?? {};
  const messages = messagesOf({ requests, sent, events, errors: frameErrors(app) });
  const schemas = reachable(messages, known as Record<string, object>);
  // Only the frame `auth` accepts unknown fields.
  for (const { dto } of requests) if (dto !== AuthFrameDto) forbidUnknownFields(schemas[dto.name], schemas);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Parley over sockets',
      version: '1',
      description: `The same frames over two transports.\n\nClose codes:\n${closeCodes()}`,
    },
    servers: Object.fromEntries(
      Object.entries(TRANSPORTS).map(([name, { title, protocol }]) => [
        name,
        { host: '{host}', protocol, title, variables: { host: { default: 'localhost:3000' } } },
      ]),
    ),
    channels: Object.fromEntries(Object.keys(TRANSPORTS).map((name) => [name, channelOf(name as never, messages)])),
    operations: operationsOf(requests, messages),
    components: { messages, schemas },
  };
}

/** Serves the document at `/asyncapi.json`. Each request is counted as a call of the client's IP address. */
export function serveProtocolDocument(app: NestExpressApplication): void {
  const document = new CachedJsonDocument(() => protocolDocument(app));
  app.use('/asyncapi.json', countAsCall(app.get(Limits)));
  (app.getHttpAdapter().getInstance() as Express).get('/asyncapi.json', document.serve);
}

interface Frames {
  readonly requests: Request[];
  readonly sent: [string, DeclaredFrame][];
  readonly events: EventDefinition[];
  readonly errors: ErrorDeclaration[];
}

function messagesOf({ requests, sent, events, errors }: Frames): Record<string, object> {
  const message = (name: string, summary: string, payload: object): [string, object] => [
    name,
    { name, summary, contentType: 'application/json', payload },
  ];
  return Object.fromEntries([
    ...requests.map(({ type, dto, summary }) => message(type, summary, requestSchema(type, dto))),
    ...requests.map(({ type, reply }) =>
      message(replyTo(type), `The reply to \`${type}\`, with the id of the request.`, replySchema(reply)),
    ),
    message(REFUSAL, 'The reply to a request that was refused, with its id.', refusalSchema(errors)),
    message(
      'error',
      'An error that belongs to no request, or the reason why the connection is closed.',
      errorSchema(
        errors,
        Object.values(CLOSE_REASONS).map(({ error }) => error),
      ),
    ),
    ...sent.map(([type, { data, summary }]) => message(type, summary, signalSchema(type, data))),
    ...events.map(({ type, summary, data }) => message(type, summary, durableSchema(type, data))),
  ]);
}

function channelOf(name: keyof typeof TRANSPORTS, messages: Record<string, object>): object {
  const { address, title, description } = TRANSPORTS[name];
  return {
    address,
    title,
    description,
    servers: [{ $ref: `#/servers/${name}` }],
    messages: Object.fromEntries(
      Object.keys(messages).map((message) => [message, { $ref: `#/components/messages/${message}` }]),
    ),
  };
}

/** The operations of the server: it receives requests and sends everything else. */
function operationsOf(requests: Request[], messages: Record<string, object>): Record<string, object> {
  const requestOf = new Map(requests.map((request) => [request.type, request]));
  const replies = new Set([REFUSAL, ...requests.map(({ type }) => replyTo(type))]);
  const operations: Record<string, object> = {};
  for (const name of Object.keys(TRANSPORTS)) {
    const channel = { $ref: `#/channels/${name}` };
    for (const type of Object.keys(messages)) {
      const own = [{ $ref: `#/channels/${name}/messages/${type}` }];
      const reply = {
        channel,
        messages: [replyTo(type), REFUSAL].map((answer) => ({ $ref: `#/channels/${name}/messages/${answer}` })),
      };
      const request = requestOf.get(type);
      if (request) {
        operations[`${name}.${type}`] = {
          action: 'receive',
          channel,
          summary: request.summary,
          description: describeKeys(request),
          ...(request.scope && { 'x-required-scope': request.scope }),
          messages: own,
          reply,
        };
      } else if (!replies.has(type)) operations[`${name}.${type}`] = { action: 'send', channel, messages: own };
    }
  }
  return operations;
}

/** Says whether a server key may send the frame, and with which scope. */
function describeKeys({ scope }: Request): string {
  if (scope === 'any') return 'Every server key may send this.';
  return scope ? `A server key needs the scope \`${scope}\`.` : 'A server key may send this only as a user.';
}

/** Frames call the same services as routes, so they have the same errors. */
function frameErrors(app: NestExpressApplication): ErrorDeclaration[] {
  const ofRoutes = [...routeMetadata(app).values()].flatMap(({ errors }) => errors);
  return [...FRAME_ERRORS, ...ofRoutes]
    .map(({ declaration }) => declaration)
    .sort((a, b) => (a.code < b.code ? -1 : 1));
}

function closeCodes(): string {
  return Object.values(CLOSE_REASONS)
    .map(({ code, error, message }) => `- ${code} \`${error}\`: ${message}`)
    .join('\n');
}

/** The schemas that the messages reference, directly or indirectly. */
function reachable(from: object, known: Record<string, object>): Record<string, object> {
  const found: Record<string, object> = {};
  const waiting: object[] = [from];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const [, name] of JSON.stringify(next).matchAll(/"#\/components\/schemas\/([\w.]+)"/g)) {
      const schema = known[name!];
      if (found[name!] || !schema) continue;
      found[name!] = schema;
      waiting.push(schema);
    }
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function byType(a: { type: string }, b: { type: string }): number {
  return a.type < b.type ? -1 : 1;
}
