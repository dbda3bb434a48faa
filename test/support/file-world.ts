import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Environment } from '../../src/platform/config/config.js';
import { storedFilesDirOf } from '../../src/platform/config/directories.js';
import type { SampleFile } from '../fixtures/sample-files.js';
import { type HttpResponse, request, send } from './client/http.js';
import { RawConnection } from './client/raw.js';
import { startTestApp } from './test-app.js';
import type { User } from './users.js';
import { World } from './world.js';

/** An upload of which only the head has been sent. */
export interface BegunUpload {
  readonly socket: Socket;
  /** The response of the server when it closes the connection. */
  readonly answer: Promise<string>;
}

export interface UploadFields {
  readonly conversation_id?: string;
  readonly description?: string;
}

/** Users who share files, and access to the files on disk. */
export class FileWorld extends World {
  static override async start(overrides: Environment = {}): Promise<FileWorld> {
    return new FileWorld(await startTestApp(overrides));
  }

  upload(
    { token }: User,
    { name, bytes, type = '' }: Pick<SampleFile, 'name' | 'bytes'> & { type?: string },
    fields: UploadFields = {},
    headers: Record<string, string> = {},
  ): Promise<HttpResponse> {
    const form = new FormData();
    for (const [field, value] of Object.entries(fields)) form.set(field, value);
    form.set('file', new Blob([new Uint8Array(bytes)], { type }), name);
    return request('POST', `${this.url}/api/v1/files`, { token, body: form, headers });
  }

  /** The file after its scan. */
  async scanned(user: User, id: string): Promise<HttpResponse['body']> {
    for (;;) {
      const { body } = await user.call('GET', `/files/${id}`);
      if (body.status !== 'scanning') return body;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Uploads, and waits until the file is ready. */
  async ready(user: User, file: SampleFile, fields?: UploadFields): Promise<HttpResponse['body']> {
    const { status, body } = await this.upload(user, file, fields);
    if (status !== 201) throw new Error(JSON.stringify(body));
    return this.scanned(user, body.id as string);
  }

  /** Downloads from a path. */
  fetch(user: User | undefined, path: string, headers?: Record<string, string>): Promise<Response> {
    return send('GET', this.url + path, { token: user?.token, headers });
  }

  /** Sends the head of an upload; without a length, the upload is chunked. */
  beginUpload({ token }: User, length?: number): BegunUpload {
    const size = length === undefined ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
    const type = 'multipart/form-data; boundary=b';
    const connection = new RawConnection(
      this.url,
      `POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: ${type}\r\n${size}\r\n\r\n`,
    );
    return { socket: connection.socket, answer: connection.readAll() };
  }

  /** The names of all files in the directory of files. */
  filesOnDisk(): string[] {
    return namesIn(join(this.config.dataDir, 'files'));
  }

  /** The names of the stored files, wherever they are. */
  storedFiles(): string[] {
    return namesIn(storedFilesDirOf(this.config));
  }

  /** Waits until only these files of an upload are stored: its status is sent before superfluous ones are deleted. */
  async storesOnly(id: string, names: readonly string[]): Promise<void> {
    const kept = (): string[] => this.filesOnDisk().filter((name) => name.startsWith(id));
    while (kept().sort().join() !== [...names].sort().join()) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function namesIn(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}
