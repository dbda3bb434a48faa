import type { DecoratedMethod } from '../../discovery/decorated-methods.js';
import type { PriorityClass } from '../../throttling/priority.decorator.js';
import { InputValidator } from '../../validation/input-validator.js';
import type { Connection } from '../connection/connection.js';
import { type CommandDefinition, PARLEY_PROTOCOL, protocolOf } from './gateway.decorators.js';

/** One type of command of one protocol. */
export interface Command {
  readonly definition: CommandDefinition;
  readonly priority: PriorityClass;
  readonly inputValidator: InputValidator<object>;
  readonly handle: (connection: Connection, input: object) => unknown;
}

/** The commands that clients may send, by protocol and type. Filled once, at the start of the process. */
export class CommandTable {
  private readonly protocols = new Map<string, Map<string, Command>>();

  /** @throws Error for a second handler of one type, and for a handler without a limit or a gateway */
  add({
    options: definition,
    method: handle,
    providerClass,
  }: DecoratedMethod<CommandDefinition, Command['handle']>): void {
    const { type, limit, dto } = definition;
    const protocol = protocolOf(providerClass);
    if (protocol === undefined)
      throw new Error(`The handler of the command ${type} is not in a class marked @Gateway.`);
    const commands = this.protocols.get(protocol) ?? new Map<string, Command>();
    this.protocols.set(protocol, commands);
    if (commands.has(type) || (type === 'auth' && protocol === PARLEY_PROTOCOL)) {
      throw new Error(`The command ${type} has two handlers.`);
    }
    if (!limit) throw new Error(`The command ${type} has no limit.`);
    const priority = definition.priority ?? limit.priority ?? 'writes';
    commands.set(type, { definition, priority, inputValidator: new InputValidator(dto), handle });
  }

  find(protocol: string, type: string): Command | undefined {
    return this.protocols.get(protocol)?.get(type);
  }

  definitionsOf(protocol: string): CommandDefinition[] {
    return [...(this.protocols.get(protocol)?.values() ?? [])].map(({ definition }) => definition);
  }
}
