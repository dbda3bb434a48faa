import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The globals of printed code: those of the browser, or replacements. */
export type Surroundings = Record<string, unknown>;

/**
 * Runs code that the documentation of a dialect prints, as printed, and returns what `result` is in it. It is stored as
 * text, so that no tool formats, compiles or corrects it. A method alone is printed without its class: name one.
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

/** `console` that records its calls. */
export class RecordingConsole {
  readonly calls: unknown[][] = [];
  readonly log = (...words: unknown[]): void => void this.calls.push(words);
  readonly error = this.log;
}

/** `fetch` of a page: URLs without a host refer to its own server. */
export function pageFetch(url: string): typeof fetch {
  return (address, init) => fetch(`${url}${String(address)}`, init);
}
