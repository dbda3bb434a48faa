import { requireStrongPassword } from './password-strength.js';

describe('a password', () => {
  const judge = (password: string) => () =>
    requireStrongPassword('password', password, ['ana.lima', 'ana@example.com']);

  it.each([
    'securepassword123',
    'correct horse battery',
    'пароль-для-ани',
    'k7#Qz!p9',
    'k7#Qz!p9'.repeat(16),
    '🐴🔋📎✅🦄🌵🎷🧊',
  ])('may be %s', (password) => {
    expect(judge(password)).not.toThrow();
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
  ])('may not be %s', (password) => {
    expect(judge(password)).toThrow();
  });
});
