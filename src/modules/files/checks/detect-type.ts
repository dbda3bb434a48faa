import { fileTypeFromFile } from 'file-type/node';
import { oggDuration, mp3Duration } from './audio-media.js';
import type { Bytes } from './bytes.js';
import { compoundType } from './compound-file.js';
import { readIsoMedia } from './iso-media.js';
import { readRiff } from './riff-media.js';
import { ZipDirectory } from './zip-directory.js';
import { zipType } from './zip-type.js';

/** What the bytes are, whatever anybody calls them. */
export interface Detected {
  /** Usually one; where the bytes alone do not tell (text or a table of text), the name decides among them. */
  readonly types: readonly string[];
  /** In seconds, of audio and video. */
  readonly duration?: number;
}

/** What the library calls otherwise than we do. */
const RENAMED: Readonly<Record<string, string>> = {
  'image/apng': 'image/png',
  'application/x-rar-compressed': 'application/vnd.rar',
};
const ISO_MEDIA = /^(?:video\/(?:mp4|quicktime|x-m4v)|audio\/(?:mp4|x-m4a))$/;
const PLAIN = ['text/plain', 'text/csv'];

/** @throws InvalidFileType, FileTooLarge for what is broken or has in it what may not be */
export async function detectType(bytes: Bytes): Promise<Detected> {
  const magic = (await bytes.read(0, 8)).toString('latin1');
  if (magic.startsWith('PK\x03\x04')) return { types: [await typeOfZip(bytes.path)] };
  const found = (await fileTypeFromFile(bytes.path))?.mime;
  if (found === undefined) return { types: PLAIN };
  if (found === 'application/x-cfb') return { types: listOf(await compoundType(bytes)) };
  if (ISO_MEDIA.test(found)) return isoTypes(bytes);
  if (found === 'audio/wav' || found === 'video/vnd.avi') return riffTypes(bytes);
  if (found.startsWith('audio/ogg')) return { types: ['audio/ogg'], duration: await oggDuration(bytes) };
  if (found === 'audio/mpeg') return { types: ['audio/mpeg'], duration: await mp3Duration(bytes) };
  return { types: [RENAMED[found] ?? found] };
}

async function typeOfZip(path: string): Promise<string> {
  const zip = await ZipDirectory.open(path);
  try {
    return await zipType(zip);
  } finally {
    zip.close();
  }
}

async function isoTypes(bytes: Bytes): Promise<Detected> {
  const { brand, hasVideo, duration } = await readIsoMedia(bytes);
  if (brand === 'qt  ') return { types: ['video/quicktime'], duration };
  return { types: hasVideo ? ['video/mp4'] : ['audio/mp4', 'video/mp4'], duration };
}

async function riffTypes(bytes: Bytes): Promise<Detected> {
  const { form, duration } = await readRiff(bytes);
  return { types: [form === 'AVI ' ? 'video/x-msvideo' : 'audio/wav'], duration };
}

function listOf(type: string | undefined): string[] {
  return type === undefined ? [] : [type];
}
