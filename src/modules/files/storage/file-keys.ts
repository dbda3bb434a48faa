/** Bytes as they were uploaded; those of an image are never shown to anybody. */
export const uploadKey = (id: string): string => `${id}.upload`;

/** An image, encoded anew. */
export const imageKey = (id: string): string => `${id}.image`;

export const thumbnailKey = (id: string): string => `${id}.thumbnail`;

/** Everything that may be stored of a file: whoever removes it needs not know what there is. */
export const keysOf = (id: string): string[] => [uploadKey(id), imageKey(id), thumbnailKey(id)];
