/** Express and multer alone: a file of a form is written to disk without any check. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import multer from 'multer';

const folder = mkdtempSync(join(tmpdir(), 'parley-bare-'));
const app = express();
app.post('/', multer({ dest: folder }).single('file'), ({ file }, response) => {
  response.status(201).json({ size: file?.size });
});
const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on ${(server.address() as AddressInfo).port}\n`);
});
process.on('SIGTERM', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
