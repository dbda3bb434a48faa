/** Bytes as they were uploaded; those of an image are never shown to anybody. */
export const uploadKey = (id: string): string => `${id}.upload`;

/** An image, encoded anew. */
export const imageKey = (id: string): string => `${id}.image`;

export const thumbnailKey = (id: string): string => `${id}.thumbnail`;

/** Everything that may be stored of a file: whoever removes it needs not know what there is. */
export const keysOf = (id: string): string[] => [uploadKey(id), imageKey(id), thumbnailKey(id)];

const KEY = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(?:upload|image|thumbnail)$/;

/** Whether it is one of those above: others may keep things in the same place. */
export function isKey(text: string): boolean {
  return KEY.test(text);
}
