import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { processEnvironment } from '../../platform/config/config.js';

/** A value of FFMPEG_PATH. */
export const FFMPEG_OFF = 'off';

/** The path of ffmpeg: of this name on PATH, or of this file; undefined if it is not there or switched off. */
export async function findFfmpeg(setting: string): Promise<string | undefined> {
  if (setting === FFMPEG_OFF) return undefined;
  const isName = !/[\\/]/.test(setting);
  const places = isName ? (processEnvironment().PATH ?? '').split(delimiter).filter(isAbsolute) : [resolve(setting)];
  for (const place of places) {
    const path = isName ? join(place, setting) : place;
    const isProgram = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isProgram) return path;
  }
  return undefined;
}
