import { register } from 'node:module';

// node --import ./test/support/register-typescript.mjs src/main.ts
register('./typescript-loader.mjs', import.meta.url);
