import type { S3mini } from 's3mini';

/** An upload in parts that was neither completed nor aborted. */
export interface UnfinishedUpload {
  readonly key: string;
  readonly id: string;
  readonly begunAt: Date;
}

const MOST_PAGES = 20;

type Element = Readonly<Record<string, unknown>>;

/**
 * Returns all of the bucket, or as many as fit on twenty pages. The client returns the elements of the response
 * unchanged.
 */
export async function unfinishedUploads(s3: S3mini): Promise<UnfinishedUpload[]> {
  const uploads: UnfinishedUpload[] = [];
  let from: Record<string, string> = {};
  for (let page = 0; page < MOST_PAGES; page++) {
    const response = (await s3.listMultipartUploads('/', '', 'GET', from)) as unknown as Element;
    const result = (response.ListMultipartUploadsResult ?? {}) as Element;
    uploads.push(...[result.Upload ?? []].flat().map((upload) => uploadOf(upload as Element)));
    if (result.IsTruncated !== 'true') break;
    from = { 'key-marker': String(result.NextKeyMarker), 'upload-id-marker': String(result.NextUploadIdMarker) };
  }
  return uploads;
}

function uploadOf({ Key, UploadId, Initiated }: Element): UnfinishedUpload {
  return { key: String(Key), id: String(UploadId), begunAt: new Date(String(Initiated)) };
}
