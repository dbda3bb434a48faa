/**
 * Returns the result of `work`, which continues after the timeout.
 *
 * @throws the result of `timeoutError` when `work` takes longer than `ms`; the error of `work`
 */
export async function withTimeout<Result>(
  ms: number,
  work: Promise<Result>,
  timeoutError = (): Error => new Error('no response in time'),
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(timeoutError()), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
