import { register } from 'node:module';
import { installNeighbours } from './install-neighbours.mjs';

export default async function setup({ nonFlagArgs }) {
  if (nonFlagArgs.length === 0) installNeighbours(); // the whole suite, not one file
  register('./typescript-loader.mjs', import.meta.url);
  const { startTestServer } = await import('./test-server.ts');
  globalThis.testServer = await startTestServer();
}
