import type { S3mini } from 's3mini';

/** An upload in parts that was neither completed nor aborted. */
export interface UploadUnderWay {
  readonly key: string;
  readonly id: string;
  readonly begunAt: Date;
}

const MOST_PAGES = 20;

type Element = Readonly<Record<string, unknown>>;

/** All of the bucket, or as many as twenty pages hold. The client hands out the elements of the answer as they are. */
export async function uploadsUnderWay(s3: S3mini): Promise<UploadUnderWay[]> {
  const uploads: UploadUnderWay[] = [];
  let from: Record<string, string> = {};
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = (await s3.listMultipartUploads('/', '', 'GET', from)) as unknown as Element;
    const result = (answer.ListMultipartUploadsResult ?? {}) as Element;
    uploads.push(...[result.Upload ?? []].flat().map((upload) => uploadOf(upload as Element)));
    if (result.IsTruncated !== 'true') break;
    from = { 'key-marker': String(result.NextKeyMarker), 'upload-id-marker': String(result.NextUploadIdMarker) };
  }
  return uploads;
}

function uploadOf({ Key, UploadId, Initiated }: Element): UploadUnderWay {
  return { key: String(Key), id: String(UploadId), begunAt: new Date(String(Initiated)) };
}
