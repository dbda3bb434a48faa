import { type ArgumentMetadata, ValidationPipe } from '@nestjs/common';
import { ValidationError } from '../errors/app-error.js';
import { CheckedInput } from '../validation/checked-input.js';
import { fieldProblems } from '../validation/field-problems.js';

/** Bodies, queries and parameters become their DTO; fields a DTO does not declare are refused. */
export function validationPipe(): ValidationPipe {
  return new InputPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    stopAtFirstError: true,
    exceptionFactory: (violations) => new ValidationError(fieldProblems(violations)),
  });
}

/**
 * Valid bodies take the short way of `CheckedInput`; everything else goes the long way, which says what is wrong. In an
 * address `?cursor=` is a field left out, as a form sends it.
 */
class InputPipe extends ValidationPipe {
  private readonly inputs = new Map<unknown, CheckedInput<object>>();

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const { type, metatype } = metadata;
    if (type === 'query' && metatype) return withoutUndefined(await super.transform(emptyAsUndefined(value), metadata));
    if (type !== 'body' || !metatype || typeof value !== 'object' || value === null)
      return super.transform(value, metadata);
    let input = this.inputs.get(metatype);
    if (!input) this.inputs.set(metatype, (input = new CheckedInput(metatype)));
    return input.accepted(value) ?? super.transform(value, metadata);
  }
}

/** An empty field counts as left out, and yet its name has to be one that the query declares. */
function emptyAsUndefined(query: unknown): unknown {
  if (typeof query !== 'object' || query === null) return query;
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, value === '' ? undefined : value]));
}

function withoutUndefined(query: unknown): unknown {
  if (typeof query !== 'object' || query === null) return query;
  for (const [name, value] of Object.entries(query)) if (value === undefined) Reflect.deleteProperty(query, name);
  return query;
}
