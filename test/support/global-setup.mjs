import { register } from 'node:module';
import { build } from '../../scripts/build.mjs';
import { bundleLibraries } from './bundle-libraries.mjs';
import { installNeighbours } from './install-neighbours.mjs';

export default async function setup({ nonFlagArgs }) {
  if (nonFlagArgs.length === 0) installNeighbours(); // the whole suite, not one file
  // Processes that tests start run the build: from the sources, a start takes three times as much CPU time.
  await build({ tools: true, log: () => undefined });
  await bundleLibraries();
  register('./typescript-loader.mjs', import.meta.url);
  const { startTestServer } = await import('./test-server.ts');
  globalThis.testServer = await startTestServer();
}
