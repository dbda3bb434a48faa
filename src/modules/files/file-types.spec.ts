import { FILE_TYPES, type FileType, isAllowedType } from './file-types.js';

const typeOf = (extension: string): FileType => FILE_TYPES.find(({ extensions }) => extensions.includes(extension))!;

describe('isAllowedType', () => {
  it('allows all known types if none is named', () => {
    expect(FILE_TYPES.every((type) => isAllowedType(type, []))).toBe(true);
  });

  it.each([
    ['.jpg', 'jpeg', true],
    ['JPG', 'jpg', true],
    ['image/jpeg', 'jpg', true],
    ['.jpg', 'png', false],
    ['image/jpg', 'jpg', true],
    ['text/plain', 'txt', true],
    ['text/plain', 'csv', false],
    ['image', 'jpg', false],
    ['.exe', 'pdf', false],
  ])('matches the name %p with a file .%s: %p', (name, extension, expected) => {
    expect(isAllowedType(typeOf(extension), ['application/nothing', name])).toBe(expected);
  });
});
