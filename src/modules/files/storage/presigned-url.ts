import { createHash, createHmac } from 'node:crypto';

/** A bucket, and the credentials for it. */
export interface S3Connection {
  /** Includes the bucket as the last part of the path. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * Returns a URL that allows anyone to read the object for so many seconds (AWS signature version 4 in the query). The
 * client library does not escape `'()*!` in a query, which the signature requires; file names contain them.
 */
export function presignedUrl(
  { endpoint, region, accessKeyId, secretAccessKey }: S3Connection,
  key: string,
  { seconds, responseHeaders = {} }: { seconds: number; responseHeaders?: Readonly<Record<string, string>> },
): string {
  const url = new URL(`${endpoint}/${key.split('/').map(escaped).join('/')}`);
  const now = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${now.slice(0, 8)}/${region}/s3/aws4_request`;
  const query = Object.entries({
    ...responseHeaders,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${accessKeyId}/${scope}`,
    'X-Amz-Date': now,
    'X-Amz-Expires': String(seconds),
    'X-Amz-SignedHeaders': 'host',
  })
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .sort()
    .join('&');
  const canonicalRequest = ['GET', url.pathname, query, `host:${url.host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  const hash = createHash('sha256').update(canonicalRequest).digest('hex');
  const stringToSign = ['AWS4-HMAC-SHA256', now, scope, hash].join('\n');
  const signingKey = scope.split('/').reduce<string | Buffer>(mac, `AWS4${secretAccessKey}`);
  return `${url.origin}${url.pathname}?${query}&X-Amz-Signature=${mac(signingKey, stringToSign).toString('hex')}`;
}

function mac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
