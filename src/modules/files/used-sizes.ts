interface UsedSizes {
  /** A condition on `o.status`, the status of a file. */
  readonly where?: string;
  /** The id of a resumable upload that does not count, because it becomes a file. */
  readonly exceptUpload?: string;
}

/**
 * Selects the sizes that count against the quota of a user: the objects of their files, of which one that several files
 * share counts once, and what resumable uploads reserve that are neither complete, ended nor expired.
 */
export function usedSizes(uploader: string, { where = 'true', exceptUpload }: UsedSizes = {}): string {
  return `
    select o.size from (
      select distinct on (coalesce(f.object_id, f.id)) f.size, f.status from files f
       where f.uploader_id = ${uploader} and f.deleted_at is null) o
     where ${where}
    union all
    select r.length from resumable_uploads r
     where r.uploader_id = ${uploader} and r.deleted_at is null and r.completed_at is null and r.file_id is null
       and r.expires_at > now()${exceptUpload === undefined ? '' : ` and r.id is distinct from ${exceptUpload}::uuid`}`;
}
