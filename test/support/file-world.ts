import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Environment } from '../../src/platform/config/config.js';
import type { SampleFile } from '../fixtures/sample-files.js';
import { type Answer, type Chat, type ChatUser, startChat } from './chat.js';

/** Users who share files, and access to the files on disk. */
export interface FileWorld {
  readonly chat: Chat;
  upload(
    user: ChatUser,
    file: Pick<SampleFile, 'name' | 'bytes'> & { type?: string },
    more?: UploadFields,
    headers?: UploadHeaders,
  ): Promise<Answer>;
  /** The file after its scan. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  scanned(user: ChatUser, id: string): Promise<any>;
  /** Uploads, and waits until it is ready. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  ready(user: ChatUser, file: SampleFile, more?: UploadFields): Promise<any>;
  fetch(user: ChatUser | undefined, path: string, headers?: Record<string, string>): Promise<Response>;
  /** An upload of which only the head has been sent so far. */
  beginUpload(user: ChatUser, length?: number): BegunUpload;
  /** Paths below the directory of files, of everything in it. */
  filesOnDisk(): string[];
  /** Waits until only these files of an upload are stored: its status is sent before superfluous ones are deleted. */
  storesOnly(id: string, names: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** A request whose bytes the test sends itself. */
export interface BegunUpload {
  readonly socket: Socket;
  /** The response of the server when it closes the connection. */
  readonly answer: Promise<string>;
}

export interface UploadFields {
  readonly conversation_id?: string;
  readonly description?: string;
}

export interface UploadHeaders {
  readonly 'idempotency-key'?: string;
}

export async function startFileWorld(overrides: Environment = {}): Promise<FileWorld> {
  const chat = await startChat(overrides);
  const { url, config } = chat.app;
  const upload: FileWorld['upload'] = async (user, { name, bytes, type = '' }, more = {}, headers = {}) => {
    const form = new FormData();
    for (const [field, value] of Object.entries(more)) form.set(field, value);
    form.set('file', new Blob([new Uint8Array(bytes)], { type }), name);
    const response = await fetch(`${url}/api/v1/files`, {
      method: 'POST',
      headers: { authorization: `Bearer ${user.token}`, ...headers },
      body: form,
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  const scanned: FileWorld['scanned'] = async (user, id) => {
    for (;;) {
      const { body } = await user.call('GET', `/files/${id}`);
      if (body.status !== 'scanning') return body;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  /** Without a length: chunked. */
  const beginUpload: FileWorld['beginUpload'] = (user, length) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let said = '';
    socket.on('data', (data) => (said += String(data))).on('error', () => undefined);
    const size = length === undefined ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
    const type = 'multipart/form-data; boundary=b';
    socket.write(
      `POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user.token}\r\nContent-Type: ${type}\r\n${size}\r\n\r\n`,
    );
    return { socket, answer: new Promise((resolve) => socket.once('close', () => resolve(said))) };
  };
  const filesOnDisk = (): string[] => {
    const root = join(config.dataDir, 'files');
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  };
  return {
    chat,
    upload,
    beginUpload,
    scanned,
    ready: async (user, file, more) => {
      const { status, body } = await upload(user, file, more);
      if (status !== 201) throw new Error(JSON.stringify(body));
      return scanned(user, body.id as string);
    },
    fetch: (user, path, headers = {}) =>
      fetch(`${url}${path}`, {
        redirect: 'manual',
        headers: { ...(user && { authorization: `Bearer ${user.token}` }), ...headers },
      }),
    filesOnDisk,
    storesOnly: async (id, names) => {
      const kept = (): string[] => filesOnDisk().filter((name) => name.startsWith(id));
      while (kept().sort().join() !== [...names].sort().join()) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    stop: () => chat.stop(),
  };
}
