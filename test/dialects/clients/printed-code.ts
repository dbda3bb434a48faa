import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What printed code finds around it: the browser's names, or what stands for them. */
export type Surroundings = Record<string, unknown>;

/**
 * Runs code that the documentation of a dialect prints, as printed, and answers what `result` is in it. It is kept as
 * text, so that nothing ever formats, compiles or mends it. A method alone is printed without its class: name one.
 */
export function runPrinted<Result>(
  file: string,
  result: string,
  surroundings: Surroundings,
  className?: string,
): Result {
  const printed = readFileSync(join(process.cwd(), 'test/dialects/clients', file), 'utf8');
  const code = className === undefined ? printed : `class ${className} {\n${printed}\n}`;
  const make = new Function(...Object.keys(surroundings), `${code}\nreturn ${result};`);
  return (make as (...all: unknown[]) => Result)(...Object.values(surroundings));
}

/** `console`, with what was said kept. */
export class HeardConsole {
  readonly said: unknown[][] = [];
  readonly log = (...words: unknown[]): void => void this.said.push(words);
  readonly error = this.log;
}

/** The page of a site: addresses without a host are of its own server. */
export function pageFetch(url: string): typeof fetch {
  return (address, init) => fetch(`${url}${String(address)}`, init);
}
