/*
 * commands/: the requests of clients. A gateway declares its frames with `@Gateway` and `@OnFrame`; the
 * `FrameRouter` collects them in one table at the start of the process, by protocol and type.
 *
 * Life cycle of a request: decode, look up the type, authenticate the connection if it is not signed in, apply load
 * shedding and the limit of the frame, validate the input, resolve external references to users, call the handler, and
 * send one reply with the id of the request. HTTP routes call the same services, so both have the same rules and
 * errors.
 */
import { Inject, Injectable, Logger, type OnApplicationBootstrap, Optional } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { DecoratedMethods } from '../../discovery/decorated-methods.js';
import { type AppError, AuthenticationRequired, InternalError, RateLimitExceeded } from '../../errors/app-error.js';
import { toAppError } from '../../errors/error.filter.js';
import { ExternalUsers } from '../../identity/external-users.js';
import { requireScope } from '../../http/scope.decorator.js';
import { type EncodedJson, encodeInSteps } from '../../json/json-encoding.js';
import { runInTurns } from '../../concurrency/steps.js';
import { LoadShedder } from '../../throttling/load-shedder.js';
import { Limits } from '../../throttling/limits.service.js';
import { requireSafeJson } from '../../validation/safe-json.js';
import type { Connection } from '../connection/connection.js';
import { AuthFrameHandler } from './auth-frame-handler.js';
import { parseFrame } from './parse-frame.js';
import { readWithRule } from '../../validation/input-rules.js';
import { type Command, CommandTable } from './command-table.js';
import { type CommandDefinition, ON_FRAME, PARLEY_PROTOCOL } from './gateway.decorators.js';
import type { RequestId } from '../protocol/packet.js';
import { RealtimeSettings } from '../connection/realtime-settings.js';
import type { CodecRequest, SocketCodec } from '../transport/socket-codec.js';
import { InvalidFrame, TooManyInFlight, UnknownFrameType } from '../realtime.errors.js';

/** Called for every refused request of a known type, with the error; must not throw. */
export type RefusalObserver = (error: AppError, definition: CommandDefinition) => void;

const MAX_ID_LENGTH = 64;
const noop = (): void => {};

/**
 * Passes requests to the handlers marked `@OnFrame` and sends their results: exactly one reply for each request.
 *
 * Invariant: handlers of one connection are *started* in the order in which its requests arrived, even if limits are
 * counted in Redis. They may overlap. A handler that needs an order among them (the send path does, per conversation)
 * must enter its queue synchronously, before its first `await`.
 */
@Injectable()
export class FrameRouter implements OnApplicationBootstrap {
  private readonly logger = new Logger('Frames');
  private readonly commands = new CommandTable();
  private readonly observers: RefusalObserver[] = [];
  private running = 0;
  private whenIdle: (() => void)[] = [];
  /** For validation rules of input classes that depend on settings. */
  @Inject() private readonly config: Config;
  /** Without it no external reference is accepted. */
  @Optional() @Inject() private readonly users?: ExternalUsers;

  constructor(
    private readonly methods: DecoratedMethods,
    private readonly limits: Limits,
    private readonly settings: RealtimeSettings,
    private readonly authFrame: AuthFrameHandler,
    private readonly shedder: LoadShedder,
  ) {}

  /** Fills the command table. @throws Error for two handlers of one type, or one without a limit or a gateway */
  onApplicationBootstrap(): void {
    for (const handler of this.methods.of<CommandDefinition, Command['handle']>(ON_FRAME)) this.commands.add(handler);
  }

  observe(observer: RefusalObserver): void {
    this.observers.push(observer);
  }

  /** Every request of Parley's own protocol, for its generated document. */
  get definitions(): CommandDefinition[] {
    return this.definitionsOf(PARLEY_PROTOCOL);
  }

  /** Every request of a protocol. */
  definitionsOf(protocol: string): CommandDefinition[] {
    return this.commands.definitionsOf(protocol);
  }

