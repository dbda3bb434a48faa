import type { FilesPolicy } from './files.policy.js';
import type { FilesRepository } from './files.repository.js';
import { UploadsInProgress } from './uploads-in-progress.js';

describe('UploadsInProgress', () => {
  let uploads: UploadsInProgress;

  beforeEach(() => {
    const policy = { uploadLimits: { perUser: 5, perIp: 32, perProcess: 64 } } as FilesPolicy;
    uploads = new UploadsInProgress(policy, {} as FilesRepository);
  });

  /** Returns how many are accepted, from this number of accounts with five each. */
  function fill(accounts: number, ipOf: (account: number) => string): number {
    const before = uploads.total;
    for (let account = 0; account < accounts; account++) {
      for (let number = 0; number < 5; number++) {
        try {
          uploads.begin(`account-${account} of ${ipOf(account)}`, ipOf(account));
        } catch (error) {
          expect(error).toMatchObject({ code: 'TOO_MANY_UPLOADS', status: 429 });
        }
      }
    }
    return uploads.total - before;
  }

  it('limits one IP address to 32, however many accounts it has, and accepts others', () => {
    expect(fill(13, () => '192.0.2.1')).toBe(32);
    expect(fill(1, () => '192.0.2.2')).toBe(5);
    expect(() => uploads.begin('one more', '192.0.2.1')).toThrow('from your IP address');
  });

  it('counts an IPv6 network as one IP address, because its addresses cost nothing', () => {
    expect(fill(13, (account) => `2001:db8::${account + 1}`)).toBe(32);
    expect(fill(1, () => '2001:db8:0:1::1')).toBe(5);
  });

  it('frees a slot when an upload ends', () => {
    fill(13, () => '192.0.2.1');
    const upload = uploads.begin('other', '192.0.2.2');
    uploads.end(upload);
    expect(uploads.total).toBe(32);
  });
});
