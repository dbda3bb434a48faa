import { register } from 'node:module';
import { installRedis } from './install-redis.mjs';

export default async function setup({ nonFlagArgs }) {
  if (nonFlagArgs.length === 0) installRedis(); // the whole suite, not one file
  register('./typescript-loader.mjs', import.meta.url);
  const { startTestServer } = await import('./test-server.ts');
  globalThis.testServer = await startTestServer();
}
