import 'reflect-metadata';
import fc from 'fast-check';
import { ValidationError } from '../errors/app-error.js';
import {
  BooleanField,
  EnumField,
  IntField,
  NestedField,
  RefusedFields,
  TextField,
  TextListField,
  UuidField,
  UuidListField,
} from './fields.js';
import { JsonField } from './json-field.js';
import { TimeField } from './time-field.js';
import { InputValidator } from './input-validator.js';
import { FieldRule } from './input-rules.js';

const notAb = (text: string): void => {
  if (text === 'ab') throw ValidationError.of('short', 'must not be ab');
};

@RefusedFields({ wrong: 'is called right' })
class EveryFieldDto {
  @UuidField()
  id: string;

  @TextField({ min: 1, max: 10, pattern: /^[a-z]*$/ })
  text: string;

  @FieldRule(notAb)
  @TextField({ max: 3, optional: true })
  short?: string;

  @UuidField({ optional: true, nullable: true })
  other?: string | null;

  @UuidListField({ max: 2, optional: true })
  list?: string[];

  @TextListField({ max: 2, maxLength: 2, optional: true })
  words?: string[];

  @IntField({ min: 0, max: 9, optional: true })
  count?: number;

  @BooleanField({ optional: true })
  flag?: boolean;

  @EnumField({ values: ['a', 'b'], optional: true })
  letter?: string;

  @TimeField({ nullable: true })
  at: string | null;

  @JsonField({ maxBytes: 30, optional: true })
  metadata?: object;
}

class InnerDto {
  @TextField({ max: 3 })
  text: string;
}

class NestedDto {
  @NestedField({ type: () => InnerDto })
  inner: InnerDto;
}

const ID = '01981B1E-1111-7111-8111-111111111111';
const VALID = { id: ID, text: 'abc', at: '2026-01-01T00:00:00Z' };

describe('InputValidator', () => {
  const input = new InputValidator(EveryFieldDto);

  it('returns an instance of the class, normalised', () => {
    const read = input.read({ ...VALID, metadata: { a: [1] }, other: null, list: [ID] });
    expect(read).toBeInstanceOf(EveryFieldDto);
    expect(read).toMatchObject({ id: ID.toLowerCase(), other: null, list: [ID.toLowerCase()], metadata: { a: [1] } });
  });

  it('rejects input with every problem', () => {
    const problems = problemsOf(() => input.read({ text: 'ABC', count: 12, more: 1, at: null }));
    expect(problems).toEqual(expect.arrayContaining(['id', 'text', 'count', 'more']));
  });

  it.each([null, undefined, 'x', 5, [VALID]])('rejects %p, which is not an object', (data) => {
    expect(() => input.read(data)).toThrow(ValidationError);
  });

  it('rejects what the rule of a field rejects, and a field that has another name here', () => {
    expect(problemsOf(() => input.read({ ...VALID, short: 'ab' }))).toEqual(['short']);
    expect(problemsOf(() => input.read({ ...VALID, wrong: 1 }))).toEqual(['wrong']);
  });

  it('validates nested classes', () => {
    const nested = new InputValidator(NestedDto);
    expect(nested.read({ inner: { text: 'abc' } }).inner).toBeInstanceOf(InnerDto);
    expect(problemsOf(() => nested.read({ inner: { text: 'abcd' } }))).toEqual(['inner.text']);
  });

  /** The fast path may only accept what class-validator accepts, with the same result. */
  it('validates as class-validator does', () => {
    const odd = fc.oneof(
      fc.constantFrom<unknown>(null, undefined, '', 'a', 'ab', 'abc', 'abcd', ID, ID.toLowerCase(), 0, 1, 10, -1, 1.5),
      fc.constantFrom<unknown>(true, false, 'true', '5', [], [ID], [ID, ID], ['a'], ['a', 5], {}, { a: 1 }, 'b', NaN),
      fc.constantFrom<unknown>('2026-01-01T00:00:00Z', '2026-13-01T00:00:00Z', { long: 'x'.repeat(40) }),
    );
    const keys = [
      'id',
      'text',
      'short',
      'other',
      'list',
      'words',
      'count',
      'flag',
      'letter',
      'at',
      'metadata',
      'wrong',
      'more',
    ];
    const anyInput = fc.dictionary(fc.constantFrom(...keys), odd, { maxKeys: 4 });
    fc.assert(
      fc.property(anyInput, fc.boolean(), (changes, isBare) => {
        const data = isBare ? changes : { ...VALID, ...changes };
        const expected = resultOf(() => input.readWithClassValidator(data));
        expect(resultOf(() => input.read(data))).toEqual(expected);
      }),
      { numRuns: 3_000 },
    );
  });

  it('validates nested classes as class-validator does', () => {
    const nested = new InputValidator(NestedDto);
    const odd = fc.oneof(
      fc.constantFrom<unknown>(
        null,
        undefined,
        'a',
        1,
        [],
        ['abc'],
        {},
        { text: 'abc' },
        { text: 'abcd' },
        { text: 5 },
      ),
      fc.constantFrom<unknown>({ text: 'abc', more: 1 }, { more: 1 }, { text: null }, new Date(0)),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('inner', 'more'), odd, { maxKeys: 2 }), (data) => {
        const expected = resultOf(() => nested.readWithClassValidator(data));
        expect(resultOf(() => nested.read(data))).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });
});

function resultOf(read: () => object): unknown {
  try {
    return read();
  } catch (error) {
    return (error as ValidationError).details;
  }
}

function problemsOf(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    return ((error as ValidationError).details.errors as { field: string }[]).map(({ field }) => field);
  }
  throw new Error('nothing was rejected');
}
