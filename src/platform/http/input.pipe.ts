import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { Config } from '../config/config.js';
import { ValidationError } from '../errors/app-error.js';
import { CheckedInput } from '../validation/checked-input.js';
import { withRule } from '../validation/ruled-by.js';

/** What a parameter has for a class when it is no DTO: the pipe leaves it to the parameter's own pipes. */
const NO_DTO: readonly unknown[] = [undefined, String, Boolean, Number, Array, Object, Buffer, Date];

/**
 * Bodies, queries and parameters become their DTO; fields a DTO does not declare are refused. In an address `?cursor=`
 * is a field left out, as a form sends it.
 */
@Injectable()
export class InputPipe implements PipeTransform {
  private readonly inputs = new Map<unknown, CheckedInput<object>>();

  constructor(private readonly config: Config) {}

  /** @throws ValidationError with every problem at once */
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type === 'custom' || NO_DTO.includes(metatype)) return value;
    const sent = value ?? {}; // without a body every required field is missing
    if (typeof sent !== 'object' || Array.isArray(sent)) throw ValidationError.of(type, 'must be an object');
    const data = type === 'query' ? emptyAsUndefined(sent) : sent;
    const dto = metatype as Type<object>;
    const input = this.inputOf(dto);
    return withRule(dto, data, this.config, () =>
      type === 'query' ? withoutUndefined(input.read(data)) : input.read(data),
    );
  }

  private inputOf(metatype: Type<object>): CheckedInput<object> {
    let input = this.inputs.get(metatype);
    if (!input) this.inputs.set(metatype, (input = new CheckedInput(metatype)));
    return input;
  }
}

/** An empty field counts as left out, and yet its name has to be one that the query declares. */
function emptyAsUndefined(query: object): object {
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, value === '' ? undefined : value]));
}

function withoutUndefined(query: object): object {
  for (const [name, value] of Object.entries(query)) if (value === undefined) Reflect.deleteProperty(query, name);
  return query;
}
