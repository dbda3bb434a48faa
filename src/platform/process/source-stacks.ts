import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** The root of all compiled files, each with its source map beside it: `dist/`, from `dist/src/platform/process/`. */
const COMPILED = new URL('../../../', import.meta.url).href;

const maps = new Map<string, SourceMap | undefined>();

/**
 * Maps the stack of an error to the lines of the sources instead of dist/. A source map is read when a stack first
 * needs it. Node's own --enable-source-maps reads the map of each of 1,400 files when the file is loaded, which makes a
 * start half a second slower.
 */
Error.prepareStackTrace = (error, sites) =>
  [headline(error), ...sites.map((site) => `    at ${inSource(site)}`)].join('\n');

function headline(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error';
  }
}

function inSource(site: NodeJS.CallSite): string {
  const text = String(site);
  const file = site.getFileName();
  const line = site.getLineNumber();
  const column = site.getColumnNumber();
  if (!file?.startsWith(COMPILED) || line === null || column === null) return text;
  const entry = mapOf(file)?.findEntry(line - 1, column - 1);
  if (!entry || !('originalSource' in entry)) return text;
  const source = new URL(entry.originalSource, file).href;
  return text.replace(`${file}:${line}:${column}`, `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`);
}

function mapOf(file: string): SourceMap | undefined {
  if (!maps.has(file)) maps.set(file, readMap(file));
  return maps.get(file);
}

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(file)}.map`, 'utf8')));
  } catch {
    return undefined; // without a map the stack has the compiled line
  }
}
