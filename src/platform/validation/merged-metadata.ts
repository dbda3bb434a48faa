import { ValidationError } from '../errors/app-error.js';
import { mergePatch } from '../json/merge-patch.js';

/** The maximum size of metadata that clients merge, after the merge too. */
export const METADATA_MAX_BYTES = 16_384;

export const MERGED_METADATA = 'Merged into the existing data (RFC 7396); null removes a member';

/**
 * Returns metadata after a merge. `field` names the input field.
 * @throws ValidationError if the result is larger than `METADATA_MAX_BYTES`
 */
export function mergeMetadata(
  field: string,
  current: Readonly<Record<string, unknown>>,
  patch: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged = mergePatch(current, patch);
  if (Buffer.byteLength(JSON.stringify(merged)) > METADATA_MAX_BYTES) {
    throw ValidationError.of(field, `must be at most ${METADATA_MAX_BYTES} bytes of JSON after the merge`);
  }
  return merged;
}
