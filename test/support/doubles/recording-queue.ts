/** Accepts jobs, which the test takes as a worker would. */
export class RecordingQueue<Data = unknown> {
  /** The error with which the queue refuses jobs. */
  failure: Error | undefined;
  private readonly accepted: Data[] = [];

  addBulk(jobs: readonly { readonly data: Data }[]): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    this.accepted.push(...jobs.map(({ data }) => data));
    return Promise.resolve();
  }

  /** Removes the jobs from the queue and returns their data, oldest first. */
  take(): Data[] {
    return this.accepted.splice(0);
  }
}
