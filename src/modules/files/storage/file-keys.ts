/** The uploaded bytes; those of an image are never served. */
export const uploadKey = (id: string): string => `${id}.upload`;

/** The re-encoded image. */
export const imageKey = (id: string): string => `${id}.image`;

export const thumbnailKey = (id: string): string => `${id}.thumbnail`;

/** All keys that a file may have, so that callers need not know which exist. */
export const keysOf = (id: string): string[] => [uploadKey(id), imageKey(id), thumbnailKey(id)];

const KEY = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(?:upload|image|thumbnail)$/;

/** Whether it is one of the keys above: the store may contain other objects. */
export function isKey(text: string): boolean {
  return KEY.test(text);
}
