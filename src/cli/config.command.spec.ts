import { SETTINGS } from '../platform/config/settings.js';
import type { Setting } from '../platform/config/setting.js';
import { FOREIGN_SETTINGS } from './config.command.js';

it('lists none of its own settings as a foreign setting', () => {
  const settings: Setting<unknown>[] = Object.values(SETTINGS);
  const known = new Set(settings.flatMap(({ name, aliases = [] }) => [name, ...aliases]));
  expect(Object.keys(FOREIGN_SETTINGS).filter((name) => known.has(name))).toEqual([]);
});
