const SAMPLE_SECRET =
  /your[-_ ]|change[-_ ]?(me|this|it)|secret[-_ ]?key|super[-_ ]?secret|example|sample|placeholder|password|jwt[-_ ]?secret/i;

/** Accepts a secret that is long enough and not a sample value. @throws Error whose message completes "NAME …" */
export function parseSecret(value: string): string {
  if (Buffer.byteLength(value) < 32) throw new Error('must have at least 32 bytes');
  if (SAMPLE_SECRET.test(value) || new Set(value).size < 8) {
    throw new Error('is a sample value; generate your own, for instance with: openssl rand -base64 48');
  }
  return value;
}