  /** Resolves when every request of this node has its reply. */
  idle(): Promise<void> {
    return this.running === 0 ? Promise.resolve() : new Promise((resolve) => this.whenIdle.push(resolve));
  }

  /** A text message of a plain WebSocket. */
  receiveText(connection: Connection, text: string): void {
    if (connection.codec) return this.receiveCoded(connection, connection.codec, text);
    let frame: Record<string, unknown>;
    try {
      frame = parseFrame(text);
    } catch (error) {
      return this.refuse(connection, undefined, error);
    }
    const { type, id, data } = frame;
    if (id !== undefined && (typeof id !== 'string' || id.length > MAX_ID_LENGTH)) {
      return this.refuse(
        connection,
        undefined,
        new InvalidFrame(`id must be text of at most ${MAX_ID_LENGTH} characters`),
      );
    }
    this.receive(connection, type, data, id);
  }

  private receiveCoded(connection: Connection, codec: SocketCodec, text: string): void {
    if (connection.isClosed) return;
    let request: CodecRequest;
    try {
      request = codec.read(text);
    } catch (error) {
      return this.refuse(connection, undefined, error);
    }
    this.receive(connection, request.type, request.data, request.id);
  }

  /** A binary message, which is never a valid frame. */
  receiveBinary(connection: Connection): void {
    this.refuse(connection, undefined, new InvalidFrame('binary'));
  }

  /** A request of either transport. `type` and `data` are unvalidated. */
  receive(connection: Connection, type: unknown, data: unknown, id: RequestId | undefined): void {
    if (connection.isClosed) return;
    if (typeof type !== 'string') return this.refuse(connection, id, new InvalidFrame('type must be text'));
    const { codec } = connection;
    const command = this.commands.find(codec?.protocol ?? PARLEY_PROTOCOL, type);
    if (connection.inFlight >= this.settings.maxInFlight) {
      this.replyWithError(new TooManyInFlight(this.settings.maxInFlight), connection, id, command);
      return connection.countRateLimitedFrame();
    }
    if (type === 'auth' && !codec) return void this.authenticate(connection, data, id);
    if (!command) return this.refuse(connection, id, new UnknownFrameType());
    if (!connection.isSignedIn && !connection.starting)
      return this.refuse(connection, id, new AuthenticationRequired(), command);
    try {
      this.shedder.checkLoad(command.priority);
    } catch (error) {
      return this.replyWithError(toAppError(error), connection, id, command);
    }
    let input: object;
    try {
      input = this.read(command, data);
    } catch (error) {
      return this.refuse(connection, id, error, command);
    }
    if (connection.isSignedIn) this.checkLimit(connection, command, input, id);
    else this.afterAuthentication(connection, command, input, id);
  }

  private read(command: Command, data: unknown): object {
    requireSafeJson(data);
    return readWithRule(command.definition.dto, data, this.config, () => command.inputValidator.read(data ?? {}));
  }

  /** Later requests wait, because they belong to the user who is being authenticated. */
  private async authenticate(connection: Connection, data: unknown, id: RequestId | undefined): Promise<void> {
    this.begin(connection);
    try {
      const authenticated = this.authFrame.authenticate(connection, data);
      this.takeTurn(connection, authenticated.catch(noop));
      await authenticated;
      connection.reply(id, '{"ok":true,"data":{}}');
    } catch (error) {
      this.refuse(connection, id, error);
      this.authFrame.closeAfter(error, connection);
    } finally {
      this.end(connection);
    }
  }

  private afterAuthentication(
    connection: Connection,
    command: Command,
    input: object,
    id: RequestId | undefined,
  ): void {
    this.begin(connection);
    const turn = connection.starting!.then(() => {
      this.end(connection);
      if (connection.isSignedIn) this.checkLimit(connection, command, input, id);
      else this.refuse(connection, id, new AuthenticationRequired(), command);
    });
    this.takeTurn(connection, turn);
  }

