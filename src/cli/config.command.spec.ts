import { SETTINGS } from '../platform/config/settings.js';
import type { Setting } from '../platform/config/setting.js';
import { FOREIGN_SETTINGS } from './config.command.js';

it('says of no setting that it does nothing', () => {
  const settings: Setting<unknown>[] = Object.values(SETTINGS);
  const heard = new Set(settings.flatMap(({ name, aliases = [] }) => [name, ...aliases]));
  expect(Object.keys(FOREIGN_SETTINGS).filter((name) => heard.has(name))).toEqual([]);
});
