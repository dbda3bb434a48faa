import { readFile } from 'node:fs/promises';
import { FileReader } from '../../src/modules/files/checks/file-reader.js';
import { InvalidFileType } from '../../src/modules/files/files.errors.js';
import type { Parser } from './parsers.js';

/** The first byte of one of the text samples. */
const MARK_OF_UTF_16 = 0xff;

/** Parsers with one fault each, and one without, as a control that faults are found. */
export const PARSERS: readonly Parser[] = [
  {
    name: 'sound',
    parse: async (path) => {
      for (const byte of await readFile(path)) if (byte === 7) throw InvalidFileType.broken();
    },
  },
  {
    name: 'endless',
    kinds: ['txt'],
    parse: async (path) => {
      const [first] = await readFile(path);
      while (first === MARK_OF_UTF_16);
    },
  },
  {
    name: 'quadratic',
    kinds: ['txt'],
    parse: async (path) => {
      const file = (await readFile(path)).subarray(0, 10_000);
      let pairs = 0;
      for (const one of file) for (const other of file) pairs += one === other ? 1 : 0;
      return pairs;
    },
  },
  {
    name: 'throwing',
    kinds: ['bmp'],
    parse: async (path) => (await readFile(path)).readUInt32LE(200),
  },
  {
    name: 'throwing-later',
    kinds: ['txt'],
    parse: async (path) => {
      const [first] = await readFile(path);
      await new Promise<void>((resolve) => {
        setImmediate(() => {
          if (first === MARK_OF_UTF_16) throw new RangeError('planted');
          resolve();
        });
      });
    },
  },
  {
    name: 'trusting',
    kinds: ['wav'],
    parse: async (path) => {
      const file = await readFile(path);
      if (file.length >= 4) Buffer.alloc(Math.min(file.readUInt32LE(0), 0x2000000));
    },
  },
  {
    name: 'rereading',
    kinds: ['wav'],
    parse: async (path) => {
      const bytes = await FileReader.open(path);
      try {
        for (let i = 0; i < 100; i++) await bytes.read(0, 20_000);
      } finally {
        await bytes.close();
      }
    },
  },
];