  /** Counts the request and starts its handler, synchronously if nothing must be awaited. */
  private checkLimit(connection: Connection, command: Command, input: object, id: RequestId | undefined): void {
    if (connection.isClosed) return;
    this.begin(connection);
    let counted: void | Promise<void>;
    try {
      if (connection.actor.serverKey) requireScope(connection.actor, command.definition.scope);
      counted = this.limits.check(command.definition.limit, connection.actor, connection.codec?.limits);
    } catch (error) {
      return this.fail(connection, id, error, command);
    }
    const ready = this.resolveReferences(command, input, counted);
    if (!ready && !connection.starting) return this.start(connection, command, input, id);
    const before = connection.starting;
    if (ready) ready.catch(noop); // handled in its turn below
    const turn = (before ?? Promise.resolve())
      .then(() => ready)
      .then(
        () => this.start(connection, command, input, id),
        (error: unknown) => this.fail(connection, id, error, command),
      );
    this.takeTurn(connection, turn);
  }

  /** After the request is counted: replaces external references to users. Synchronous if there are none. */
  private resolveReferences(command: Command, input: object, counted: void | Promise<void>): void | Promise<void> {
    const { userReferences } = command.inputValidator;
    const externalIds = userReferences?.externalIdsIn(input) ?? [];
    const { users } = this;
    if (!users || externalIds.length === 0) return counted;
    return (counted ?? Promise.resolve()).then(() => userReferences!.resolve(input, externalIds, users));
  }

  private takeTurn(connection: Connection, turn: Promise<void>): void {
    connection.starting = turn;
    void turn.then(() => {
      if (connection.starting === turn) connection.starting = undefined;
    });
  }

  private start(connection: Connection, command: Command, input: object, id: RequestId | undefined): void {
    if (connection.isClosed) return this.end(connection);
    try {
      const outcome = command.handle(connection, input);
      if (!(outcome instanceof Promise)) return this.succeed(connection, id, outcome);
      outcome.then(
        (result: unknown) => this.succeed(connection, id, result),
        (error: unknown) => this.fail(connection, id, error, command),
      );
    } catch (error) {
      this.fail(connection, id, error, command);
    }
  }

  private succeed(connection: Connection, id: RequestId | undefined, returned: unknown): void {
    const result = returned ?? {};
    const reply = ({ json, bytes }: EncodedJson): void => {
      connection.reply(id, `{"ok":true,"data":${json}}`, connection.codec && { result }, bytes);
      this.end(connection);
    };
    try {
      const encoded = runInTurns(encodeInSteps(result, connection.codec === undefined));
      if (encoded instanceof Promise) encoded.then(reply).catch((error: unknown) => this.fail(connection, id, error));
      else reply(encoded);
    } catch (error) {
      this.fail(connection, id, error);
    }
  }

  /** Fails a valid request. */
  private fail(connection: Connection, id: RequestId | undefined, thrown: unknown, command?: Command): void {
    const error = toAppError(thrown);
    if (error instanceof InternalError) this.logger.error('a frame failed', error.cause);
    this.replyWithError(error, connection, id, command);
    this.end(connection);
    if (error instanceof RateLimitExceeded) connection.countRateLimitedFrame();
  }

  /** Refuses a frame that is not a valid request. */
  private refuse(connection: Connection, id: RequestId | undefined, thrown: unknown, command?: Command): void {
    const error = toAppError(thrown);
    if (error instanceof InternalError) this.logger.error('a frame could not be read', error.cause);
    this.replyWithError(error, connection, id, command);
    connection.countInvalidFrame();
  }

  private replyWithError(error: AppError, connection: Connection, id: RequestId | undefined, command?: Command): void {
    if (command) for (const observe of this.observers) observe(error, command.definition);
    connection.fail(id, error);
  }

  private begin(connection: Connection): void {
    connection.inFlight++;
    this.running++;
  }

  private end(connection: Connection): void {
    connection.inFlight--;
    if (--this.running > 0) return;
    const waiting = this.whenIdle;
    this.whenIdle = [];
    for (const resolve of waiting) resolve();
  }
}
