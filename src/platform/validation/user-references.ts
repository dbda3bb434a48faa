import 'reflect-metadata';
import { ExternalUserNotFound, type ExternalUsers } from '../identity/external-users.js';
import { fastChecksOf } from './fast-checks.js';
import { nestedClassOf } from './normalise.js';
import { codePointLength } from './text.js';

type Class = new () => object;

const USER_REFERENCES = Symbol('fields of an input class with references to users');

/** What precedes the id of a user in the host product, wherever the id of a user may be given. */
const PREFIX = 'external:';

/** The maximum length of an id in the host product, in code points. */
export const EXTERNAL_ID_MAX = 255;

/** Whether the text can be an id in the host product: any text without control characters. */
export function isExternalId(text: string): boolean {
  if (text === '' || text.length > 2 * EXTERNAL_ID_MAX) return false;
  return codePointLength(text) <= EXTERNAL_ID_MAX && !/\p{Cc}/u.test(text);
}

/** Returns the external id of a reference to a user; undefined for a reference by the user's own id. */
export function externalIdOf(reference: unknown): string | undefined {
  return typeof reference === 'string' && reference.startsWith(PREFIX) ? reference.slice(PREFIX.length) : undefined;
}

/** Whether the value is `external:` and an id that a host product may use. */
export function isExternalReference(value: unknown): boolean {
  const externalId = externalIdOf(value);
  return externalId !== undefined && isExternalId(externalId);
}

/** Declares that the field contains a reference to a user, a list of them, or an object with such a list as `users`. */
export function UserReference(): PropertyDecorator {
  return (prototype, property) => {
    const names = namesOf(prototype);
    Reflect.defineMetadata(USER_REFERENCES, [...names, String(property)], prototype);
  };
}

/** The references to users in the input of one class, and in the classes nested in it. */
export class UserReferences {
  private constructor(
    private readonly names: readonly string[],
    private readonly nested: readonly (readonly [name: string, references: UserReferences])[],
  ) {}

  /** Undefined if no field of the class contains a reference to a user. */
  static of(dto: Class): UserReferences | undefined {
    const prototype = dto.prototype as object;
    const nested = [...fastChecksOf(dto).keys()].flatMap((name) => {
      const type = nestedClassOf(dto, name);
      const references = type && UserReferences.of(type());
      return references ? [[name, references] as const] : [];
    });
    const names = namesOf(prototype);
    return names.length + nested.length === 0 ? undefined : new UserReferences(names, nested);
  }

  /** The external ids in validated input; usually none. */
  externalIdsIn(input: object): string[] {
    const fields = input as Record<string, unknown>;
    const found: string[] = [];
    for (const name of this.names) {
      const value = referencesIn(fields[name]);
      for (const reference of Array.isArray(value) ? value : [value]) {
        const externalId = externalIdOf(reference);
        if (externalId !== undefined) found.push(externalId);
      }
    }
    for (const [name, references] of this.nested) {
      const value = fields[name];
      if (typeof value === 'object' && value !== null) found.push(...references.externalIdsIn(value));
    }
    return found;
  }

  /**
   * Replaces each of these external references by the id of its user, and removes from lists those who are then named
   * twice. @throws ExternalUserNotFound for the first that no user has
   */
  async resolve(input: object, externalIds: readonly string[], users: ExternalUsers): Promise<void> {
    const ids = await users.findIds(externalIds);
    const unknown = externalIds.find((externalId) => !ids.has(externalId));
    if (unknown !== undefined) throw new ExternalUserNotFound(unknown);
    this.replaceIn(input, ids);
  }

  private replaceIn(input: object, ids: ReadonlyMap<string, string>): void {
    const fields = input as Record<string, unknown>;
    const toId = (reference: unknown): unknown => {
      const externalId = externalIdOf(reference);
      return externalId === undefined ? reference : ids.get(externalId);
    };
    const toIds = (value: unknown): unknown => (Array.isArray(value) ? [...new Set(value.map(toId))] : toId(value));
    for (const name of this.names) {
      const value = fields[name];
      if (value === undefined) continue;
      const references = referencesIn(value);
      fields[name] = references === value ? toIds(value) : { ...(value as object), users: toIds(references) };
    }
    for (const [name, references] of this.nested) {
      const value = fields[name];
      if (typeof value === 'object' && value !== null) references.replaceIn(value, ids);
    }
  }
}

/** The reference or the list of references in a value: the value itself or, in an object, its `users`. */
function referencesIn(value: unknown): unknown {
  const isListed = typeof value === 'object' && value !== null && !Array.isArray(value) && 'users' in value;
  return isListed ? value.users : value;
}

function namesOf(prototype: object): readonly string[] {
  return (Reflect.getMetadata(USER_REFERENCES, prototype) as readonly string[] | undefined) ?? [];
}
