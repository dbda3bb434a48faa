import { type ArgumentMetadata, Injectable, Optional, type PipeTransform, type Type } from '@nestjs/common';
import { Config } from '../config/config.js';
import { ValidationError } from '../errors/app-error.js';
import { ExternalUsers } from '../identity/external-users.js';
import { InputValidator } from '../validation/input-validator.js';
import { readWithRule } from '../validation/input-rules.js';

/** The types of parameters that are not DTOs: their own pipes validate them. */
const NO_DTO: readonly unknown[] = [undefined, String, Boolean, Number, Array, Object, Buffer, Date];

/**
 * Converts bodies, queries and parameters to their DTO; fields that a DTO does not declare are rejected. External
 * references to users become their ids. In a query, `?cursor=` counts as an absent field, since forms send empty
 * fields.
 */
@Injectable()
export class InputPipe implements PipeTransform {
  private readonly inputs = new Map<unknown, InputValidator<object>>();

  constructor(
    private readonly config: Config,
    /** Without it no external reference is accepted. */
    @Optional() private readonly users?: ExternalUsers,
  ) {}

  /** @throws ValidationError with every problem, ExternalUserNotFound */
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type === 'custom' || NO_DTO.includes(metatype)) return value;
    const sent = value ?? {}; // without a body, every required field is missing
    if (typeof sent !== 'object' || Array.isArray(sent)) throw ValidationError.of(type, 'must be an object');
    const data = type === 'query' ? emptyAsUndefined(sent) : sent;
    const dto = metatype as Type<object>;
    const validator = this.inputOf(dto);
    const input = readWithRule(dto, data, this.config, () =>
      type === 'query' ? withoutUndefined(validator.read(data)) : validator.read(data),
    );
    const externalIds = validator.userReferences?.externalIdsIn(input) ?? [];
    return externalIds.length === 0 || !this.users
      ? input
      : validator.userReferences!.resolve(input, externalIds, this.users).then(() => input);
  }

  private inputOf(metatype: Type<object>): InputValidator<object> {
    let input = this.inputs.get(metatype);
    if (!input) this.inputs.set(metatype, (input = new InputValidator(metatype)));
    return input;
  }
}

/** Makes empty fields undefined instead of removing them, so that the query must still declare their names. */
function emptyAsUndefined(query: object): object {
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, value === '' ? undefined : value]));
}

function withoutUndefined(query: object): object {
  for (const [name, value] of Object.entries(query)) if (value === undefined) Reflect.deleteProperty(query, name);
  return query;
}
