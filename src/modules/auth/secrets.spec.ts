import { hashSecret, newSecret, decryptWith, encryptWith } from './secrets.js';

describe('a secret', () => {
  it('has 256 bits and is stored as a hash', () => {
    const secret = newSecret();
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(hashSecret(secret)).toHaveLength(32);
    expect(newSecret()).not.toBe(secret);
  });

  it('decrypts what was encrypted with it, and no other secret does', () => {
    const [old, successor] = [newSecret(), newSecret()];
    const ciphertext = encryptWith(old, successor);
    expect(decryptWith(old, ciphertext)).toBe(successor);
    expect(() => decryptWith(newSecret(), ciphertext)).toThrow();
    expect(() => decryptWith(hashSecret(old).toString('base64url'), ciphertext)).toThrow();
    ciphertext[ciphertext.length - 1]! ^= 1;
    expect(() => decryptWith(old, ciphertext)).toThrow();
  });
});
