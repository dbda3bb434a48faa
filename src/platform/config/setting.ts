/** One setting: its name in the environment, its validation, its default and its description. */
export interface Setting<T> {
  readonly name: string;
  /** Other names of the same setting; the setting's own name wins. */
  readonly aliases: readonly string[];
  readonly description: string;
  /** The default in `.env.example`; empty if there is none to present. */
  readonly defaultText: string;
  readonly fallback: T;
  /** @throws Error whose message completes "NAME …". */
  parse(text: string): T;
}

interface Declaration {
  name: string;
  aliases?: readonly string[];
  description: string;
}

export function text(declaration: Declaration & { default: string }): Setting<string>;
export function text(declaration: Declaration): Setting<string | undefined>;
export function text(declaration: Declaration & { default?: string }): Setting<string | undefined> {
  return declare(declaration, declaration.default, (value) => value);
}

export function integer(declaration: Declaration & { default: number; min: number; max: number }): Setting<number> {
  const { min, max } = declaration;
  return declare(declaration, declaration.default, (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) {
      throw new Error(`must be a whole number from ${min} to ${max}`);
    }
    return number;
  });
}

export function decimal(declaration: Declaration & { default: number; above: number; max?: number }): Setting<number> {
  const { above, max = Number.MAX_VALUE } = declaration;
  const limit = declaration.max === undefined ? '' : ` and at most ${max}`;
  return declare(declaration, declaration.default, (value) => {
    const number = Number(value);
    if (!/^\d+(\.\d+)?$/.test(value) || number <= above || number > max) {
      throw new Error(`must be a number above ${above}${limit}`);
    }
    return number;
  });
}

export function choice<const Options extends readonly string[]>(
  declaration: Declaration & { options: Options; default: Options[number] },
): Setting<Options[number]> {
  const { options } = declaration;
  return declare<Options[number]>(
    { ...declaration, description: `${declaration.description} One of: ${options.join(', ')}.` },
    declaration.default,
    (value) => {
      if (!options.includes(value)) throw new Error(`must be one of ${options.join(', ')}`);
      return value;
    },
  );
}

/** A URL with one of these schemes. */
export function url(declaration: Declaration & { schemes: readonly string[] }): Setting<string | undefined> {
  return declare<string | undefined>(declaration, undefined, (value) => {
    const scheme = URL.canParse(value) ? new URL(value).protocol.replace(/:$/, '') : '';
    if (!declaration.schemes.includes(scheme)) {
      throw new Error(`must be a URL starting with ${declaration.schemes.map((s) => `${s}://`).join(' or ')}`);
    }
    return value;
  });
}

/** A comma list; `check` returns the problem of an entry, if it has one. */
export function list(
  declaration: Declaration & { check: (entry: string) => string | undefined },
): Setting<readonly string[]> {
  return declare<readonly string[]>(declaration, [], (value) => {
    const entries = value
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    for (const entry of entries) {
      const problem = declaration.check(entry);
      if (problem) throw new Error(`has the entry "${entry}", which ${problem}`);
    }
    return entries;
  });
}

/** `true` or `false`. */
export function flag(declaration: Declaration & { default: boolean }): Setting<boolean> {
  return declare(declaration, declaration.default, (value) => {
    if (value !== 'true' && value !== 'false') throw new Error('must be true or false');
    return value === 'true';
  });
}

/** A comma list of whole numbers. */
export function integers(
  declaration: Declaration & { default: readonly number[]; min: number; max: number },
): Setting<readonly number[]> {
  const { min, max } = declaration;
  return declare<readonly number[]>(declaration, declaration.default, (value) =>
    value.split(',').map((entry) => {
      const number = Number(entry.trim());
      if (!/^\s*\d+\s*$/.test(entry) || number < min || number > max) {
        throw new Error(`must be a comma list of whole numbers from ${min} to ${max}`);
      }
      return number;
    }),
  );
}

/** A setting with its own parser. */
export function declare<T>(
  { name, aliases = [], description }: Declaration,
  fallback: T,
  parse: (text: string) => T,
): Setting<T> {
  const isPlain = ['string', 'number', 'boolean'].includes(typeof fallback);
  const isNumbers = Array.isArray(fallback) && fallback.every((entry) => typeof entry === 'number');
  const defaultText = isPlain || isNumbers ? String(fallback) : '';
  return { name, aliases, description, fallback, parse, defaultText };
}

const SAMPLE_SECRET =
  /your[-_ ]|change[-_ ]?(me|this|it)|secret[-_ ]?key|super[-_ ]?secret|example|sample|placeholder|password|jwt[-_ ]?secret/i;

/** Accepts a secret that is long enough and not a sample value. @throws Error whose message completes "NAME …" */
export function parseSecret(value: string): string {
  if (Buffer.byteLength(value) < 32) throw new Error('must have at least 32 bytes');
  if (SAMPLE_SECRET.test(value) || new Set(value).size < 8) {
    throw new Error('is a sample value; generate your own, for instance with: openssl rand -base64 48');
  }
  return value;
}
