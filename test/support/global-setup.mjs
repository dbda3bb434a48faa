import { register } from 'node:module';

export default async function setup() {
  register('./typescript-loader.mjs', import.meta.url);
  const { startTestServer } = await import('./test-server.ts');
  globalThis.testServer = await startTestServer();
}
