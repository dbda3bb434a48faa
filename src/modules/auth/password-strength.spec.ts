import { performance } from 'node:perf_hooks';
import { ValidationError } from '../../platform/errors/app-error.js';
import { isGuessable } from './password-estimate.thread.js';
import { EstimateThreadSettings, PasswordStrength } from './password-strength.service.js';

/** The longest estimate: every part of it is a word of the dictionary, in any segmentation. */
const SLOWEST = 'p4$$w0rd'.repeat(6);

describe('the password check', () => {
  let strength: PasswordStrength;

  beforeAll(() => {
    strength = new PasswordStrength(new EstimateThreadSettings());
  });
  afterAll(() => strength.onModuleDestroy());

  const check = (password: string): Promise<void> =>
    strength.requireStrong('password', password, ['ana.lima', 'ana@example.com']);

  it.each([
    'securepassword123',
    'correct horse battery',
    'пароль-для-ани',
    'k7#Qz!p9',
    'k7#Qz!p9'.repeat(16),
    '🐴🔋📎✅🦄🌵🎷🧊',
  ])('accepts %s', async (password) => {
    await expect(check(password)).resolves.toBeUndefined();
  });

  it.each([
    'k7#Qz!p',
    'password',
    'Password1!',
    'qwertyuiop',
    '12345678910',
    'aaaaaaaaaaaa',
    'ana.lima',
    'ANA@example.com',
    'ana.lima1',
    'parley123',
    'k7#Qz!p9'.repeat(17),
  ])('rejects %s', async (password) => {
    await expect(check(password)).rejects.toBeInstanceOf(ValidationError);
  });

  it('leaves the event loop free while it estimates the strength', async () => {
    await check('k7#Qz!p9'); // the dictionary is loaded
    const inThread = await loopTimeOf(() => check(SLOWEST).catch(() => undefined));
    const onLoop = await loopTimeOf(() => Promise.resolve(isGuessable(SLOWEST, [])));
    expect(inThread).toBeLessThan(onLoop / 4);
  });
});

/** Returns the milliseconds in which the event loop was busy, not waiting, until the work is done. */
async function loopTimeOf(work: () => Promise<unknown>): Promise<number> {
  const before = performance.eventLoopUtilization();
  await work();
  await new Promise((resolve) => setImmediate(resolve));
  return performance.eventLoopUtilization(before).active;
}
