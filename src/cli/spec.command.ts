import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { programDirectory } from '../platform/process/program-files.js';
import { print } from './terminal.js';

const DOCUMENTS = [
  ['openapi', 'the REST API as OpenAPI 3.1'],
  ['asyncapi', 'the realtime protocol as AsyncAPI 3'],
] as const;

/** Prints the documents that were generated from the declarations; a test fails if they are out of date. */
export function specCommand(): Command {
  const command = new Command('spec');
  for (const [name, description] of DOCUMENTS) {
    command
      .command(name)
      .description(description)
      .action(() => print(readFileSync(join(programDirectory(), 'docs', `${name}.json`), 'utf8').trimEnd()));
  }
  return command;
}
